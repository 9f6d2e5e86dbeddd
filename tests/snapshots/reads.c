/* reads.c -- copies standard input to standard output, line by line, with some work and some state between: a file
 * without a name, a link, rights, directories, and a mapping of a file that is gone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned work(unsigned seed)
{
    for (unsigned i = 0; i < 2000; i++) seed = seed * 1664525 + 1013904223;
    return seed;
}

static void must(int fine, const char *what)
{
    if (fine) return;
    perror(what);
    exit(1);
}

int main(void)
{
    char line[256];
    struct stat a, b;
    unsigned seed = 1, count = 0;
    must(mkdir("/tmp/d", 0700) == 0 && chdir("/tmp/d") == 0, "mkdir");
    int gone = open("gone", O_RDWR | O_CREAT, 0600), kept = open("kept", O_RDWR | O_CREAT | O_APPEND, 0640);
    must(gone >= 0 && kept >= 0 && ftruncate(gone, 4096) == 0, "open");
    char *shown = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
    must(shown != MAP_FAILED && unlink("gone") == 0 && link("kept", "/tmp/again") == 0, "link");
    must(symlink("kept", "soft") == 0 && mkfifo("fifo", 0600) == 0 && chmod("/tmp/d", 0500) == 0, "symlink");
    int memory = memfd_create("memory", 0);
    must(memory >= 0 && fstat(kept, &a) == 0, "memfd_create");
    while (fgets(line, sizeof line, stdin)) {
        seed = work(seed);
        shown[count++ % 4096] ^= (char)seed;
        must(write(kept, line, strlen(line)) > 0 && pwrite(memory, &seed, 4, (off_t)(count * 4)) == 4, "write");
        printf("%u %08x %s", count, seed, line);
        fflush(stdout);
    }
    must(stat("/tmp/again", &b) == 0, "stat");
    unsigned sum = 0, got;
    for (unsigned i = 0; i < 4096; i++) sum = sum * 31 + (unsigned char)shown[i];
    for (unsigned i = 0; i <= count; i++) must(pread(memory, &got, 4, (off_t)(i * 4)) == 4 && (sum += got, 1), "pread");
    printf("sum %08x, %s inode, %lld bytes, links %u, mode %o, soft %s\n", sum, a.st_ino == b.st_ino ? "same" : "other",
           (long long)b.st_size, (unsigned)b.st_nlink, (unsigned)b.st_mode,
           stat("soft", &b) == 0 && S_ISREG(b.st_mode) ? "fine" : "bad");
    must(lstat("fifo", &b) == 0 && S_ISFIFO(b.st_mode) && stat("/tmp/d", &b) == 0, "stat");
    printf("directory %o, inode %u\n", (unsigned)b.st_mode, (unsigned)b.st_ino);
    return 7;
}
