/* threads.c -- POSIX threads: mutexes, condition variables, barriers, thread storage, joining and cancelling. What it
 * prints does not depend on the order in which threads run. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 2000 };

static void check(int status, const char *what)
{
    if (!status) return;
    printf("%s: %s\n", what, strerror(status));
    exit(1);
}

/* ---- a counter that all change ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long counter;
static __thread unsigned own = 7;

static void *count(void *argument)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(pthread_mutex_lock(&lock), "lock");
        counter++;
        check(pthread_mutex_unlock(&lock), "unlock");
        own += (unsigned)(uintptr_t)argument;
    }
    return (void *)(uintptr_t)own;
}

static void counting(void)
{
    pthread_t thread[THREADS];
    void *result;
    unsigned long sum = 0;
    for (uintptr_t i = 0; i < THREADS; i++) check(pthread_create(&thread[i], NULL, count, (void *)i), "create");
    for (unsigned i = 0; i < THREADS; i++) {
        check(pthread_join(thread[i], &result), "join");
        sum += (uintptr_t)result;
    }
    printf("counted to %lu, own storage %lu, here %u\n", counter, sum, own);
}

/* ---- a bounded buffer ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t room, items;
    unsigned item[5], first, used;
    unsigned taken, sum;
} buffer = {.lock = PTHREAD_MUTEX_INITIALIZER, .room = PTHREAD_COND_INITIALIZER, .items = PTHREAD_COND_INITIALIZER};

static void *produce(void *argument)
{
    for (unsigned i = 1; i <= 500; i++) {
        pthread_mutex_lock(&buffer.lock);
        while (buffer.used == 5) pthread_cond_wait(&buffer.room, &buffer.lock);
        buffer.item[(buffer.first + buffer.used++) % 5] = i;
        pthread_cond_signal(&buffer.items);
        pthread_mutex_unlock(&buffer.lock);
    }
    return argument;
}

static void *consume(void *argument)
{
    for (;;) {
        pthread_mutex_lock(&buffer.lock);
        while (!buffer.used && buffer.taken < 2000) pthread_cond_wait(&buffer.items, &buffer.lock);
        if (!buffer.used) break;
        buffer.sum += buffer.item[buffer.first];
        buffer.first = (buffer.first + 1) % 5;
        buffer.used--;
        if (++buffer.taken == 2000) pthread_cond_broadcast(&buffer.items);
        pthread_cond_signal(&buffer.room);
        pthread_mutex_unlock(&buffer.lock);
    }
    pthread_mutex_unlock(&buffer.lock);
    return argument;
}

static void passing(void)
{
    pthread_t thread[7];
    for (unsigned i = 0; i < 7; i++) check(pthread_create(&thread[i], NULL, i < 4 ? produce : consume, NULL), "create");
    for (unsigned i = 0; i < 7; i++) check(pthread_join(thread[i], NULL), "join");
    printf("passed %u items, sum %u\n", buffer.taken, buffer.sum);
}

/* ---- rounds between barriers ---- */

static pthread_barrier_t barrier;
static unsigned cell[2][THREADS], serial;

static void *relax(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    for (unsigned round = 0; round < 100; round++) {
        const unsigned *old = cell[round % 2];
        cell[(round + 1) % 2][me] = old[(me + 1) % THREADS] * 3 + old[(me + THREADS - 1) % THREADS] + me;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_add_fetch(&serial, 1, 5);
    }
    return NULL;
}

static void meeting(void)
{
    pthread_t thread[THREADS];
    unsigned hash = 0;
    check(pthread_barrier_init(&barrier, NULL, THREADS), "barrier");
    for (uintptr_t i = 0; i < THREADS; i++) check(pthread_create(&thread[i], NULL, relax, (void *)i), "create");
    for (unsigned i = 0; i < THREADS; i++) check(pthread_join(thread[i], NULL), "join");
    for (unsigned i = 0; i < THREADS; i++) hash = hash * 31 + cell[0][i];
    printf("met %u times, hash %08x\n", serial, hash);
}

/* ---- time, cancelling, keys, once, reading and writing, semaphores ---- */

static pthread_key_t key;
static unsigned destroyed, started;
static sem_t ready;

static void destroy(void *value) { destroyed += (unsigned)(uintptr_t)value; }
static void start_once(void) { started++; }
static void clean_up(void *argument) { *(unsigned *)argument += 1; }

static void *wait_for_ever(void *argument)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_once);
    pthread_setspecific(key, (void *)3);
    pthread_cleanup_push(clean_up, argument);
    sem_post(&ready);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancelling(void)
{
    pthread_t thread[3];
    void *result;
    unsigned cleaned = 0, cancelled = 0;
    pthread_key_create(&key, destroy);
    sem_init(&ready, 0, 0);
    for (unsigned i = 0; i < 3; i++) check(pthread_create(&thread[i], NULL, wait_for_ever, &cleaned), "create");
    for (unsigned i = 0; i < 3; i++) sem_wait(&ready);
    for (unsigned i = 0; i < 3; i++) check(pthread_cancel(thread[i]), "cancel");
    for (unsigned i = 0; i < 3; i++) {
        check(pthread_join(thread[i], &result), "join");
        cancelled += result == PTHREAD_CANCELED;
    }
    printf("cancelled %u, cleaned %u, destroyed %u, started %u\n", cancelled, cleaned, destroyed, started);
}

static void timing_out(void)
{
    struct timespec until;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_mutex_lock(&lock);
    int status = pthread_cond_timedwait(&never, &lock, &until);
    pthread_mutex_unlock(&lock);
    printf("timed wait: %s\n", strerror(status));
    pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&held);
    until.tv_nsec = until.tv_nsec > 980000000 ? until.tv_nsec : until.tv_nsec + 10000000;
    printf("timed lock: %s, trying: %s\n", strerror(pthread_mutex_timedlock(&held, &until)),
           strerror(pthread_mutex_trylock(&held)));
}

/* ---- locks of other kinds ---- */

static pthread_mutex_t robust, handed;
static unsigned handed_count;

static void *die_with_it(void *argument)
{
    pthread_mutex_lock(&robust);
    return argument;
}

static void *use_handed(void *argument)
{
    for (unsigned i = 0; i < 300; i++) {
        pthread_mutex_lock(&handed);
        handed_count++;
        if (i % 16 == 0) sched_yield();
        pthread_mutex_unlock(&handed);
    }
    return argument;
}

static void locking(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread[4];
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    check(pthread_create(&thread[0], NULL, die_with_it, NULL), "create");
    pthread_join(thread[0], NULL);
    int status = pthread_mutex_lock(&robust);
    printf("its owner died: %s", strerror(status));
    printf(", mended: %s", strerror(pthread_mutex_consistent(&robust)));
    pthread_mutex_unlock(&robust);
    printf(", locked again: %s\n", strerror(pthread_mutex_lock(&robust)));
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&handed, &attributes);
    for (unsigned i = 0; i < 4; i++) check(pthread_create(&thread[i], NULL, use_handed, NULL), "create");
    for (unsigned i = 0; i < 4; i++) check(pthread_join(thread[i], NULL), "join");
    printf("handed over: %u\n", handed_count);
}

/* ---- signals to one thread ---- */

static volatile sig_atomic_t hits;
static __thread volatile unsigned mine;

static void on_signal(int number)
{
    (void)number;
    hits++;
    mine++;
}

static void *be_hit(void *argument)
{
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    sem_post(&ready);
    while (!mine) sigsuspend(&old);
    return (void *)(uintptr_t)(mine == 1 && argument);
}

static void hitting(void)
{
    pthread_t thread[4];
    void *result;
    unsigned right = 0;
    sigset_t set;
    int number;
    signal(SIGUSR1, on_signal);
    for (unsigned i = 0; i < 4; i++) check(pthread_create(&thread[i], NULL, be_hit, &ready), "create");
    for (unsigned i = 0; i < 4; i++) sem_wait(&ready);
    for (unsigned i = 0; i < 4; i++) check(pthread_kill(thread[i], SIGUSR1), "kill");
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(thread[i], &result);
        right += result != NULL;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR2);
    sigwait(&set, &number);
    printf("hits %d, each its own: %u, waited for %d\n", (int)hits, right, number == SIGUSR2);
}

static void *last_one(void *argument)
{
    pthread_join(*(pthread_t *)argument, NULL);
    puts("the first thread has ended");
    exit(23);
}

int main(void)
{
    static pthread_t self;
    pthread_t last;
    counting();
    passing();
    meeting();
    cancelling();
    timing_out();
    locking();
    hitting();
    fflush(stdout);
    self = pthread_self();
    check(pthread_create(&last, NULL, last_one, &self), "create");
    pthread_exit(NULL);
}
