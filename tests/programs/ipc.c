/* System V IPC: every result is printed, and errors by name, so that the host's kernel can be the judge. Ids are the
 * kernel's own affair, and what a user without privileges may not do is for tests/unit/hw_user_ipc_test.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

enum { PAGE = 4096, NOBODY = 0x7ffffff0 };

/* ---- shared memory ---- */

static void tell_segment(const char *what, int id)
{
    struct shmid_ds status;
    if (shmctl(id, IPC_STAT, &status) < 0) {
        say(what, -1);
        return;
    }
    printf("%s: %zu bytes, mode %o, attached %lu times, private %d, made by me %d, last me %d, times %d%d%d\n", what,
           status.shm_segsz, status.shm_perm.mode, (unsigned long)status.shm_nattch,
           status.shm_perm.__key == IPC_PRIVATE, status.shm_cpid == getpid(), status.shm_lpid == getpid(),
           status.shm_atime != 0, status.shm_dtime != 0, status.shm_ctime != 0);
}

static void attach_and_remove(void)
{
    int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0640);
    tell_segment("made", id);
    unsigned char *one = shmat(id, NULL, 0), *two = shmat(id, NULL, SHM_RDONLY);
    tell_segment("attached", id);
    memset(one, 7, 5000);
    printf("seen: %d %d %d\n", two[0], two[4999], two[5000]);
    done("made writable", mprotect(two, PAGE, PROT_READ | PROT_WRITE));
    done("unaligned", shmdt(one + 1));
    done("inside", shmdt(one + PAGE));
    done("removed", shmctl(id, IPC_RMID, NULL));
    tell_segment("after that", id);
    void *late = shmat(id, NULL, 0);
    printf("attached late: %d\n", late != (void *)-1);
    done("detached", shmdt(late));
    done("detached", shmdt(one));
    done("again", shmdt(one));
    tell_segment("one is left", id);
    done("detached", shmdt(two));
    tell_segment("none is left", id);
    say("attached", (long)shmat(id, NULL, 0));
}

static void addresses(void)
{
    int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
    char *room = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("taken", (long)shmat(id, room, 0));
    printf("taken, replaced: %d\n", shmat(id, room, SHM_REMAP) == room);
    say("odd", (long)shmat(id, room + 4 * PAGE + 5, SHM_REMAP));
    printf("odd, rounded: %d\n", shmat(id, room + 4 * PAGE + 5, SHM_RND | SHM_REMAP) == room + 4 * PAGE);
    say("replaced nowhere", (long)shmat(id, NULL, SHM_REMAP));
    room[0] = 3, room[2 * PAGE] = 4;
    printf("seen: %d %d\n", room[4 * PAGE], room[6 * PAGE]);
    done("cut", munmap(room + PAGE, PAGE));
    tell_segment("in pieces", id);
    done("protected", mprotect(room + 4 * PAGE, PAGE, PROT_READ));
    tell_segment("in more", id);
    done("back", mprotect(room + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    tell_segment("as many", id);
    done("detached", shmdt(room));
    tell_segment("two pieces less", id);
    done("detached", shmdt(room + 4 * PAGE));
    tell_segment("none", id);
    done("removed", shmctl(id, IPC_RMID, NULL));
    done("twice", shmctl(id, IPC_RMID, NULL));
}

static void by_key(void)
{
    key_t key = 0x5a000000 | (getpid() & 0xffff);
    say("none", shmget(key, 100, 0));
    int id = shmget(key, 100, IPC_CREAT | 0600);
    printf("same: %d %d\n", shmget(key, 0, 0) == id, shmget(key, 100, IPC_CREAT) == id);
    say("exclusive", shmget(key, 100, IPC_CREAT | IPC_EXCL));
    say("larger", shmget(key, 101, 0));
    say("empty", shmget(IPC_PRIVATE, 0, 0600));
    struct shmid_ds status;
    shmctl(id, IPC_STAT, &status);
    status.shm_perm.mode = 0444;
    done("set", shmctl(id, IPC_SET, &status));
    tell_segment("set", id);
    void *at = shmat(id, NULL, SHM_RDONLY);
    done("removed", shmctl(id, IPC_RMID, NULL));
    say("gone by key", shmget(key, 100, 0));
    done("detached", shmdt(at));
    done("no such command", shmctl(id, 99, NULL));
    done("no such segment", shmctl(NOBODY, IPC_STAT, &status));
    done("negative", shmctl(-1, IPC_STAT, &status));
    say("attached none", (long)shmat(NOBODY, NULL, 0));
}

/* A segment that was removed lives as long as somebody has it: a child does, and lets go of it by its end. */
static void families(void)
{
    int id = shmget(IPC_PRIVATE, PAGE, 0600);
    volatile int *word = shmat(id, NULL, 0);
    *word = 1;
    pid_t child = fork_quietly();
    if (child == 0) {
        tell_segment("in the child", id);
        shmctl(id, IPC_RMID, NULL);
        *word = 2;
        leave(0);
    }
    join(child);
    printf("word: %d\n", *word);
    tell_segment("left", id);
    child = fork_quietly();
    if (child == 0) {
        execl("/proc/self/exe", "ipc", "word", (char *)NULL);
        leave(1);
    }
    join(child);
    tell_segment("left", id);
    shmdt((void *)word);
    tell_segment("gone", id);
}

int main(int count, char **argument)
{
    if (count > 1) {
        printf("%s\n", argument[1]);
        return 0;
    }
    attach_and_remove();
    addresses();
    by_key();
    families();
    return 0;
}
