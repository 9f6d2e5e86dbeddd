/* mutations.c -- runs covm on truncated and bit-flipped ELF files: each run must end by itself, in an error, a guest
 * fault, a guest exit or at the instruction limit; never in a crash, an internal error or a hang.
 *
 *     mutations COVM ELF SEED COUNT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hwsim/base/prng.h"

enum { SECONDS_MAX = 20, BYTES_MAX = 1 << 22 };

/* Cuts the file short, or flips bits: in the headers, in the code behind the entry, or anywhere. */
static size_t mutate(struct prng *prng, uint8_t *bytes, size_t count)
{
    if (prng_below(prng, 8) == 0) return (size_t)prng_below(prng, count);
    uint32_t entry;
    memcpy(&entry, bytes + 24, 4);
    size_t code = (entry & 0xfffff) % count, area = prng_below(prng, 3);
    for (uint64_t flips = 1 + prng_below(prng, 4); flips--;) {
        size_t at = area == 0 ? prng_below(prng, 52 + 32 * 8) : area == 1 ? code + prng_below(prng, 64) : prng_below(prng, count);
        bytes[at % count] ^= (uint8_t)(1u << prng_below(prng, 8));
    }
    return count;
}

/* The exit status of covm on the file; 1000 + n for signal n, 2000 for a hang. */
static int run(const char *covm, const char *file)
{
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 0);
        dup2(nothing, 1);
        dup2(nothing, 2);
        alarm(SECONDS_MAX); /* survives exec: SIGALRM ends a hanging run */
        execl(covm, covm, "run", "-q", "--max-insns", "300000", "--", file, (char *)NULL);
        _exit(127);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) return 3000;
    if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
    return WTERMSIG(status) == SIGALRM ? 2000 : 1000 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    static uint8_t original[BYTES_MAX], bytes[BYTES_MAX];
    FILE *from = argc == 5 ? fopen(argv[2], "rb") : NULL;
    if (!from) {
        fprintf(stderr, "usage: mutations COVM ELF SEED COUNT\n");
        return 2;
    }
    size_t size = fread(original, 1, sizeof original, from);
    fclose(from);
    char folder[] = "/tmp/covm-mutations-XXXXXX", file[64], kept[64];
    if (!mkdtemp(folder)) return 2;
    snprintf(file, sizeof file, "%s/elf", folder);
    unsigned count = (unsigned)atoi(argv[4]), bad = 0, ends[256] = {0};
    for (unsigned i = 0; i < count; i++) {
        struct prng prng;
        prng_seed(&prng, strtoull(argv[3], NULL, 10) * 1000003 + i);
        memcpy(bytes, original, size);
        size_t length = mutate(&prng, bytes, size);
        FILE *to = fopen(file, "wb");
        if (!to || fwrite(bytes, 1, length, to) != length || fclose(to)) return 2;
        int status = run(argv[1], file);
        if (status < 256) ends[status]++;
        if (status < 256 && status != 6 && status != 127) continue;
        bad++;
        snprintf(kept, sizeof kept, "%s/bad-%u", folder, i);
        rename(file, kept);
        printf("mutation %u: %s %d, kept as %s\n", i, status == 2000 ? "hang" : status >= 1000 ? "signal" : "exit", status % 1000, kept);
    }
    for (unsigned i = 0; i < 256; i++)
        if (ends[i]) printf("exit %u: %u\n", i, ends[i]);
    printf("%u mutations, %u bad\n", count, bad);
    unlink(file);
    rmdir(folder);
    return bad != 0;
}
