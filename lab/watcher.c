#include "lab/watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* SIGUSR1 ends the thread; SIGUSR2 gets the runner out of a blocking read. */
static void nothing(int number) { (void)number; }

static void beat(struct watcher *w, uint64_t *before)
{
    uint64_t insns = w->progress(w->cookie);
    fprintf(stderr, "\r\033[Kcovm: %.1f M guest instructions, %.1f M/s", (double)insns / 1e6,
            (double)(insns - *before) / 1e6);
    *before = insns;
}

static void *watch(void *cookie)
{
    struct watcher *w = cookie;
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGUSR1);
    const struct timespec second = {.tv_sec = 1};
    uint64_t insns = 0;
    bool shown = false;
    for (;;) {
        int number = sigtimedwait(&wanted, NULL, &second);
        if (number == SIGUSR1) break;
        if (number == SIGINT || number == SIGTERM) {
            if (w->stopped_by) _exit(128 + number); /* asked twice: at once */
            w->stopped_by = number;
            w->interrupt(w->cookie);
            pthread_kill(w->runner, SIGUSR2);
        } else if (w->stopped_by) {
            w->interrupt(w->cookie); /* again: the runner may have been about to look elsewhere */
        } else if (w->progress) {
            beat(w, &insns);
            shown = true;
        }
    }
    if (shown) fputs("\r\033[K", stderr);
    return NULL;
}

void watcher_begin(struct watcher *w)
{
    sigset_t blocked;
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR2, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, &w->before);
    w->runner = pthread_self();
    w->stopped_by = 0;
    if (pthread_create(&w->thread, NULL, watch, w)) abort();
}

int watcher_end(struct watcher *w)
{
    pthread_kill(w->thread, SIGUSR1);
    pthread_join(w->thread, NULL);
    pthread_sigmask(SIG_SETMASK, &w->before, NULL);
    return w->stopped_by;
}
