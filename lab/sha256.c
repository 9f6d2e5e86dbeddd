#include "lab/sha256.h"

#include <stdio.h>
#include <string.h>

#include "lab/text.h"

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

/* A round leaves a..h one place further on: where the next finds them is said by its arguments, nothing is moved. */
static inline void step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g,
                        uint32_t *h, uint32_t word)
{
    *h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + word;
    *d += *h;
    *h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

static void compress(uint32_t hash[8], const uint8_t block[64])
{
    uint32_t w[64], s[8];
    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *b = block + i * 4;
        w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, hash, sizeof s);
    for (unsigned i = 0; i < 64; i += 8) {
        step(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], k[i] + w[i]);
        step(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6], k[i + 1] + w[i + 1]);
        step(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5], k[i + 2] + w[i + 2]);
        step(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4], k[i + 3] + w[i + 3]);
        step(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3], k[i + 4] + w[i + 4]);
        step(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2], k[i + 5] + w[i + 5]);
        step(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1], k[i + 6] + w[i + 6]);
        step(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0], k[i + 7] + w[i + 7]);
    }
    for (unsigned i = 0; i < 8; i++) hash[i] += s[i];
}

void sha256_begin(struct sha256 *sha)
{
    *sha = (struct sha256){
        {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}, {0}, 0};
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    while (count) {
        size_t held = sha->bytes % sizeof sha->block, part = sizeof sha->block - held;
        if (part > count) part = count;
        if (part < sizeof sha->block) memcpy(sha->block + held, from, part);
        if (held + part == sizeof sha->block) compress(sha->h, part == sizeof sha->block ? from : sha->block);
        sha->bytes += part;
        from += part;
        count -= part;
    }
}

void sha256_end(struct sha256 *sha, char text[SHA256_TEXT_BYTES])
{
    uint64_t bits = sha->bytes * 8;
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - i * 8));
    sha256_add(sha, "\x80", 1);
    while (sha->bytes % 64 != 56) sha256_add(sha, "", 1);
    sha256_add(sha, length, 8);
    for (unsigned i = 0; i < 8; i++) snprintf(text + i * 8, 9, "%08x", (unsigned)sha->h[i]);
}

void sha256_of(const void *bytes, size_t count, char text[SHA256_TEXT_BYTES])
{
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add(&sha, bytes, count);
    sha256_end(&sha, text);
}

bool sha256_file(const char *path, char text[SHA256_TEXT_BYTES])
{
    text[0] = 0;
    int descriptor = lab_open_file(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    if (!file) return false;
    struct sha256 sha;
    sha256_begin(&sha);
    char block[65536];
    size_t got;
    while ((got = fread(block, 1, sizeof block, file))) sha256_add(&sha, block, got);
    bool fine = !ferror(file);
    fclose(file);
    if (fine) sha256_end(&sha, text);
    return fine;
}
