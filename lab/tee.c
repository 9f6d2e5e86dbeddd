/* pipe2 */
#define _GNU_SOURCE
#include "lab/tee.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/text.h"

static void write_all(int descriptor, const char *bytes, size_t count)
{
    while (count) {
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; /* whoever read it has gone; the copy still gets all */
        bytes += written;
        count -= (size_t)written;
    }
}

static void *pump(void *cookie)
{
    struct tee *tee = cookie;
    struct pollfd wait[2] = {{tee->read_end[0], POLLIN, 0}, {tee->read_end[1], POLLIN, 0}};
    char block[65536];
    while (wait[0].fd >= 0 || wait[1].fd >= 0) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) break;
        for (unsigned i = 0; i < 2; i++) {
            if (wait[i].fd < 0 || !wait[i].revents) continue;
            ssize_t got = read(wait[i].fd, block, sizeof block);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                wait[i].fd = -1;
                continue;
            }
            write_all(tee->copy[i], block, (size_t)got);
            write_all(tee->to[i], block, (size_t)got);
        }
    }
    return NULL;
}

bool tee_begin(struct tee *tee, const char *directory, int output, int error)
{
    static const char *const names[2] = {"stdout", "stderr"};
    *tee = (struct tee){.to = {output, error}};
    for (unsigned i = 0; i < 2; i++) {
        int ends[2];
        char *path = lab_printf("%s/%s", directory, names[i]);
        tee->copy[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (tee->copy[i] < 0 || pipe2(ends, O_CLOEXEC) < 0) {
            fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
            free(path);
            return false;
        }
        free(path);
        tee->read_end[i] = ends[0];
        tee->write_end[i] = ends[1];
    }
    /* Signals are the runner's and the watcher's affair. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool fine = pthread_create(&tee->thread, NULL, pump, tee) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fine;
}

void tee_end(struct tee *tee)
{
    for (unsigned i = 0; i < 2; i++) close(tee->write_end[i]);
    pthread_join(tee->thread, NULL);
    for (unsigned i = 0; i < 2; i++) {
        close(tee->read_end[i]);
        close(tee->copy[i]);
    }
}

void tee_before(struct tee *tee, unsigned stream, const void *bytes, size_t count)
{
    write_all(tee->copy[stream - 1], bytes, count);
}
