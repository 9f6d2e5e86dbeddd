/* watcher.h -- a thread beside a run that waits for Ctrl-C (and SIGTERM) and shows progress. The run itself never looks
 * at a clock.
 */
#ifndef COVM_WATCHER_H
#define COVM_WATCHER_H

#include <pthread.h>
#include <signal.h>

#include "hwsim/base/base.h"

struct watcher {
    pthread_t thread, runner;
    void (*interrupt)(void *cookie);    /* called in the thread, again each second until the end */
    uint64_t (*progress)(void *cookie); /* guest instructions so far; NULL: show nothing */
    void *cookie;
    int stopped_by; /* signal, or 0 */
    sigset_t before;
};

void watcher_begin(struct watcher *watcher);
/* Ends the thread; returns the signal that it saw, or 0. */
int watcher_end(struct watcher *watcher);

#endif
