/* segments.c -- System V shared memory: keys, attaching, processes that share, removing. Prints the same on every
 * Linux. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 10000, PAGE = 4096 };

static void tell(const char *what, long result) { printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done"); }

static void tell_state(const char *what, int id)
{
    struct shmid_ds state;
    if (shmctl(id, IPC_STAT, &state) < 0) {
        tell(what, -1);
        return;
    }
    printf("%s: %lu bytes, %lu attached, mode %o, mine %d, last %d\n", what, (unsigned long)state.shm_segsz,
           (unsigned long)state.shm_nattch, state.shm_perm.mode, state.shm_cpid == getpid(),
           state.shm_lpid == getpid());
}

static void sharing(int id)
{
    char *memory = shmat(id, NULL, 0), *again = shmat(id, NULL, SHM_RDONLY);
    tell_state("attached", id);
    strcpy(memory, "parent");
    printf("the other place: %s\n", again);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        tell_state("child", id);
        strcpy(memory + PAGE, "child");
        tell("detach", shmdt(memory));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    printf("from the child: %s\n", again + PAGE);
    tell_state("after it", id);
    tell("inside", shmdt(memory + PAGE));
    tell("protect", mprotect(again, PAGE, PROT_READ | PROT_WRITE));
    tell("detach", shmdt(again));
    tell("twice", shmdt(again));
    tell("remove", shmctl(id, IPC_RMID, NULL));
    tell_state("removed", id);
    char *late = shmat(id, NULL, 0);
    printf("late: %s\n", late == (void *)-1 ? strerror(errno) : late);
    if (late != (void *)-1) shmdt(late);
    munmap(memory, BYTES);
    tell_state("gone", id);
}

static void keys(void)
{
    key_t key = 0x636f0000 + (getpid() & 0xffff);
    tell("missing", shmget(key, BYTES, 0));
    int one = shmget(key, BYTES, IPC_CREAT | IPC_EXCL | 0600), two = shmget(key, 100, 0);
    printf("found %d\n", one >= 0 && one == two);
    tell("exists", shmget(key, BYTES, IPC_CREAT | IPC_EXCL | 0600));
    tell("too small", shmget(key, 2 * BYTES, 0));
    shmctl(one, IPC_RMID, NULL);
    tell("missing", shmget(key, BYTES, 0));
    tell("empty", shmget(IPC_PRIVATE, 0, 0600));
    tell("no such", shmctl(one, IPC_RMID, NULL));
    printf("no such: %d\n", shmat(one, NULL, 0) == (void *)-1 && errno == EINVAL);
}

static void places(int id)
{
    char *room = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("taken: %d\n", shmat(id, room, 0) == (void *)-1 && errno == EINVAL);
    printf("odd: %d\n", shmat(id, room + 1, 0) == (void *)-1 && errno == EINVAL);
    munmap(room, 8 * PAGE);
    char *at = shmat(id, room + 5, SHM_RND);
    printf("rounded: %d\n", at == room);
    at[BYTES] = 1; /* the last page is there in full */
    tell("detach", shmdt(at));
    at = shmat(id, NULL, 0);
    tell("hole", munmap(at + PAGE, PAGE));
    tell("detach", shmdt(at));
    shmctl(id, IPC_RMID, NULL);
    tell_state("gone", id);
}

int main(void)
{
    keys();
    sharing(shmget(IPC_PRIVATE, BYTES, IPC_CREAT | 0640));
    places(shmget(IPC_PRIVATE, BYTES, IPC_CREAT | 0600));
    return 0;
}
