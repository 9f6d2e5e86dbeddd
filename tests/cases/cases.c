/* cases.c -- runs the cases of *.txt (README.md) on the processor it finds itself on: the host's own, or covm.
 *
 *     cases         each case RUNS times, so that every gear sees it; what differs is printed, exit code 1
 *     cases show    the cases again, with the state that they leave here
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/differential/enter.h"

enum { RUNS = 8, REGS = 8 };
/* The buffer: two pages, a read-only one, then nothing. Cases count from its middle. What is compared is what lies
 * around the middle and before the read-only page; it is 0xee unless the case says otherwise. */
enum { BUFFER = 0x30000000, MIDDLE = BUFFER + 0x1000, FILL = 0xee };
static const struct window {
    int32_t from, bytes;
} windows[] = {{-0x80, 0x200}, {0xfc0, 0x40}};
enum { WINDOWS = 2, IMAGE = 0x240 };

static const char *const reg_names[REGS] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const struct {
    const char *name;
    uint32_t bit;
} flag_names[] = {{"CF", 1}, {"PF", 4}, {"AF", 0x10}, {"ZF", 0x40}, {"SF", 0x80}, {"DF", 0x400}, {"OF", 0x800}};
enum { FLAGS = 7, ALL_FLAGS = 0xcd5 };

struct listed {
    const uint8_t *code;
    const char *where, *line;
};
extern const struct listed __start_cases_table[], __stop_cases_table[];

/* x87, MMX and SSE as FXSAVE lays them out. */
struct fx_image {
    uint16_t fcw, fsw, ftw, fop;
    uint32_t fip, fcs, fdp, fds, mxcsr, mxcsr_mask;
    uint8_t st[8][16], xmm[8][16], rest[224];
} __attribute__((aligned(16)));
struct situation {
    struct enter_state state;
    struct fx_image floats;
    uint32_t unknown; /* flags that are not compared */
    struct enter_fault fault;
    uint8_t image[IMAGE];
};

_Noreturn static void wrong(const struct listed *c, const char *what, const char *word)
{
    printf("%s: %s: '%s'\n", c->where, what, word);
    exit(2);
}

/* @HEX: an address, from the middle of the buffer; +N: one in the case's code; else a number as C writes it. */
static uint32_t number(const struct listed *c, const char *word)
{
    char *end;
    uint32_t value = *word == '@' ? MIDDLE + (uint32_t)strtol(word + 1, &end, 16)
                   : *word == '+' ? (uint32_t)(uintptr_t)c->code + (uint32_t)strtoul(word + 1, &end, 0)
                                  : (uint32_t)strtoul(word, &end, 0);
    if (*end || end == word) wrong(c, "not a number", word);
    return value;
}

static void read_flags(const struct listed *c, struct situation *s, char *words)
{
    s->state.flags &= ~(uint32_t)ALL_FLAGS;
    s->unknown = 0;
    for (char *word = words, *next; *word; word = next) {
        next = word + strcspn(word, ",");
        if (*next) *next++ = 0;
        int i = 0;
        while (i < FLAGS && strcmp(flag_names[i].name, word + (*word == '?'))) i++;
        if (i == FLAGS) wrong(c, "not a flag", word);
        *(*word == '?' ? &s->unknown : &s->state.flags) |= flag_names[i].bit;
    }
}

static uint8_t *image_at(const struct listed *c, struct situation *s, const char *word, int32_t at)
{
    uint8_t *image = s->image;
    for (int i = 0; i < WINDOWS; image += windows[i++].bytes)
        if (at >= windows[i].from && at < windows[i].from + windows[i].bytes) return image + (at - windows[i].from);
    wrong(c, "outside of what is compared", word);
}

/* [HEX]=bytes as they lie in memory, or a number, which takes four */
static void read_memory(const struct listed *c, struct situation *s, const char *word)
{
    char *value;
    int32_t at = (int32_t)strtol(word + 1, &value, 16);
    if (value[0] != ']' || value[1] != '=') wrong(c, "not understood", word);
    value += 2;
    if (*value == '@' || *value == '+') {
        uint32_t four = number(c, value);
        for (int i = 0; i < 4; i++) *image_at(c, s, word, at + i) = (uint8_t)(four >> 8 * i);
        return;
    }
    for (; *value; value += 2, at++) {
        char pair[3] = {value[0], value[1], 0}, *end;
        *image_at(c, s, word, at) = (uint8_t)strtoul(pair, &end, 16);
        if (*end || end != pair + 2) wrong(c, "not bytes", word);
    }
}

/* Two hexadecimal digits a byte, the highest first. */
static void read_digits(const struct listed *c, uint8_t *to, int bytes, const char *value)
{
    if ((int)strlen(value) != 2 * bytes) wrong(c, "too many or too few digits", value);
    for (int i = 0; i < bytes; i++, value += 2) {
        char pair[3] = {value[0], value[1], 0}, *end;
        to[bytes - 1 - i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end || end != pair + 2) wrong(c, "not hexadecimal", value);
    }
}

/* xmmN, mmN, stN, mxcsr, fcw, fsw, ftw: is it one of these? MMX registers are named where TOP is 0. */
static bool read_floats(const struct listed *c, struct situation *s, const char *word, const char *value)
{
    struct fx_image *f = &s->floats;
    unsigned n = *word ? (unsigned)(word[strlen(word) - 1] - '0') & 7 : 0, top = f->fsw >> 11 & 7;
    if (!strcmp(word, "mxcsr")) f->mxcsr = number(c, value);
    else if (!strcmp(word, "fcw")) f->fcw = (uint16_t)number(c, value);
    else if (!strcmp(word, "fsw")) f->fsw = (uint16_t)number(c, value);
    else if (!strcmp(word, "ftw")) f->ftw = (uint16_t)number(c, value);
    else if (!strncmp(word, "xmm", 3)) read_digits(c, f->xmm[n], 16, value);
    else if (!strncmp(word, "mm", 2)) read_digits(c, f->st[n], 8, value), f->st[n][8] = f->st[n][9] = 0xff;
    else if (!strncmp(word, "st", 2)) read_digits(c, f->st[n], 10, value);
    else return false;
    if (word[0] == 's' || (word[0] == 'm' && word[1] == 'm')) f->ftw |= (uint16_t)(1u << ((top + n) & 7));
    return true;
}

static void read_word(const struct listed *c, struct situation *s, char *word)
{
    char *value = strchr(word, '=');
    if (*word == '[') {
        read_memory(c, s, word);
        return;
    }
    if (!value) wrong(c, "not understood", word);
    *value++ = 0;
    if (!strcmp(word, "flags")) {
        read_flags(c, s, value);
        return;
    }
    if (read_floats(c, s, word, value)) return;
    for (int i = 0; i < REGS; i++) {
        if (strcmp(word, reg_names[i])) continue;
        s->state.reg[i] = number(c, value);
        return;
    }
    if (!strcmp(word, "fault")) {
        s->fault = (struct enter_fault){.trap = number(c, value), .eip = number(c, "+0")};
    } else if (!strcmp(word, "error")) {
        s->fault.error = number(c, value);
    } else if (!strcmp(word, "cr2")) {
        s->fault.address = number(c, value);
    } else if (!strcmp(word, "eip")) {
        s->fault.eip = number(c, value);
    } else {
        wrong(c, "not understood", word);
    }
}

static void read_words(const struct listed *c, struct situation *s, const char *from, const char *to)
{
    char words[512];
    if (to - from >= (int)sizeof words) wrong(c, "too long", from);
    memcpy(words, from, (size_t)(to - from));
    words[to - from] = 0;
    for (char *word = words, *next; *(word += strspn(word, " \t")); word = next) {
        next = word + strcspn(word, " \t");
        if (*next) *next++ = 0;
        read_word(c, s, word);
    }
}

/* What a case starts from, and what it should leave: all that it does not name stays. */
static void read_case(const struct listed *c, struct situation *before, struct situation *after)
{
    static const uint32_t usual[REGS] = {0xa0a1a2a3,     0xc0c1c2c3, 0xd0d1d2d3, 0xb0b1b2b3,
                                         MIDDLE + 0x100, 0x50515253, 0x60616263, 0x70717273};
    const char *from = strchr(c->line, ';') + 1, *arrow = strstr(from, "=>"), *end = from + strlen(from);
    memset(before, 0, sizeof *before);
    memset(before->image, FILL, IMAGE);
    memcpy(before->state.reg, usual, sizeof usual);
    before->state.flags = 0x202;
    before->fault.trap = ~0u;
    before->floats.fcw = 0x37f;
    before->floats.mxcsr = 0x1f80;
    for (int i = 0; i < REGS; i++) memset(before->floats.xmm[i], 0x11 * i, 16);
    read_words(c, before, from, arrow ? arrow : end);
    *after = *before;
    if (arrow) read_words(c, after, arrow + 2, end);
}

static void run(const struct listed *c, const struct situation *before, struct situation *got)
{
    *got = *before;
    const uint8_t *from = before->image;
    for (int i = 0; i < WINDOWS; from += windows[i++].bytes)
        memcpy((uint8_t *)MIDDLE + windows[i].from, from, (size_t)windows[i].bytes);
    got->state.floats = ENTER_SSE;
    memcpy(got->state.fxsave, &got->floats, sizeof got->floats);
    enter(&got->state, c->code, &got->fault);
    memcpy(&got->floats, got->state.fxsave, sizeof got->floats);
    uint8_t *to = got->image;
    for (int i = 0; i < WINDOWS; to += windows[i++].bytes)
        memcpy(to, (uint8_t *)MIDDLE + windows[i].from, (size_t)windows[i].bytes);
}

static void print_number(const struct listed *c, uint32_t value)
{
    uint32_t code = value - (uint32_t)(uintptr_t)c->code;
    int32_t place = (int32_t)(value - MIDDLE);
    if (code < 64) printf("+%u", code);
    else if (place >= -0x1000 && place < 0x3000) printf(place < 0 ? "@-%x" : "@%x", place < 0 ? -place : place);
    else printf("0x%08x", value);
}

static void print_flags(uint32_t flags, uint32_t unknown)
{
    const char *comma = "";
    printf(" flags=");
    for (int i = 0; i < FLAGS; i++) {
        if (!((flags | unknown) & flag_names[i].bit)) continue;
        printf("%s%s%s", comma, unknown & flag_names[i].bit ? "?" : "", flag_names[i].name);
        comma = ",";
    }
}

/* Four bytes that are an address in the case's code are shown as such: where the code lies is the linker's business. */
static bool print_code_address(const struct listed *c, const struct situation *got, int k, int bytes)
{
    uint32_t word = 0;
    for (int i = 0; i < 4 && i < bytes; i++) word |= (uint32_t)got->image[k + i] << 8 * i;
    if (word - (uint32_t)(uintptr_t)c->code >= 64) return false;
    print_number(c, word);
    return true;
}

static void print_image(const struct listed *c, const struct situation *got, const struct situation *expected)
{
    for (int i = 0, k = 0; i < WINDOWS; k += windows[i++].bytes) {
        for (int n = 0, end = -1; n < windows[i].bytes; n++) {
            const uint8_t *byte = &got->image[k + n];
            int at = windows[i].from + n;
            if (*byte == expected->image[k + n]) continue;
            if (n != end) printf(at < 0 ? " [-%x]=" : " [%x]=", at < 0 ? -at : at);
            if (n != end && print_code_address(c, got, k + n, windows[i].bytes - n)) {
                n += 3;
                continue;
            }
            printf("%02x", *byte);
            end = n + 1;
        }
    }
}

static void print_fault(const struct listed *c, const struct enter_fault *fault)
{
    if (fault->trap == ~0u) {
        printf(" no fault");
        return;
    }
    printf(" fault=%u", fault->trap);
    if (fault->error) printf(" error=%u", fault->error);
    if (fault->trap == 14) printf(" cr2="), print_number(c, fault->address);
    if (fault->eip != (uint32_t)(uintptr_t)c->code) printf(" eip="), print_number(c, fault->eip);
}

static void print_digits(const char *name, int n, const uint8_t *from, int bytes)
{
    printf(" %s%d=", name, n);
    while (bytes--) printf("%02x", from[bytes]);
}

static bool print_control(const char *name, uint32_t got, uint32_t expected, bool print)
{
    if (got == expected) return false;
    if (print) printf(" %s=0x%x", name, got);
    return true;
}

/* Empty x87 registers are not compared. */
static bool print_floats(const struct fx_image *got, const struct fx_image *expected, bool print)
{
    bool differ = print_control("mxcsr", got->mxcsr, expected->mxcsr, print);
    differ |= print_control("fcw", got->fcw, expected->fcw, print);
    differ |= print_control("fsw", got->fsw, expected->fsw, print);
    differ |= print_control("ftw", got->ftw & 0xff, expected->ftw & 0xff, print);
    for (int i = 0; i < REGS; i++) {
        bool valid = got->ftw >> ((i + (got->fsw >> 11)) & 7) & 1, mmx = got->st[i][8] == 0xff && got->st[i][9] == 0xff;
        if (memcmp(got->xmm[i], expected->xmm[i], 16)) {
            differ = true;
            if (print) print_digits("xmm", i, got->xmm[i], 16);
        }
        if (valid && memcmp(got->st[i], expected->st[i], 10)) {
            differ = true;
            if (print) print_digits(mmx ? "mm" : "st", i, got->st[i], mmx ? 8 : 10);
        }
    }
    return differ;
}

/* What is in `got` but not in `expected`; true if anything is. */
static bool print_difference(const struct listed *c, const struct situation *got, const struct situation *expected,
                             bool print)
{
    const struct enter_fault *f = &got->fault;
    bool fault = memcmp(f, &expected->fault, sizeof *f), image = memcmp(got->image, expected->image, IMAGE);
    bool regs = false;
    bool flags = (got->state.flags ^ expected->state.flags) & ALL_FLAGS & ~expected->unknown;
    if (print && fault) print_fault(c, f);
    for (int i = 0; i < REGS; i++) {
        if (got->state.reg[i] == expected->state.reg[i]) continue;
        regs = true;
        if (print) printf(" %s=", reg_names[i]), print_number(c, got->state.reg[i]);
    }
    bool floats = print_floats(&got->floats, &expected->floats, print);
    if (print && image) print_image(c, got, expected);
    if (print && (flags || expected->unknown))
        print_flags(got->state.flags & ALL_FLAGS & ~expected->unknown, expected->unknown);
    return fault || regs || image || flags || floats;
}

static bool check(const struct listed *c, const struct situation *before, const struct situation *after)
{
    struct situation got;
    for (int i = 1; i <= RUNS; i++) {
        run(c, before, &got);
        if (!print_difference(c, &got, after, false)) continue;
        printf("%s: %s\n    run %d instead:", c->where, c->line, i);
        print_difference(c, &got, after, true);
        printf("\n");
        return false;
    }
    return true;
}

static void show(const struct listed *c, struct situation *before, const struct situation *after)
{
    struct situation got;
    const char *arrow = strstr(c->line, "=>");
    run(c, before, &got);
    before->unknown = after->unknown;
    int length = arrow ? (int)(arrow - c->line) : (int)strlen(c->line);
    while (length && c->line[length - 1] == ' ') length--;
    printf("%.*s =>", length, c->line);
    print_difference(c, &got, before, true);
    printf("\n");
}

static void map(uint32_t at, uint32_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap((void *)(uintptr_t)at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED) return;
    perror("cases: mmap");
    exit(2);
}

int main(int argc, char **argv)
{
    unsigned failed = 0, count = 0;
    static struct situation before, after;
    map(BUFFER, 0x3000);
    memset((void *)BUFFER, FILL, 0x3000);
    mprotect((void *)(BUFFER + 0x2000), 0x1000, PROT_READ);
    enter_catch_faults();
    for (const struct listed *c = __start_cases_table; c < __stop_cases_table; c++, count++) {
        read_case(c, &before, &after);
        if (argc > 1 && !strcmp(argv[1], "show")) show(c, &before, &after);
        else failed += !check(c, &before, &after);
    }
    if (argc == 1) printf("%u cases, %u failed\n", count, failed);
    return failed > 0;
}
