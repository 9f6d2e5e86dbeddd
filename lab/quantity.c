#include "lab/quantity.h"

#include <inttypes.h>
#include <string.h>

#include "lab/suggest.h"

struct suffix {
    const char *name;
    int64_t factor;
};

/* Largest first, so that printing finds the shortest form; the unit itself is last. */
static const struct suffix size_suffixes[] = {
    {"GiB", INT64_C(1) << 30}, {"MiB", INT64_C(1) << 20}, {"KiB", INT64_C(1) << 10}, {"B", 1}, {NULL, 0}};
static const struct suffix freq_suffixes[] = {
    {"GHz", 1000000000}, {"MHz", 1000000}, {"kHz", 1000}, {"Hz", 1}, {NULL, 0}};
static const struct suffix time_suffixes[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}, {NULL, 0}};

static const struct suffix *suffixes_of(enum param_type type)
{
    switch (type) {
    case PARAM_SIZE: return size_suffixes;
    case PARAM_FREQ: return freq_suffixes;
    case PARAM_TIME: return time_suffixes;
    default: return NULL;
    }
}

const char *quantity_type_name(enum param_type type)
{
    static const char *const names[] = {"integer", "size", "frequency", "time", "boolean", "word", "text"};
    return names[type];
}

static bool parse_factor(const struct param_desc *desc, const char *suffix, int64_t *factor, struct text *error)
{
    *factor = 1;
    if (!*suffix) return true;
    const struct suffix *known = suffixes_of(desc->type);
    for (const struct suffix *s = known; s && s->name; s++) {
        if (!strcmp(s->name, suffix)) {
            *factor = s->factor;
            return true;
        }
    }
    if (!known) {
        text_printf(error, "'%s' is not an integer", suffix);
        return false;
    }
    text_printf(error, "unknown suffix '%s'; use", suffix);
    for (const struct suffix *s = known; s->name; s++) text_printf(error, "%s %s", s == known ? "" : ",", s->name);
    return false;
}

/* digits [. digits] [suffix], the whole an integer in the base unit; 0x allowed where there is no fraction. */
static bool parse_number(const struct param_desc *desc, const char *written, int64_t *value, struct text *error)
{
    const char *at = written;
    bool negative = *at == '-', hex = false, any = false;
    if (*at == '-' || *at == '+') at++;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        hex = true;
        at += 2;
    }
    unsigned base = hex ? 16 : 10;
    unsigned __int128 whole = 0, fraction = 0, scale = 1;
    for (;; at++) {
        unsigned digit = *at >= '0' && *at <= '9'                        ? (unsigned)(*at - '0')
                         : hex && (*at | 32) >= 'a' && (*at | 32) <= 'f' ? (unsigned)((*at | 32) - 'a' + 10)
                                                                         : 99;
        if (digit >= base) break;
        any = true;
        whole = whole * base + digit;
        if (whole > INT64_MAX) {
            text_printf(error, "'%s' is too large", written);
            return false;
        }
    }
    if (any && !hex && *at == '.' && desc->type != PARAM_INT) {
        for (at++; *at >= '0' && *at <= '9' && scale < 1000000000000; at++) {
            fraction = fraction * 10 + (unsigned)(*at - '0');
            scale *= 10;
        }
    }
    if (!any) {
        text_printf(error, "'%s' is not %s %s", written, desc->type == PARAM_INT ? "an" : "a",
                    quantity_type_name(desc->type));
        return false;
    }
    if (desc->type == PARAM_INT && *at) {
        text_printf(error, "'%s' is not an integer", written);
        return false;
    }
    int64_t factor;
    if (!parse_factor(desc, at, &factor, error)) return false;
    unsigned __int128 total = whole * (unsigned __int128)factor;
    if (fraction * (unsigned __int128)factor % scale) {
        text_printf(error, "'%s' is not a whole number of %s", written, desc->unit);
        return false;
    }
    total += fraction * (unsigned __int128)factor / scale;
    if (total > INT64_MAX) {
        text_printf(error, "'%s' is too large", written);
        return false;
    }
    *value = negative ? -(int64_t)total : (int64_t)total;
    return true;
}

static bool parse_word(const struct param_desc *desc, const char *written, int64_t *value, struct text *error)
{
    struct suggest suggest = {0};
    suggest_begin(&suggest, written);
    int64_t index = 0;
    for (const char *word = desc->choices; *word; index++) {
        size_t length = strcspn(word, "|");
        if (strlen(written) == length && !memcmp(word, written, length)) {
            *value = index;
            return true;
        }
        suggest_offer(&suggest, word, length, 0);
        word += length + (word[length] == '|');
    }
    text_printf(error, "'%s' is not one of %s", written, desc->choices);
    suggest_print(&suggest, error);
    return false;
}

bool quantity_parse(const struct param_desc *desc, const char *written, int64_t *value, struct text *error)
{
    switch (desc->type) {
    case PARAM_BOOL:
        if (strcmp(written, "true") && strcmp(written, "false")) {
            text_printf(error, "'%s' is not true or false", written);
            return false;
        }
        *value = written[0] == 't';
        return true;
    case PARAM_ENUM: return parse_word(desc, written, value, error);
    default: break;
    }
    if (!parse_number(desc, written, value, error)) return false;
    if (*value < desc->low || *value > desc->high) {
        text_printf(error, "%s is out of range (", written);
        quantity_print_range(desc, error);
        text_printf(error, ")");
        return false;
    }
    return true;
}

void quantity_print(const struct param_desc *desc, int64_t value, struct text *text)
{
    if (desc->type == PARAM_BOOL) {
        text_printf(text, "%s", value ? "true" : "false");
    } else if (desc->type == PARAM_ENUM) {
        const char *word = desc->choices;
        for (; value > 0; value--) word += strcspn(word, "|") + 1;
        text_add(text, word, strcspn(word, "|"));
    } else {
        const struct suffix *s = suffixes_of(desc->type);
        while (s && s->factor > 1 && (value == 0 || value % s->factor)) s++;
        text_printf(text, "%" PRId64 "%s", s ? value / s->factor : value, s ? s->name : "");
    }
}

void quantity_print_range(const struct param_desc *desc, struct text *text)
{
    switch (desc->type) {
    case PARAM_BOOL: text_printf(text, "true or false"); break;
    case PARAM_ENUM: text_printf(text, "%s", desc->choices); break;
    case PARAM_TEXT: text_printf(text, "at most %d characters", PARAM_TEXT_BYTES - 1); break;
    default:
        quantity_print(desc, desc->low, text);
        text_printf(text, " to ");
        quantity_print(desc, desc->high, text);
    }
}
