/* regex -- a backtracking matcher (literals, ., *, +, ?, classes, anchors) over generated lines. */
#include "workload.h"

static int match_here(const char *re, const char *s);

/* Length of the element at re, without its repetition sign. */
static int element(const char *re)
{
    if (*re == '\\') return 2;
    if (*re != '[') return 1;
    int n = 1;
    while (re[n] != ']') n++;
    return n + 1;
}

static int match_one(const char *re, int c)
{
    if (c == 0) return 0;
    if (*re == '.') return 1;
    if (*re == '\\') return re[1] == c;
    if (*re != '[') return *re == c;
    int negate = re[1] == '^', found = 0;
    for (const char *p = re + 1 + negate; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            found |= p[0] <= c && c <= p[2];
            p += 2;
        } else {
            found |= *p == c;
        }
    }
    return found != negate;
}

static int match_repeat(const char *re, const char *rest, const char *s, int least, int most)
{
    int n = 0;
    while (n < most && match_one(re, (unsigned char)s[n])) n++;
    for (; n >= least; n--)
        if (match_here(rest, s + n)) return 1;
    return 0;
}

static int match_here(const char *re, const char *s)
{
    for (;;) {
        if (*re == 0) return 1;
        if (re[0] == '$' && re[1] == 0) return *s == 0;
        const char *next = re + element(re);
        if (*next == '*') return match_repeat(re, next + 1, s, 0, 1 << 20);
        if (*next == '+') return match_repeat(re, next + 1, s, 1, 1 << 20);
        if (*next == '?') return match_repeat(re, next + 1, s, 0, 1);
        if (!match_one(re, (unsigned char)*s)) return 0;
        re = next;
        s++;
    }
}

static int match(const char *re, const char *s)
{
    if (*re == '^') return match_here(re + 1, s);
    do {
        if (match_here(re, s)) return 1;
    } while (*s++);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const patterns[] = {"^[a-m]+x?y*z", "a.*b.*c$", "[0-9]+\\.[0-9][0-9]", "qu?[aeiou]+", "^.*ee.*$", "[^a-y]k+"};
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 31;
    char line[65];
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 64; i++) {
            uint32_t r = workload_random(&seed) >> 8;
            line[i] = "abcdefghijklmnopqrstuvwxyz0123456789.eaei"[r % 41];
        }
        line[64] = 0;
        for (unsigned k = 0; k < sizeof patterns / sizeof *patterns; k++) sum = workload_mix(sum, (uint32_t)match(patterns[k], line));
    }
    return workload_report("regex", sum);
}
