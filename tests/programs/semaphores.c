/* System V semaphores: every result is printed, and errors by name, so that the host's kernel can be the judge. With a
 * seed and a number: so many random operations, by processes that wait for one another. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

enum { NOBODY = 0x7ffffff0, CHILDREN = 8, SEMAPHORES = 3 };
union semun {
    int value;
    struct semid_ds *status;
    unsigned short *array;
    struct seminfo *info;
};

static int operate(int id, int number, int change, int flags)
{
    struct sembuf one = {(unsigned short)number, (short)change, (short)flags};
    return semop(id, &one, 1);
}

static void tell(const char *what, int id)
{
    struct semid_ds status;
    unsigned short value[64];
    if (semctl(id, 0, IPC_STAT, (union semun){.status = &status}) < 0 || status.sem_nsems > 64) {
        say(what, -1);
        return;
    }
    printf("%s: mode %o, times %d%d, values", what, status.sem_perm.mode & 0777, status.sem_otime != 0,
           status.sem_ctime != 0);
    semctl(id, 0, GETALL, (union semun){.array = value});
    for (unsigned i = 0; i < status.sem_nsems; i++) {
        int last = semctl(id, (int)i, GETPID);
        printf(" %u%s", value[i], !last ? "" : last == getpid() ? "*" : "'");
    }
    printf("\n");
}

static void wait_for(int id, int number, int command, int count)
{
    while (semctl(id, number, command) != count) usleep(1000);
}

/* ---- one at a time ---- */

static void simple(void)
{
    int id = semget(IPC_PRIVATE, 4, IPC_CREAT | 0640);
    unsigned short value[4] = {3, 0, 32767, 9}, large[4] = {1, 2, 32768, 3};
    tell("made", id);
    done("up", operate(id, 0, 2, 0));
    tell("up", id);
    done("down", operate(id, 0, -2, 0));
    say("down again", operate(id, 0, -1, IPC_NOWAIT));
    done("zero", operate(id, 0, 0, 0));
    done("set", semctl(id, 1, SETVAL, (union semun){.value = 32767}));
    say("over", operate(id, 1, 1, 0));
    say("not zero", operate(id, 1, 0, IPC_NOWAIT));
    say("set too large", semctl(id, 1, SETVAL, (union semun){.value = 32768}));
    say("set negative", semctl(id, 1, SETVAL, (union semun){.value = -1}));
    done("set all", semctl(id, 0, SETALL, (union semun){.array = value}));
    say("set all too large", semctl(id, 0, SETALL, (union semun){.array = large}));
    tell("set", id);
    struct sembuf several[] = {{0, -3, 0}, {1, 1, 0}, {3, -10, IPC_NOWAIT}};
    say("not all", semop(id, several, 3));
    tell("none", id);
    several[2].sem_op = -9;
    done("all", semop(id, several, 3));
    tell("all", id);
    struct sembuf same[] = {{0, 5, 0}, {0, -4, 0}, {0, -1, 0}, {0, 0, IPC_NOWAIT}};
    done("the same", semop(id, same, 4));
    same[3].sem_op = -1;
    say("the same, too low", semop(id, same, 4));
    say("value", semctl(id, 2, GETVAL));
    say("no such semaphore", semctl(id, 4, GETVAL));
    say("no such semaphore", semctl(id, -1, GETVAL));
    say("no such semaphore", operate(id, 4, 1, 0));
    say("no operations", semop(id, several, 0));
    say("too many operations", semop(id, several, 501));
    say("nowhere", semop(id, (struct sembuf *)8, 1));
    say("no such set", operate(NOBODY, 0, 1, 0));
    say("negative", operate(-1, 0, 1, 0));
    say("no such command", semctl(id, 0, 99));
    struct timespec soon = {0, 20000000}, never = {0, 1000000000};
    several[0] = (struct sembuf){0, -1, 0};
    say("in vain", semtimedop(id, several, 1, &soon));
    say("no time", semtimedop(id, several, 1, &never));
    say("no time, no need", semtimedop(id, &(struct sembuf){0, 1, 0}, 1, &never));
    soon.tv_nsec = 0;
    say("at once", semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &soon));
    say("at once, in vain", semtimedop(id, several, 1, &soon));
    done("removed", semctl(id, 0, IPC_RMID));
    say("twice", semctl(id, 0, IPC_RMID));
    say("gone", operate(id, 0, 1, 0));
}

static void by_key(void)
{
    key_t key = 0x5b000000 | (getpid() & 0xffff);
    struct semid_ds status;
    say("none", semget(key, 2, 0));
    say("of none", semget(key, 0, IPC_CREAT | 0600));
    say("of too many", semget(key, 32001, IPC_CREAT | 0600));
    say("of fewer than none", semget(key, -1, IPC_CREAT | 0600));
    int id = semget(key, 2, IPC_CREAT | 0600);
    printf("same: %d %d\n", semget(key, 0, 0) == id, semget(key, 2, IPC_CREAT) == id);
    say("exclusive", semget(key, 2, IPC_CREAT | IPC_EXCL));
    say("larger", semget(key, 3, 0));
    semctl(id, 0, IPC_STAT, (union semun){.status = &status});
    printf("key %d, semaphores %lu\n", status.sem_perm.__key == key, (unsigned long)status.sem_nsems);
    status.sem_perm.mode = 0444;
    done("set", semctl(id, 0, IPC_SET, (union semun){.status = &status}));
    tell("set", id);
    struct seminfo info;
    done("limits", semctl(0, 0, IPC_INFO, (union semun){.info = &info}));
    printf("%d %d %d %d %d %d %d %d %d %d\n", info.semmap, info.semmni, info.semmns, info.semmnu, info.semmsl,
           info.semopm, info.semume, info.semusz, info.semvmx, info.semaem);
    done("removed", semctl(id, 0, IPC_RMID));
    say("gone by key", semget(key, 2, 0));
}

/* ---- waiting ---- */

static void handler(int number) { (void)number; }

static void waiting(void)
{
    int id = semget(IPC_PRIVATE, 2, 0600);
    pid_t child[3];
    for (int i = 0; i < 3; i++) {
        if ((child[i] = fork_quietly()) == 0) leave(i < 2 ? operate(id, 0, -2 + i, 0) : operate(id, 1, 0, 0));
        wait_for(id, 0, GETNCNT, i < 2 ? i + 1 : 2);
    }
    join(child[2]);
    done("one", operate(id, 0, 1, 0)); /* the first wants two, the second takes it */
    join(child[1]);
    printf("waiting: %d %d\n", semctl(id, 0, GETNCNT), semctl(id, 0, GETZCNT));
    done("two", operate(id, 0, 2, 0));
    join(child[0]);
    done("up", operate(id, 1, 1, 0));
    if ((child[0] = fork_quietly()) == 0) {
        int result = operate(id, 1, 0, 0);
        leave(result < 0 ? errno : 0);
    }
    wait_for(id, 1, GETZCNT, 1);
    done("down", operate(id, 1, -1, 0));
    join(child[0]);
    int told[2];
    char byte;
    pipe(told);
    if ((child[0] = fork_quietly()) == 0) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        int result = operate(id, 1, -1, 0);
        say("interrupted", result);
        fflush(stdout);
        write(told[1], "", 1);
        leave(operate(id, 1, -1, 0) < 0 ? errno : 0); /* until it is removed */
    }
    wait_for(id, 1, GETNCNT, 1);
    fflush(stdout);
    kill(child[0], SIGUSR1);
    read(told[0], &byte, 1);
    wait_for(id, 1, GETNCNT, 1);
    if ((child[1] = fork_quietly()) == 0) leave(operate(id, 0, -1, 0));
    wait_for(id, 0, GETNCNT, 1);
    kill(child[1], SIGKILL);
    join(child[1]);
    printf("waiting: %d %d\n", semctl(id, 0, GETNCNT), semctl(id, 1, GETNCNT));
    done("removed", semctl(id, 0, IPC_RMID));
    join(child[0]);
}

/* Who only waits for zero goes before who then takes it, though that one came first. */
static void zero_first(void)
{
    int id = semget(IPC_PRIVATE, 1, 0600);
    struct sembuf take[] = {{0, 0, 0}, {0, 1, 0}};
    pid_t child[2];
    done("up", operate(id, 0, 1, 0));
    for (int i = 0; i < 2; i++) {
        if ((child[i] = fork_quietly()) == 0) leave(i ? operate(id, 0, 0, 0) : semop(id, take, 2));
        wait_for(id, 0, GETZCNT, i + 1);
    }
    done("down", operate(id, 0, -1, 0));
    printf("waiting: %d, value %d\n", semctl(id, 0, GETZCNT), semctl(id, 0, GETVAL));
    semctl(id, 0, IPC_RMID);
    join(child[0]), join(child[1]);
}

/* Stopped and continued, a wait is over, though no handler ran. */
static void stopping(void)
{
    int id = semget(IPC_PRIVATE, 1, 0600), status;
    pid_t child = fork_quietly();
    if (child == 0) leave(operate(id, 0, -1, 0) < 0 ? errno : 0);
    wait_for(id, 0, GETNCNT, 1);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    join(child);
    semctl(id, 0, IPC_RMID);
}

/* ---- undoing ---- */

static void undoing(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    semctl(id, 0, SETVAL, (union semun){.value = 5});
    pid_t child = fork_quietly();
    if (child == 0) {
        operate(id, 0, -3, SEM_UNDO);
        operate(id, 1, 4, SEM_UNDO);
        operate(id, 1, -2, 0);
        operate(id, 2, 7, SEM_UNDO);
        semctl(id, 2, SETVAL, (union semun){.value = 1});
        tell("in the child", id);
        pid_t grandchild = fork_quietly();
        if (grandchild == 0) leave(0); /* owes nothing */
        join(grandchild);
        tell("in the child", id);
        execl("/proc/self/exe", "semaphores", "tell", (char *)NULL);
        leave(1);
    }
    join(child);
    tell("after it", id);
    child = fork_quietly();
    if (child == 0) {
        semctl(id, 0, SETVAL, (union semun){.value = 0});
        for (int i = 0; i < 3; i++)
            say("much to undo", i < 2 ? operate(id, 0, 32767, SEM_UNDO) : operate(id, 0, -32767, SEM_UNDO));
        done("up", operate(id, 0, 32767, SEM_UNDO));
        operate(id, 0, -32767, 0);
        say("too much to undo", operate(id, 0, 2, SEM_UNDO));
        leave(0);
    }
    join(child);
    tell("after it", id);
    semctl(id, 0, IPC_RMID);
}

/* ---- at random ---- */

static uint32_t state;
static uint32_t below(uint32_t limit)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % limit;
}

static struct child {
    pid_t process;
    volatile int result; /* of its operation, + 1; 0: it waits */
} * children;

static unsigned random_operations(struct sembuf *operation, bool patient)
{
    unsigned count = 1 + below(3) * below(2);
    for (unsigned i = 0; i < count; i++)
        operation[i] =
            (struct sembuf){(unsigned short)below(SEMAPHORES), (short)((int)below(6) - 3),
                            (short)((below(3) == 0 ? SEM_UNDO : 0) | (!patient || below(6) == 0 ? IPC_NOWAIT : 0))};
    return count;
}

/* Everybody either has a result or is counted as waiting. */
static void settle(int id)
{
    for (;;) {
        int waiting = 0;
        for (int i = 0; i < SEMAPHORES; i++) waiting += semctl(id, i, GETNCNT) + semctl(id, i, GETZCNT);
        int open = 0;
        for (int i = 0; i < CHILDREN; i++) open += children[i].process && !children[i].result;
        if (open == waiting) return;
        usleep(200);
    }
}

static void show(int id)
{
    unsigned short value[SEMAPHORES];
    semctl(id, 0, GETALL, (union semun){.array = value});
    for (int i = 0; i < SEMAPHORES; i++) {
        int last = semctl(id, i, GETPID), who = -1;
        for (int k = 0; k < CHILDREN; k++)
            if (last && children[k].process == last) who = k;
        printf(" %d/%d/%d by %d", value[i], semctl(id, i, GETNCNT), semctl(id, i, GETZCNT),
               last == getpid() ? 99 : who);
    }
    for (int i = 0; i < CHILDREN; i++)
        if (children[i].process)
            printf(" %d:%s", i,
                   !children[i].result       ? "-"
                   : children[i].result == 1 ? "ok"
                                             : strerrorname_np(children[i].result - 1));
    printf("\n");
}

static void start(int id, unsigned which)
{
    struct sembuf operation[3];
    unsigned count = random_operations(operation, true);
    printf("child %u:", which);
    for (unsigned i = 0; i < count; i++)
        printf(" %d%+d/%x", operation[i].sem_num, operation[i].sem_op, operation[i].sem_flg);
    children[which].result = 0;
    children[which].process = -1;
    pid_t child = fork_quietly();
    if (child == 0) {
        int result = semop(id, operation, count);
        children[which].result = (result < 0 ? errno : 0) + 1;
        for (;;) pause();
    }
    children[which].process = child;
}

static void end(unsigned which)
{
    int status;
    kill(children[which].process, SIGKILL);
    waitpid(children[which].process, &status, 0);
    children[which].process = 0;
    printf("end of %u:", which);
}

static void step(int id)
{
    struct sembuf operation[3];
    unsigned short values[SEMAPHORES];
    unsigned which = below(CHILDREN), count;
    switch (below(8)) {
    case 0:
        printf("set %u:", which % SEMAPHORES);
        semctl(id, (int)(which % SEMAPHORES), SETVAL, (union semun){.value = (int)below(4)});
        break;
    case 1:
        for (int i = 0; i < SEMAPHORES; i++) values[i] = (unsigned short)below(3);
        printf("set all:");
        semctl(id, 0, SETALL, (union semun){.array = values});
        break;
    case 2:
    case 3:
        count = random_operations(operation, false);
        printf("own %s:", semop(id, operation, count) < 0 ? strerrorname_np(errno) : "ok");
        break;
    default:
        if (children[which].process)
            end(which);
        else
            start(id, which);
    }
    settle(id);
    show(id);
}

static void at_random(unsigned steps)
{
    int id = semget(IPC_PRIVATE, SEMAPHORES, 0600);
    children = mmap(NULL, CHILDREN * sizeof *children, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < steps; i++) step(id);
    semctl(id, 0, IPC_RMID);
    for (unsigned i = 0; i < CHILDREN; i++)
        if (children[i].process) {
            while (!children[i].result) usleep(200);
            printf("%u: %d\n", i, children[i].result);
            end(i);
        }
    printf("\n");
}

int main(int count, char **argument)
{
    if (count == 2) {
        printf("%s\n", argument[1]);
        return 0;
    }
    if (count > 2) {
        state = (uint32_t)atoi(argument[1]);
        at_random((unsigned)atoi(argument[2]));
        return 0;
    }
    simple();
    by_key();
    waiting();
    zero_first();
    stopping();
    undoing();
    return 0;
}
