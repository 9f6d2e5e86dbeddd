/* freestanding.c -- the four functions that a compiler may call behind our back, for builds without a C library.
 *
 * gcc would recognise these loops as the very functions that they define and make each call itself; hence the pragma.
 * (clang leaves them alone under -ffreestanding.)
 */
#include "hwsim/base/base.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef uint64_t __attribute__((may_alias)) word;
enum { WORD = sizeof(word) };

static bool words_apply(const void *a, const void *b) { return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0; }

static void copy_forward(char *to, const char *from, size_t bytes)
{
    if (words_apply(to, from))
        for (; bytes >= WORD; bytes -= WORD, to += WORD, from += WORD)
            *(word *)(void *)to = *(const word *)(const void *)from;
    while (bytes--) *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_forward(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    char *t = to;
    const char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= bytes)
        copy_forward(t, f, bytes);
    else
        while (bytes--) t[bytes] = f[bytes];
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    char *t = to;
    if (words_apply(t, t)) {
        word pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);
        for (; bytes >= WORD; bytes -= WORD, t += WORD) *(word *)(void *)t = pattern;
    }
    while (bytes--) *t++ = (char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (; bytes; bytes--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}
