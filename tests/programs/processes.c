/* processes.c -- fork, exec, pipes, waiting, signals between processes, memory that is shared and memory that is not.
 * Run with arguments it is one of its own children. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const self = "/proc/self/exe";

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

static pid_t start(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) fail("fork");
    return child;
}

static void tell(const char *what, int status)
{
    if (WIFEXITED(status)) printf("%s: exit %d\n", what, WEXITSTATUS(status));
    if (WIFSIGNALED(status)) printf("%s: signal %d%s\n", what, WTERMSIG(status), WCOREDUMP(status) ? ", core" : "");
    if (WIFSTOPPED(status)) printf("%s: stopped by %d\n", what, WSTOPSIG(status));
    if (WIFCONTINUED(status)) printf("%s: continued\n", what);
}

/* ---- fork and wait ---- */

static unsigned data = 5, big[40000];

static void ending(void)
{
    int status;
    for (unsigned i = 0; i < 40000; i++) big[i] = i;
    pid_t child = start();
    if (child == 0) {
        unsigned sum = 0;
        for (unsigned i = 0; i < 40000; i++) sum += big[i], big[i] = 0;
        data = 9;
        _exit(getppid() > 1 && sum == 799980000u ? 7 : 1);
    }
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    tell("a child", status);
    unsigned long long sum = 0;
    for (unsigned i = 0; i < 40000; i++) sum += big[i];
    printf("the parent's data: %u, %llu; no more children: %d\n", data, sum, wait(&status) == -1 && errno == ECHILD);
    static const int deadly[] = {SIGTERM, SIGKILL, SIGABRT, SIGSEGV};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    for (unsigned i = 0; i < 4; i++) {
        child = start();
        if (child == 0) {
            if (deadly[i] == SIGSEGV) *(volatile int *)0 = 1;
            if (deadly[i] == SIGABRT) abort();
            for (;;) pause();
        }
        if (i < 2) kill(child, deadly[i]);
        waitpid(child, &status, 0);
        printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    }
}

static void many(void)
{
    unsigned sum = 0, count = 0;
    int status;
    for (unsigned i = 0; i < 20; i++)
        if (start() == 0) {
            if (i % 3 == 0) usleep(1000 * (20 - i));
            _exit((int)i);
        }
    while (wait(&status) > 0) sum += (unsigned)WEXITSTATUS(status), count++;
    printf("%u children, sum %u\n", count, sum);
}

/* ---- pipes ---- */

static void piping(void)
{
    int to[2], from[2], status;
    char buffer[4096];
    size_t total = 0;
    unsigned hash = 0;
    if (pipe(to) < 0 || pipe(from) < 0) fail("pipe");
    pid_t filter = start();
    if (filter == 0) {
        close(to[1]), close(from[0]);
        for (ssize_t got; (got = read(to[0], buffer, 1000)) > 0;) {
            for (ssize_t i = 0; i < got; i++) buffer[i] ^= 0x20;
            for (ssize_t done = 0; done < got;) done += write(from[1], buffer + done, (size_t)(got - done));
        }
        _exit(0);
    }
    pid_t source = start();
    if (source == 0) {
        close(to[0]), close(from[0]), close(from[1]);
        for (unsigned i = 0; i < 300000; i += 3000) {
            for (unsigned k = 0; k < 3000; k++) buffer[k] = (char)('a' + (i + k) % 26);
            if (write(to[1], buffer, 3000) != 3000) _exit(1);
        }
        _exit(0);
    }
    close(to[0]), close(to[1]), close(from[1]);
    for (ssize_t got; (got = read(from[0], buffer, sizeof buffer)) > 0; total += (size_t)got)
        for (ssize_t i = 0; i < got; i++) hash = hash * 31 + (unsigned char)buffer[i];
    close(from[0]);
    printf("through a filter: %zu bytes, hash %08x\n", total, hash);
    waitpid(filter, &status, 0), tell("filter", status);
    waitpid(source, &status, 0), tell("source", status);
    if (pipe(to) < 0) fail("pipe");
    pid_t writer = start();
    if (writer == 0) {
        close(to[0]);
        for (;;)
            if (write(to[1], buffer, sizeof buffer) < 0) _exit(2);
    }
    close(to[1]);
    if (read(to[0], buffer, 10) != 10) fail("read");
    close(to[0]);
    waitpid(writer, &status, 0), tell("a writer nobody reads", status);
}

/* ---- exec ---- */

static void ignore(int number) { (void)number; }

static void executing(void)
{
    char *const arguments[] = {(char *)self, "echo", "an argument", "", "last", NULL}, *const environment[] = {"X=y",
                                                                                                               NULL};
    int status, kept = dup(1), closed = dup(1);
    char text[3][32];
    fcntl(closed, F_SETFD, FD_CLOEXEC);
    pid_t child = start();
    if (child == 0) {
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, ignore);
        execve(self, arguments, environment);
        fail("execve");
    }
    waitpid(child, &status, 0), tell("echo", status);
    snprintf(text[0], 32, "%d", kept), snprintf(text[1], 32, "%d", closed);
    char *const chain[] = {(char *)self, "chain", "5", text[0], text[1], NULL};
    if (posix_spawn(&child, self, NULL, NULL, chain, environ)) fail("posix_spawn");
    waitpid(child, &status, 0), tell("chain", status);
    printf("what is not there: %d", execve("/nowhere", arguments, environment));
    printf(" %s", strerror(errno));
    printf(", a directory: %d", execve("/", arguments, environment));
    printf(" %s\n", strerror(errno));
    child = vfork();
    if (child == 0) {
        data = 77;
        _exit(3);
    }
    waitpid(child, &status, 0), tell("vfork", status);
    printf("its memory was this: %u\n", data);
    close(kept), close(closed);
}

/* Scripts, and what cannot be run. */
static void interpreting(void)
{
    char *const arguments[] = {"script", "one", NULL}, *const environment[] = {NULL};
    static const struct {
        const char *name, *text;
        int mode;
    } files[] = {{"script", "#!./copy  echo  \n", 0755}, {"nested", "#! ./script\n", 0755},
                 {"plain", "no program\n", 0755},        {"empty", "", 0755},
                 {"hidden", "#!./copy\n", 0644},         {"lost", "#!/nowhere\n", 0755}};
    int status, from = open(self, O_RDONLY), to = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    static char buffer[65536];
    for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, (size_t)got) != got) fail("write");
    printf("while it is written to: %d", execve("copy", arguments, environment));
    printf(" %s\n", strerror(errno));
    close(from), close(to);
    for (unsigned i = 0; i < 6; i++) {
        to = open(files[i].name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (write(to, files[i].text, strlen(files[i].text)) < 0) fail("write");
        fchmod(to, (mode_t)files[i].mode), close(to);
    }
    for (unsigned i = 0; i < 6; i++) {
        pid_t child = start();
        if (child == 0) {
            execve(files[i].name, arguments, environment);
            printf("%s: %s\n", files[i].name, strerror(errno));
            fflush(stdout);
            _exit(8);
        }
        waitpid(child, &status, 0), tell(files[i].name, status);
    }
}

/* What memfd_create made can be run although it is open for writing. */
static void from_memory(void)
{
    char *const arguments[] = {"memory", "echo", "from memory", NULL}, *const environment[] = {"X=m", NULL};
    static char buffer[65536];
    int status, from = open(self, O_RDONLY), to = memfd_create("program", MFD_CLOEXEC);
    for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, (size_t)got) != got) fail("write");
    close(from);
    pid_t child = start();
    if (child == 0) {
        fexecve(to, arguments, environment);
        fail("fexecve");
    }
    close(to);
    waitpid(child, &status, 0), tell("from memory", status);
}

static int echo(int count, char **argument)
{
    printf("%d:", count);
    for (int i = 2; i < count; i++) printf(" <%s>", argument[i]);
    for (char **e = environ; *e; e++)
        if ((*e)[0] == 'X') printf(" %s", *e);
    struct sigaction old[2];
    sigaction(SIGUSR1, NULL, &old[0]), sigaction(SIGUSR2, NULL, &old[1]);
    printf(" ignored %d, default %d\n", old[0].sa_handler == SIG_IGN, old[1].sa_handler == SIG_DFL);
    return 4;
}

static int chain(char **argument)
{
    int left = atoi(argument[2]);
    char text[16], own[4096] = "";
    readlink(self, own, sizeof own - 1);
    printf("%d left, kept %d, closed %d, below /proc %d\n", left, fcntl(atoi(argument[3]), F_GETFD),
           fcntl(atoi(argument[4]), F_GETFD), strncmp(own, "/proc/", 6) == 0);
    fflush(stdout);
    if (!left) return 11;
    snprintf(text, sizeof text, "%d", left - 1);
    execl(self, self, "chain", text, argument[3], argument[4], NULL);
    return 1;
}

/* ---- signals between processes ---- */

static volatile sig_atomic_t got, from_child, sum;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    got++;
    from_child += info->si_pid > 1;
    if (number >= SIGRTMIN) sum = sum * 10 + info->si_value.sival_int;
}

static void signalling(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigset_t all, old;
    int status;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL), sigaction(SIGRTMIN, &action, NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid_t parent = getpid(), child = start();
    if (child == 0) {
        for (int i = 1; i <= 5; i++) sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i});
        kill(parent, SIGUSR1);
        sigset_t wait;
        sigfillset(&wait), sigdelset(&wait, SIGUSR1);
        while (got < 1) sigsuspend(&wait);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    while (got < 6) sigsuspend(&old);
    printf("signals %d, from a process %d, in order %d\n", (int)got, (int)from_child, (int)sum);
    kill(child, SIGUSR1);
    while (got < 7) sigsuspend(&old);
    waitpid(child, &status, 0), tell("answered", status);
    sigprocmask(SIG_SETMASK, &old, NULL);

    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGCHLD, &action, NULL);
    got = 0;
    int seen[2];
    char word;
    if (pipe(seen) < 0) fail("pipe");
    child = start();
    if (child == 0) { /* lives until its parent has seen it go on */
        raise(SIGSTOP);
        close(seen[1]);
        while (read(seen[0], &word, 1) < 0) continue;
        _exit(6);
    }
    close(seen[0]);
    waitpid(child, &status, WUNTRACED), tell("child", status);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED), tell("child", status);
    close(seen[1]);
    waitpid(child, &status, 0), tell("child", status);
    printf("told of it: %d\n", got >= 1);
    signal(SIGCHLD, SIG_IGN);
    child = start();
    if (child == 0) _exit(1);
    printf("nobody to wait for: %d", waitpid(child, &status, 0));
    printf(" %s\n", strerror(errno));
    signal(SIGCHLD, SIG_DFL);
}

static void grouping(void)
{
    int status, ready[2];
    char byte;
    pid_t first = 0, child[3];
    if (pipe(ready) < 0) fail("pipe");
    for (unsigned i = 0; i < 3; i++) {
        child[i] = start();
        if (child[i] == 0) {
            setpgid(0, first);
            if (write(ready[1], "x", 1) != 1) _exit(1);
            for (;;) pause();
        }
        if (!first) first = child[0];
        setpgid(child[i], first);
    }
    for (unsigned i = 0; i < 3; i++)
        if (read(ready[0], &byte, 1) != 1) fail("read");
    printf("groups: %d %d", getpgid(child[1]) == first, getpgid(0) == first);
    kill(-first, SIGTERM);
    unsigned ended = 0;
    for (unsigned i = 0; i < 3; i++)
        if (waitpid(-first, &status, 0) > 0 && WIFSIGNALED(status)) ended++;
    printf(", ended %u\n", ended);
    siginfo_t info;
    pid_t one = start();
    if (one == 0) _exit(setsid() == getpid() ? 21 : 1);
    memset(&info, 0, sizeof info);
    waitid(P_PID, (id_t)one, &info, WEXITED | WNOWAIT);
    printf("waitid: %d %d %d", info.si_pid == one, info.si_code == CLD_EXITED, info.si_status);
    printf(", again %d\n", waitpid(one, &status, 0) == one);
    close(ready[0]), close(ready[1]);
}

/* ---- memory ---- */

static void sharing(void)
{
    struct {
        sem_t semaphore[2];
        volatile unsigned word[2000];
    } *shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned *private = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status;
    if (shared == MAP_FAILED || private == MAP_FAILED) fail("mmap");
    sem_init(&shared->semaphore[0], 1, 0), sem_init(&shared->semaphore[1], 1, 0);
    private[0] = 1;
    pid_t child = start();
    if (child == 0) {
        for (unsigned i = 0; i < 1000; i++) {
            sem_wait(&shared->semaphore[0]);
            shared->word[i] = shared->word[i] * 2 + private[0];
            private[0] += 2;
            sem_post(&shared->semaphore[1]);
        }
        _exit(0);
    }
    unsigned sum = 0;
    for (unsigned i = 0; i < 1000; i++) {
        shared->word[i] = i;
        sem_post(&shared->semaphore[0]);
        sem_wait(&shared->semaphore[1]);
        sum += shared->word[i];
    }
    waitpid(child, &status, 0), tell("a partner", status);
    printf("shared %u, private %u\n", sum, private[0]);
    munmap(shared, 65536);
}

int main(int count, char **argument)
{
    if (count > 1 && strcmp(argument[1], "echo") == 0) return echo(count, argument);
    if (count > 1 && strcmp(argument[1], "chain") == 0) return chain(argument);
    ending();
    many();
    piping();
    signalling();
    grouping();
    sharing();
    executing();
    interpreting();
    from_memory();
    return 0;
}
