/* sha256.h -- SHA-256 (FIPS 180-4), for the run record: what exactly was run. */
#ifndef COVM_SHA256_H
#define COVM_SHA256_H

#include "hwsim/base/base.h"

enum { SHA256_TEXT_BYTES = 65 };

struct sha256 {
    uint32_t h[8];
    uint8_t block[64];
    uint64_t bytes;
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t count);
/* Writes 64 hexadecimal digits and a terminator. */
void sha256_end(struct sha256 *sha, char text[SHA256_TEXT_BYTES]);
/* Of bytes in memory. */
void sha256_of(const void *bytes, size_t count, char text[SHA256_TEXT_BYTES]);
/* Of a whole file; false (and an empty text) if it cannot be read. */
bool sha256_file(const char *path, char text[SHA256_TEXT_BYTES]);

#endif
