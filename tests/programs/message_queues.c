/* System V message queues: every result is printed, and errors by name, so that the host's kernel can be the judge.
 * With a seed and a number: so many random operations. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { NOBODY = 0x7ffffff0, TEXT = 9000 };
static struct {
    long type;
    char text[TEXT];
} buffer;

static int send(int id, long type, const char *text, int flags)
{
    buffer.type = type;
    strcpy(buffer.text, text);
    return msgsnd(id, &buffer, strlen(text), flags);
}

static void receive(const char *what, int id, size_t room, long type, int flags)
{
    memset(&buffer, '.', sizeof buffer);
    long got = msgrcv(id, &buffer, room, type, flags);
    if (got < 0)
        say(what, -1);
    else
        printf("%s: %ld bytes of type %ld, %.*s\n", what, got, buffer.type, (int)got + 1, buffer.text);
}

static void tell(const char *what, int id)
{
    struct msqid_ds status;
    if (msgctl(id, IPC_STAT, &status) < 0) {
        say(what, -1);
        return;
    }
    printf("%s: mode %o, %lu messages, %lu bytes of %lu, sent by %d, received by %d, times %d%d%d\n", what,
           status.msg_perm.mode & 0777, (unsigned long)status.msg_qnum, (unsigned long)status.__msg_cbytes,
           (unsigned long)status.msg_qbytes,
           !status.msg_lspid              ? 0
           : status.msg_lspid == getpid() ? 1
                                          : 2,
           !status.msg_lrpid              ? 0
           : status.msg_lrpid == getpid() ? 1
                                          : 2,
           status.msg_stime != 0, status.msg_rtime != 0, status.msg_ctime != 0);
}

/* ---- one at a time ---- */

static void fill(int id)
{
    static const char *const text[] = {"one", "two", "three", "four", "five", "six", ""};
    static const long type[] = {5, 3, 5, 2, 9, 2, 1};
    for (unsigned i = 0; i < 7; i++) done("sent", send(id, type[i], text[i], 0));
}

static void simple(void)
{
    int id = msgget(IPC_PRIVATE, 0640);
    tell("made", id);
    receive("nothing", id, 10, 0, IPC_NOWAIT);
    fill(id);
    tell("filled", id);
    receive("a copy", id, 10, 2, IPC_NOWAIT | MSG_COPY);
    receive("no copy", id, 10, 7, IPC_NOWAIT | MSG_COPY);
    receive("no copy", id, 10, -1, IPC_NOWAIT | MSG_COPY);
    receive("a copy, too large", id, 3, 2, IPC_NOWAIT | MSG_COPY);
    receive("a copy, too large", id, 3, 2, IPC_NOWAIT | MSG_COPY | MSG_NOERROR);
    receive("a copy, waiting", id, 10, 2, MSG_COPY);
    receive("a copy, of others", id, 10, 2, MSG_COPY | IPC_NOWAIT | MSG_EXCEPT);
    receive("the first", id, 10, 0, 0);
    receive("of a type", id, 10, 2, 0);
    receive("of the lowest type", id, 10, -3, 0);
    receive("of the lowest type", id, 10, -3, 0);
    receive("of no other type", id, 10, 3, MSG_EXCEPT);
    receive("too large", id, 2, 0, 0);
    receive("cut", id, 2, 0, MSG_NOERROR);
    receive("of no type", id, 10, 77, IPC_NOWAIT);
    receive("too low", id, 10, -2, IPC_NOWAIT);
    tell("one is left", id);
    receive("the last", id, 10, INT32_MIN, 0);
    tell("empty", id);
    say("type 0", send(id, 0, "text", 0));
    say("type -1", send(id, -1, "text", 0));
    say("too large", msgsnd(id, &buffer, 8193, 0));
    say("larger", msgsnd(id, &buffer, (size_t)-1, 0));
    say("nowhere", msgsnd(id, (void *)8, 1, 0));
    receive("larger", id, (size_t)-1, 0, 0);
    done("sent", send(id, 1, "lost", 0));
    say("nowhere", msgrcv(id, (void *)8, 10, 0, 0));
    tell("it is lost", id);
    say("no such queue", send(NOBODY, 1, "text", 0));
    say("negative", send(-1, 1, "text", 0));
    receive("no such queue", NOBODY, 10, 0, 0);
    say("no such command", msgctl(id, 99, NULL));
    done("removed", msgctl(id, IPC_RMID, NULL));
    say("twice", msgctl(id, IPC_RMID, NULL));
}

static void by_key(void)
{
    key_t key = 0x5c000000 | (getpid() & 0xffff);
    struct msqid_ds status;
    say("none", msgget(key, 0));
    int id = msgget(key, IPC_CREAT | 0600);
    printf("same: %d\n", msgget(key, IPC_CREAT) == id);
    say("exclusive", msgget(key, IPC_CREAT | IPC_EXCL));
    done("told", msgctl(id, IPC_STAT, &status));
    status.msg_perm.mode = 0644;
    status.msg_qbytes = 100;
    done("set", msgctl(id, IPC_SET, &status));
    tell("set", id);
    memset(buffer.text, 'x', 60);
    done("sent", msgsnd(id, &buffer, 60, IPC_NOWAIT));
    say("full", msgsnd(id, &buffer, 60, IPC_NOWAIT));
    done("sent", msgsnd(id, &buffer, 40, IPC_NOWAIT));
    done("empty", msgsnd(id, &buffer, 0, IPC_NOWAIT));
    struct msginfo info;
    done("limits", msgctl(0, IPC_INFO, (struct msqid_ds *)&info));
    printf("%d %d %d %d %d %d %d %d\n", info.msgpool, info.msgmap, info.msgmax, info.msgmnb, info.msgmni, info.msgssz,
           info.msgtql, info.msgseg);
    done("removed", msgctl(id, IPC_RMID, NULL));
    say("gone by key", msgget(key, 0));
    id = msgget(IPC_PRIVATE, 0600);
    int sent = 0;
    while (msgsnd(id, &buffer, 0, IPC_NOWAIT) == 0) sent++;
    printf("empty ones: %d\n", sent);
    msgctl(id, IPC_RMID, NULL);
}

/* ---- waiting ---- */

static void handler(int number) { (void)number; }

static int about_to_wait[2];
static void announce(void) { write(about_to_wait[1], "", 1); }

/* Lets the child come to where it waits: behind its announcement there is nothing else that it could sleep in. */
static void await(pid_t child)
{
    char byte, path[32], line[200] = "", *state;
    read(about_to_wait[0], &byte, 1);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    do {
        usleep(2000);
        FILE *file = fopen(path, "r");
        fgets(line, sizeof line, file);
        fclose(file);
        state = strrchr(line, ')');
    } while (!state || state[2] != 'S');
}

/* What came to a child, which its parent prints when it joins it. */
static struct outcome {
    long got, type;
    int error;
    char text[40];
} * outcomes;

static pid_t start_receiver(int id, int i, size_t room, long type)
{
    pid_t child = fork_quietly();
    if (child == 0) {
        announce();
        outcomes[i].got = msgrcv(id, &buffer, room, type, 0);
        outcomes[i].error = errno;
        outcomes[i].type = buffer.type;
        memcpy(outcomes[i].text, buffer.text, sizeof outcomes[i].text);
        leave(i);
    }
    await(child);
    return child;
}

static void join_receiver(pid_t child, int i)
{
    join(child);
    if (outcomes[i].got < 0)
        printf("receiver %d: %s\n", i, strerrorname_np(outcomes[i].error));
    else
        printf("receiver %d: %ld bytes of type %ld, %.*s\n", i, outcomes[i].got, outcomes[i].type, (int)outcomes[i].got,
               outcomes[i].text);
}

/* A child that waits, is interrupted, and waits again until the queue is removed. */
static pid_t start_stubborn(int id, long (*wait)(int id))
{
    pid_t child = fork_quietly();
    if (child == 0) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        for (int i = 0; i < 2; i++) {
            announce();
            outcomes[i].got = wait(id);
            outcomes[i].error = errno;
        }
        leave(0);
    }
    await(child);
    kill(child, SIGUSR1);
    await(child);
    return child;
}
static void join_stubborn(pid_t child)
{
    join(child);
    for (int i = 0; i < 2; i++)
        printf("%s: %ld %s\n", i ? "removed under it" : "interrupted", outcomes[i].got,
               strerrorname_np(outcomes[i].error));
}
static long receive_7(int id) { return msgrcv(id, &buffer, 10, 7, 0); }
static long send_large(int id)
{
    buffer.type = 1;
    return msgsnd(id, &buffer, 8192, 0);
}

static void receivers(void)
{
    int id = msgget(IPC_PRIVATE, 0600), status;
    static const long type[] = {0, 3, -2, 3, 0, 0};
    pid_t child[6];
    for (int i = 0; i < 6; i++) child[i] = start_receiver(id, i, i == 2 || i == 3 ? 2 : 20, type[i]);
    done("sent", send(id, 3, "to the first", 0));
    join_receiver(child[0], 0);
    done("sent", send(id, 1, "too large for one", 0)); /* that takes low types: the next */
    join_receiver(child[2], 2);
    join_receiver(child[4], 4);
    tell("in between", id);
    done("sent", send(id, 3, "three", 0));
    join_receiver(child[1], 1);
    done("sent", send(id, 3, "too large", 0));
    join_receiver(child[3], 3);
    join_receiver(child[5], 5);
    tell("none waits", id);
    child[0] = start_stubborn(id, receive_7);
    child[1] = start_receiver(id, 2, 10, 5);
    kill(child[1], SIGSTOP);
    waitpid(child[1], &status, WUNTRACED);
    kill(child[1], SIGCONT);
    done("sent", send(id, 5, "restarted", 0));
    join_receiver(child[1], 2);
    done("removed", msgctl(id, IPC_RMID, NULL));
    join_stubborn(child[0]);
}

static pid_t start_sender(int id, long type, size_t bytes)
{
    pid_t child = fork_quietly();
    if (child == 0) {
        announce();
        buffer.type = type;
        leave(msgsnd(id, &buffer, bytes, 0) < 0 ? errno : 0);
    }
    return child;
}

static void senders(void)
{
    int id = msgget(IPC_PRIVATE, 0600);
    char byte;
    memset(buffer.text, 'y', 8192);
    buffer.type = 1;
    for (int i = 0; i < 2; i++) done("sent", msgsnd(id, &buffer, 8000, 0));
    pid_t large = start_sender(id, 2, 8192);
    await(large);
    pid_t small = start_sender(id, 3, 300);
    read(about_to_wait[0], &byte, 1);
    join(small);
    tell("the smaller went in", id);
    printf("got %ld\n", (long)msgrcv(id, &buffer, TEXT, 1, 0));
    tell("so large a one does not fit yet", id);
    printf("got %ld\n", (long)msgrcv(id, &buffer, TEXT, 3, 0));
    join(large);
    tell("full", id);
    large = start_stubborn(id, send_large);
    done("removed", msgctl(id, IPC_RMID, NULL));
    join_stubborn(large);
}

/* ---- at random ---- */

static uint32_t state;
static uint32_t below(uint32_t limit)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % limit;
}

static void at_random(unsigned steps)
{
    static const int flags[] = {
        0, 0, MSG_NOERROR, MSG_EXCEPT, MSG_COPY, MSG_COPY | MSG_NOERROR, MSG_EXCEPT | MSG_NOERROR};
    int id = msgget(IPC_PRIVATE, 0600);
    for (unsigned i = 0; i < steps; i++) {
        if (below(2)) {
            size_t bytes = below(8) ? below(12) : below(9000);
            memset(buffer.text, 'a' + (int)(i % 26), bytes);
            buffer.type = 1 + (long)below(5);
            printf("%ld, %zu bytes, ", buffer.type, bytes);
            done("sent", msgsnd(id, &buffer, bytes, IPC_NOWAIT));
        } else {
            int how = flags[below(7)];
            receive("received", id, below(4) ? 9000 : below(8), (long)below(11) - 5, how | IPC_NOWAIT);
        }
        if (i % 16 == 0) tell("now", id);
    }
    msgctl(id, IPC_RMID, NULL);
}

int main(int count, char **argument)
{
    if (count > 2) {
        state = (uint32_t)atoi(argument[1]);
        at_random((unsigned)atoi(argument[2]));
        return 0;
    }
    pipe(about_to_wait);
    outcomes = mmap(NULL, 6 * sizeof *outcomes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    simple();
    by_key();
    receivers();
    senders();
    return 0;
}
