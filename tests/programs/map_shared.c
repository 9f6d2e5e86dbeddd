/* Two mappings of one file see each other's bytes, as data and as code; so do read and write, truncation and private
 * copies, in the order that Linux has them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void *map(int prot, int flags, int fd, off_t at)
{
    void *got = mmap(NULL, PAGE, prot, flags, fd, at);
    if (got == MAP_FAILED) perror("mmap");
    return got;
}

/* movl $value, %eax; ret */
static void write_code(uint8_t *to, uint32_t value)
{
    to[0] = 0xb8;
    memcpy(to + 1, &value, 4);
    to[5] = 0xc3;
}

static void code(int fd)
{
    uint8_t *data = map(PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *text = map(PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    uint32_t sum = 0;
    for (unsigned i = 0; i < 300; i++) {
        uint32_t value = i / 50 * 1000;
        if (i % 50 == 0) write_code(data + 64, value);
        sum += ((uint32_t(*)(void))(uintptr_t)(text + 64))() + i;
    }
    printf("code: %u, %s\n", sum, memcmp(data, text, PAGE) ? "different" : "the same");
    munmap(data, PAGE);
    munmap(text, PAGE);
}

static void calls(int fd)
{
    char out[16] = "";
    char *one = map(PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE), *two = map(PROT_READ, MAP_SHARED, fd, PAGE);
    char *own = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    strcpy(own, "private");
    strcpy(one, "mapped");
    pread(fd, out, 7, PAGE);
    printf("read %s, mapped %s, own %s\n", out, two, own);
    pwrite(fd, "WRITTEN", 8, PAGE);
    printf("one %s, two %s, own %s\n", one, two, own);
    strcpy(one + PAGE - 8, "behind");
    ftruncate(fd, PAGE + 100);
    ftruncate(fd, 3 * PAGE);
    printf("cut: %s, '%s'\n", one, one + PAGE - 8);
    int again = open("file", O_RDONLY);
    strcpy(one, "before msync");
    printf("msync %d\n", msync(one, PAGE, MS_SYNC));
    memset(out, 0, sizeof out);
    pread(again, out, 12, PAGE);
    printf("other descriptor: %s\n", out);
    close(again);
    munmap(one, PAGE);
    munmap(two, PAGE);
    pread(fd, out, 12, PAGE);
    printf("unmapped: %s\n", out);
}

static void rights(void)
{
    int fd = open("file", O_RDONLY);
    char *shared = map(PROT_READ, MAP_SHARED, fd, 0), *own = map(PROT_READ, MAP_PRIVATE, fd, 0);
    printf("writable: %d %d %d\n", mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
           mprotect(shared, PAGE, PROT_READ | PROT_WRITE), mprotect(own, PAGE, PROT_READ | PROT_WRITE));
    close(fd);
}

static void anonymous(void)
{
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(memory, "kept");
    madvise(memory, PAGE, MADV_DONTNEED);
    printf("anonymous: %s", memory);
    memory = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 16 * PAGE);
    printf(" %s\n", memory);
    char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(own, "lost");
    madvise(own, PAGE, MADV_DONTNEED);
    printf("private: '%s', fixed %d\n", own,
           mmap(own, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
}

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(fd, 3 * PAGE);
    code(fd);
    calls(fd);
    rights();
    anonymous();
    int memory = memfd_create("memory", MFD_CLOEXEC);
    printf("memfd %d\n", memory >= 0);
    ftruncate(memory, PAGE);
    code(memory);
    return 0;
}
