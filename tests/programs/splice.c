/* splice.c -- splice, tee, vmsplice between pipes, files, sockets, devices and memory. splice SEED COUNT: as many of
 * them at random. Prints the same on every Linux, whatever the speed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "say.h"

enum { FILE_BYTES = 200000, ROOM = 300000, PAGE = 4096 };
static unsigned char bytes[ROOM] __attribute__((aligned(PAGE))), got[ROOM] __attribute__((aligned(PAGE)));
static void *volatile nowhere = (void *)8;

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static uint32_t sum_of(const unsigned char *from, long count)
{
    uint32_t sum = 1;
    for (long i = 0; i < count; i++) sum = sum * 31 + from[i];
    return sum;
}

static int waiting(int descriptor)
{
    int count = -1;
    ioctl(descriptor, FIONREAD, &count);
    return count;
}

static void drain(int pipe)
{
    long total = 0, count;
    while ((count = read(pipe, got + total, sizeof got - (size_t)total)) > 0) total += count;
    printf("drained %ld, %08x\n", total, sum_of(got, total));
}

static int new_file(const char *name)
{
    int own = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    pwrite(own, bytes, FILE_BYTES, 0);
    return own;
}

/* ---- what is moved ---- */

static void files(int p[2], int q[2])
{
    int own = new_file("spliced");
    loff_t at = 0;
    say("file to pipe", splice(own, &at, p[1], NULL, 200000, 0));
    printf("at %lld, %d\n", (long long)at, waiting(p[0]));
    say("full", splice(own, &at, p[1], NULL, 10, 0));
    say("pipe to pipe", splice(p[0], NULL, q[1], NULL, 5000, 0));
    printf("%d %d\n", waiting(p[0]), waiting(q[0]));
    say("all that fits", splice(p[0], NULL, q[1], NULL, 200000, 0));
    printf("%d %d\n", waiting(p[0]), waiting(q[0]));
    at = 100;
    say("from within a page", splice(own, &at, p[1], NULL, 200000, 0));
    printf("at %lld, %d\n", (long long)at, waiting(p[0]));
    drain(p[0]), drain(q[0]);
    at = FILE_BYTES - 10;
    say("up to the end", splice(own, &at, p[1], NULL, 100, 0));
    say("at the end", splice(own, &at, p[1], NULL, 100, 0));
    drain(p[0]);
    lseek(own, 0, SEEK_SET);
    say("where it stands", splice(own, NULL, p[1], NULL, 1000, 0));
    say("tee", tee(p[0], q[1], 600, 0));
    printf("%d %d, file at %ld\n", waiting(p[0]), waiting(q[0]), (long)lseek(own, 0, SEEK_CUR));
    say("nothing is added", write(q[1], "xyz", 3));
    say("pipe to file", splice(p[0], NULL, own, NULL, 700, 0));
    printf("file at %ld\n", (long)lseek(own, 0, SEEK_CUR));
    at = 300000;
    say("behind its end", splice(p[0], NULL, own, &at, 700, 0));
    printf("at %lld, file at %ld\n", (long long)at, (long)lseek(own, 0, SEEK_CUR));
    drain(p[0]), drain(q[0]);
    lseek(own, 900, SEEK_SET);
    printf("%ld\n", (long)read(own, got, 1000));
    printf("%08x\n", sum_of(got, 1000));
    close(own);
}

static void mistakes(int p[2], int q[2])
{
    int own = new_file("mistakes"), append = open("mistakes", O_WRONLY | O_APPEND),
        read_only = open("mistakes", O_RDONLY);
    loff_t at = 0, negative = -1;
    write(p[1], "some text", 9);
    say("to itself", splice(p[0], NULL, p[1], NULL, 5, 0));
    say("tee to itself", tee(p[0], p[1], 5, 0));
    say("negative", splice(p[0], NULL, own, &negative, 5, 0));
    say("negative", splice(own, &negative, p[1], NULL, 5, 0));
    say("append", splice(p[0], NULL, append, NULL, 5, 0));
    say("read-only", splice(p[0], NULL, read_only, NULL, 5, 0));
    say("write-only", splice(append, NULL, p[1], NULL, 5, 0));
    say("wrong end", splice(p[1], NULL, q[1], NULL, 5, 0));
    say("wrong end", tee(p[0], q[0], 5, 0));
    say("offset of a pipe", splice(p[0], &at, own, NULL, 5, 0));
    say("offset of a pipe", splice(own, NULL, p[1], &at, 5, 0));
    say("no pipe", splice(read_only, NULL, own, NULL, 5, 0));
    say("tee of no pipe", tee(own, q[1], 5, 0));
    say("nothing", splice(-1, NULL, -1, NULL, 0, 0x70));
    say("flags", splice(-1, NULL, -1, NULL, 1, 0x70));
    say("descriptor", splice(-1, NULL, q[1], NULL, 1, 0));
    say("descriptor", splice(own, NULL, 99, NULL, 1, 0));
    say("nowhere", splice(own, nowhere, q[1], NULL, 1, 0));
    say("nowhere", splice(p[0], NULL, own, nowhere, 1, 0));
    say("tee: flags", tee(p[0], q[1], 0, 0x70));
    say("tee: nothing", tee(-1, -1, 0, 0));
    say("tee: descriptor", tee(p[0], 99, 1, 0));
    drain(p[0]);
    say("empty", splice(p[0], NULL, own, NULL, 1, 0));
    say("empty", splice(p[0], NULL, q[1], NULL, 1, 0));
    say("empty", tee(p[0], q[1], 1, 0));
    close(own), close(append), close(read_only);
}

static void devices(int p[2])
{
    static const char *const path[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/tmp", "an event"};
    for (unsigned i = 0; i < sizeof path / sizeof path[0]; i++) {
        loff_t at = 0;
        int own = i == 5 ? eventfd(3, EFD_NONBLOCK) : open(path[i], i == 4 ? O_RDONLY : O_RDWR);
        puts(path[i]);
        say("from", splice(own, NULL, p[1], NULL, 5000, 0));
        say("from", splice(own, &at, p[1], NULL, 8, 0));
        while (read(p[0], got, sizeof got) > 0) continue;
        write(p[1], "\1\0\0\0\0\0\0\0x", 9);
        say("to", splice(p[0], NULL, own, NULL, 8, 0));
        at = 0;
        say("to", splice(p[0], NULL, own, &at, 8, 0));
        drain(p[0]);
        close(own);
    }
}

static void sockets(int p[2])
{
    int ends[2];
    loff_t at = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    write(ends[1], "hello", 5);
    say("socket to pipe", splice(ends[0], NULL, p[1], NULL, 100, 0));
    say("empty", splice(ends[0], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    say("empty", splice(ends[0], NULL, p[1], NULL, 100, 0));
    say("offset", splice(ends[0], &at, p[1], NULL, 100, 0));
    say("offset", splice(p[0], NULL, ends[0], &at, 100, 0));
    say("pipe to socket", splice(p[0], NULL, ends[0], NULL, 100, 0));
    say("read", read(ends[1], got, 100));
    write(ends[1], "last", 4), close(ends[1]);
    say("what there is", splice(ends[0], NULL, p[1], NULL, 100, 0));
    say("the end", splice(ends[0], NULL, p[1], NULL, 100, 0));
    say("nobody reads", splice(p[0], NULL, ends[0], NULL, 100, 0));
    drain(p[0]);
    close(ends[0]);
}

static void memory(int p[2], int q[2])
{
    struct iovec part[3] = {{bytes, 3000}, {bytes + 10000, 0}, {bytes + 10001, 5000}},
                 into[2] = {{got, 10}, {got + 10, 9000}};
    int own = new_file("no pipe");
    say("from memory", vmsplice(p[1], part, 3, 0));
    say("into memory", vmsplice(p[0], into, 2, 0));
    printf("%08x, %d\n", sum_of(got, 8000), waiting(p[0]));
    say("empty", vmsplice(p[0], into, 2, SPLICE_F_NONBLOCK));
    say("no pipe", vmsplice(own, part, 2, 0));
    say("no pipe, nothing", vmsplice(own, part, 0, 0));
    say("descriptor", vmsplice(-1, part, 0, 0));
    say("flags", vmsplice(p[1], part, 2, 0x10));
    say("too many", vmsplice(p[1], part, 2000, 0));
    say("nowhere", vmsplice(p[1], nowhere, 1, 0));
    part[1] = (struct iovec){nowhere, 10};
    say("part nowhere", vmsplice(p[1], part, 3, 0));
    into[0].iov_base = nowhere;
    say("into nowhere", vmsplice(p[0], into, 2, 0));
    drain(p[0]);
    part[0].iov_base = nowhere;
    say("from nowhere", vmsplice(p[1], part, 3, 0));
    part[0] = (struct iovec){bytes, 200000};
    say("much", vmsplice(p[1], part, 1, 0));
    say("full", vmsplice(p[1], part, 1, SPLICE_F_NONBLOCK));
    drain(p[0]);
    int slots = 0;
    part[0].iov_len = 1;
    while (vmsplice(p[1], part, 1, SPLICE_F_NONBLOCK) == 1) slots++;
    printf("%d slots\n", slots);
    drain(p[0]);
    close(q[0]);
    say("nobody reads: memory", vmsplice(q[1], part, 1, 0));
    write(p[1], "x", 1);
    say("nobody reads: pipe", splice(p[0], NULL, q[1], NULL, 5, 0));
    say("nobody reads: tee", tee(p[0], q[1], 5, 0));
    say("nobody reads: file", splice(own, NULL, q[1], NULL, 5, 0));
    pipe2(q, O_NONBLOCK);
    drain(p[0]), close(p[1]);
    say("the end: pipe", splice(p[0], NULL, q[1], NULL, 5, 0));
    say("the end: tee", tee(p[0], q[1], 5, 0));
    say("the end: file", splice(p[0], NULL, own, NULL, 5, 0));
    say("the end: memory", vmsplice(p[0], into, 1, 0));
    close(own);
}

/* ---- waiting ---- */

enum { BIG = 250000 };

static void read_all(int from)
{
    uint32_t sum = 1;
    long total = 0, count;
    while ((count = read(from, got, 7000)) > 0) {
        for (long i = 0; i < count; i++) sum = sum * 31 + got[i];
        total += count;
    }
    printf("read %ld, %08x\n", total, sum);
}

/* A child fills the first pipe, one drains the second, or a socket; between them it is spliced. */
static void stream(int socket, int keep)
{
    int p[2], q[2], copy[2];
    pipe(p), pipe(copy);
    if (socket)
        socketpair(AF_UNIX, SOCK_STREAM, 0, q);
    else
        pipe(q);
    pid_t writer = fork_quietly();
    if (!writer) {
        for (long done = 0; done < BIG; done += 6000, nap(done % 5 == 0))
            write(p[1], bytes, BIG - done < 6000 ? (size_t)(BIG - done) : 6000);
        leave(0);
    }
    pid_t reader = fork_quietly();
    if (!reader) {
        close(q[1]), close(copy[1]), close(p[1]);
        read_all(q[0]);
        leave(0);
    }
    close(p[1]), close(q[0]);
    long total = 0, count;
    while ((count = keep ? tee(p[0], q[1], 100000, 0) : splice(p[0], NULL, q[1], NULL, 100000, 0)) > 0) {
        total += count;
        for (long left = keep ? count : 0, part; left > 0; left -= part) part = read(p[0], got, (size_t)left);
    }
    close(q[1]);
    join(reader), join(writer);
    printf("moved %ld, then %ld\n", total, count);
    close(p[0]), close(copy[0]), close(copy[1]);
}

/* All of it goes, however slowly it is read. */
static void send_file(int given)
{
    int ends[2], own = new_file("sent");
    off_t at = 1000;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    fflush(stdout);
    pid_t reader = fork_quietly();
    if (!reader) {
        close(ends[1]);
        nap(20);
        read_all(ends[0]);
        leave(0);
    }
    close(ends[0]);
    lseek(own, 5, SEEK_SET);
    for (int i = 0; i < 3; i++) {
        long sent = sendfile(ends[1], own, given ? &at : NULL, 190000);
        if (!given) lseek(own, 7, SEEK_SET);
        if (sent != 190000) say("sent", sent);
        at = 2000;
    }
    close(ends[1]);
    join(reader);
    printf("at %ld, file at %ld\n", (long)at, (long)lseek(own, 0, SEEK_CUR));
    close(own);
}

static volatile sig_atomic_t handled;
static void handle(int number) { handled = number; }

static void interrupted(void)
{
    int p[2], q[2];
    struct sigaction action = {.sa_handler = handle};
    pid_t parent = getpid();
    sigaction(SIGUSR1, &action, NULL);
    pipe(p), pipe(q);
    pid_t pid = fork_quietly();
    if (!pid) {
        nap(30);
        kill(parent, SIGUSR1);
        leave(0);
    }
    say("interrupted", splice(p[0], NULL, q[1], NULL, 5, 0));
    join(pid);
    if (!(pid = fork_quietly())) {
        nap(30);
        write(p[1], "there", 5);
        leave(0);
    }
    struct iovec into = {got, 3};
    say("waited", vmsplice(p[0], &into, 1, 0));
    say("the rest", splice(p[0], NULL, q[1], NULL, 5, 0));
    join(pid);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

/* ---- at random ---- */

/* One file is read and another written: in Linux a pipe has no copy of a file's page, but that itself. */

static uint64_t state;
static unsigned draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}
static size_t draw_count(void) { return 1 + draw(draw(3) ? draw(2) ? 300 : 9000 : 90000); }

static void random_calls(unsigned seed, unsigned count)
{
    int p[3][2], file[2] = {new_file("random"), new_file("other")};
    state = seed;
    for (unsigned i = 0; i < 3; i++) pipe2(p[i], O_NONBLOCK);
    for (unsigned n = 0; n < count; n++) {
        unsigned one = draw(3), two = draw(3), kind = draw(8);
        size_t size = draw_count();
        loff_t at = draw(FILE_BYTES + 1000), *where = draw(2) ? &at : NULL;
        struct iovec part[2] = {{bytes + draw(5000), size / 3}, {bytes + draw(70000), size - size / 3}};
        struct iovec into[2] = {{got, size / 2}, {got + size / 2, size - size / 2}};
        long result = 0;
        switch (kind) {
        case 0: result = splice(p[one][0], NULL, p[two][1], NULL, size, 0); break;
        case 1: result = tee(p[one][0], p[two][1], size, 0); break;
        case 2: result = splice(file[0], where, p[two][1], NULL, size, 0); break;
        case 3: result = splice(p[one][0], NULL, file[1], where, size, 0); break;
        case 4: result = vmsplice(p[two][1], part, 2, SPLICE_F_NONBLOCK); break;
        case 5: result = vmsplice(p[one][0], into, 2, SPLICE_F_NONBLOCK); break;
        case 6: result = write(p[two][1], bytes + draw(1000), size); break;
        case 7: result = read(p[one][0], got, size); break;
        }
        printf("%u %u %u %zu: %ld %s at %lld", kind, one, two, size, result, result < 0 ? strerrorname_np(errno) : "",
               (long long)at);
        if ((kind == 5 || kind == 7) && result > 0) printf(", %08x", sum_of(got, result));
        printf(", %d %d %d\n", waiting(p[0][0]), waiting(p[1][0]), waiting(p[2][0]));
    }
    for (unsigned i = 0; i < 3; i++) drain(p[i][0]);
    for (unsigned i = 0; i < 2; i++) {
        long there = pread(file[i], got, ROOM, 0);
        printf("file at %ld, %ld bytes, %08x\n", (long)lseek(file[i], 0, SEEK_CUR), there, sum_of(got, there));
    }
}

int main(int count, char **argument)
{
    int p[2], q[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < ROOM; i++) bytes[i] = (unsigned char)(i * 7 + i / PAGE);
    if (count > 2) {
        random_calls((unsigned)atoi(argument[1]), (unsigned)atoi(argument[2]));
        return 0;
    }
    pipe2(p, O_NONBLOCK), pipe2(q, O_NONBLOCK);
    files(p, q);
    mistakes(p, q);
    devices(p);
    sockets(p);
    memory(p, q);
    stream(0, 0), stream(0, 1), stream(1, 0);
    send_file(0), send_file(1);
    interrupted();
    return 0;
}
