#include "lab/formula.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 16 };

struct parser {
    const char *at;
    formula_lookup *lookup;
    void *cookie;
    const char *error;
    unsigned nesting;
};

static struct formula_value sum(struct parser *p);

static char peek(struct parser *p)
{
    while (*p->at == ' ') p->at++;
    return *p->at;
}

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.'; }

static struct formula_value operand(struct parser *p)
{
    struct formula_value value = {0};
    char c = peek(p);
    if (c == '(') {
        p->at++;
        if (++p->nesting > NESTING_MAX) {
            p->error = "nested too deeply";
            return value;
        }
        value = sum(p);
        p->nesting--;
        if (peek(p) == ')') {
            p->at++;
        } else if (!p->error) {
            p->error = "')' expected";
        }
    } else if (isdigit((unsigned char)c)) {
        char *end;
        value.value = strtod(p->at, &end);
        p->at = end;
    } else if (isalpha((unsigned char)c)) {
        size_t length = 0;
        while (is_name(p->at[length])) length++;
        if (!p->lookup(p->cookie, p->at, length, &value) && !p->error) p->error = "unknown name";
        p->at += length;
    } else if (!p->error) {
        p->error = "number, name or '(' expected";
    }
    return value;
}

static struct formula_value product(struct parser *p)
{
    struct formula_value left = operand(p);
    for (char c; !p->error && ((c = peek(p)) == '*' || c == '/');) {
        p->at++;
        struct formula_value right = operand(p);
        left.null |= right.null || (c == '/' && right.value == 0);
        if (left.null) continue;
        left.value = c == '*' ? left.value * right.value : left.value / right.value;
    }
    return left;
}

static struct formula_value sum(struct parser *p)
{
    struct formula_value left = product(p);
    for (char c; !p->error && ((c = peek(p)) == '+' || c == '-');) {
        p->at++;
        struct formula_value right = product(p);
        left.null |= right.null;
        left.value = c == '+' ? left.value + right.value : left.value - right.value;
    }
    return left;
}

const char *formula_evaluate(const char *formula, formula_lookup *lookup, void *cookie, struct formula_value *value)
{
    struct parser p = {.at = formula, .lookup = lookup, .cookie = cookie};
    *value = sum(&p);
    if (!p.error && peek(&p)) p.error = "operator expected";
    return p.error;
}
