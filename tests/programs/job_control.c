/* job_control.c -- process groups, sessions and their terminal; stopping and going on. Where standard input is no
 * terminal, the tests get one of their own. All of them are told from the leader of the session. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void say(const char *what, long result)
{
    if (result == -1)
        printf("%s: %s\n", what, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, result);
    fflush(stdout);
}
static void tell(const char *what, int status)
{
    printf("%s: %s %d\n", what,
           WIFEXITED(status)      ? "exit"
           : WIFSTOPPED(status)   ? "stopped"
           : WIFCONTINUED(status) ? "goes on"
                                  : "killed",
           WIFEXITED(status)      ? WEXITSTATUS(status)
           : WIFSTOPPED(status)   ? WSTOPSIG(status)
           : WIFCONTINUED(status) ? 0
                                  : WTERMSIG(status));
    fflush(stdout);
}
static void see(const char *what, pid_t child, int options)
{
    int status = 0;
    if (waitpid(child, &status, options) == child)
        tell(what, status);
    else
        say(what, -1);
}
static void end(pid_t child)
{
    kill(child, SIGKILL);
    see("end", child, 0);
}

/* A child in a group of its own, in the background, doing something that ends it with a code. */
static pid_t background(int (*act)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        int code = act();
        fflush(stdout);
        _exit(code);
    }
    setpgid(child, child);
    return child;
}
static int forever(void)
{
    while (pause() < 0) {
    }
    return 0;
}

/* ---- ids ---- */

static void ids(void)
{
    int me = getpid();
    printf("leader %d %d %d %d\n", getsid(0) == me, getpgrp() == me, tcgetpgrp(0) == me, tcgetsid(0) == me);
    pid_t child = background(forever), other = background(forever);
    say("the leader's", setpgid(0, 0));
    say("an ancestor's", setpgid(getppid(), 0));
    say("negative", setpgid(child, -5));
    say("into no group", setpgid(child, 0x3ffffff));
    say("into the other's", setpgid(child, other));
    printf("there: %d\n", getpgid(child) == other);
    say("back home", setpgid(child, me));
    say("nobody", getpgid(0x3ffffff));
    say("nobody's session", getsid(0x3ffffff));
    say("leads no session", setsid());
    end(child), end(other);
    fflush(stdout);
    if ((child = fork()) == 0) {
        say("session", setsid() == getpid() ? 0 : -1);
        printf("%d %d\n", getsid(0) == getpid(), getpgrp() == getpid());
        say("another", setsid());
        say("foreground", tcgetpgrp(0));
        say("its session", tcgetsid(0));
        say("set", tcsetpgrp(0, getpid()));
        say("taken", ioctl(0, TIOCSCTTY, 0));
        say("none to leave", ioctl(0, TIOCNOTTY));
        say("opened", open("/dev/tty", O_RDWR));
        _exit(0);
    }
    see("a session", child, 0);
    if ((child = fork()) == 0) {
        execl("/proc/self/exe", "job_control", "sleep", (char *)NULL);
        _exit(1);
    }
    usleep(50000);
    say("one that has executed", setpgid(child, child));
    end(child);
}

/* ---- reading and writing in the background ---- */

static int count_of_signals;
static void count(int number) { (void)number, count_of_signals++; }

static char byte;
static int reads(void)
{
    say("read", read(0, &byte, 1));
    return 5;
}
static int reads_ignoring(void)
{
    signal(SIGTTIN, SIG_IGN);
    return reads();
}
static int reads_blocking(void)
{
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGTTIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return reads();
}
static int reads_handling(void)
{
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGTTIN, &action, NULL);
    reads();
    return count_of_signals;
}
static int reads_device(void)
{
    int tty = open("/dev/tty", O_RDWR);
    say("read", read(tty, &byte, 1));
    return 5;
}
static int writes(void)
{
    int tty = open("/dev/tty", O_RDWR);
    say("written", write(tty, "", 0) == 0 || write(tty, "text", 4));
    return 6;
}
static int writes_much(void)
{
    int tty = open("/dev/tty", O_RDWR);
    say("written", write(tty, "text", 4));
    return 6;
}
static int sets_group(void)
{
    say("set", tcsetpgrp(0, getpid()));
    return 7;
}
static int sets_group_ignoring(void)
{
    signal(SIGTTOU, SIG_IGN);
    return sets_group();
}
static int sets_modes(void)
{
    struct termios modes;
    tcgetattr(0, &modes);
    say("modes", tcsetattr(0, TCSANOW, &modes));
    return 8;
}
static int flushes(void)
{
    say("flushed", tcflush(0, TCIFLUSH));
    return 9;
}

static void stops(const char *what, int (*act)(void))
{
    pid_t child = background(act);
    see(what, child, WUNTRACED);
    kill(child, SIGCONT);
    see("again", child, WUNTRACED);
    end(child);
}

static void in_the_background(void)
{
    struct termios modes;
    stops("reads", reads);
    stops("reads /dev/tty", reads_device);
    see("reads, ignoring", background(reads_ignoring), 0);
    see("reads, blocking", background(reads_blocking), 0);
    see("reads, handling", background(reads_handling), 0);
    stops("sets the group", sets_group);
    stops("sets modes", sets_modes);
    stops("flushes", flushes);
    tcgetattr(0, &modes);
    modes.c_lflag |= TOSTOP;
    tcsetattr(0, TCSANOW, &modes);
    stops("writes", writes_much);
    modes.c_lflag &= ~(tcflag_t)TOSTOP;
    tcsetattr(0, TCSANOW, &modes);
    see("writes nothing", background(writes), 0);
}

/* ---- the foreground ---- */

static void the_foreground(void)
{
    int me = getpid();
    signal(SIGTTOU, SIG_IGN);
    see("takes it", background(sets_group_ignoring), 0);
    printf("mine: %d\n", tcgetpgrp(0) == me);
    say("taken back", tcsetpgrp(0, me));
    printf("mine: %d\n", tcgetpgrp(0) == me);
    pid_t child = background(forever);
    say("given", tcsetpgrp(0, child));
    printf("given: %d\n", tcgetpgrp(0) == child);
    say("flushed, ignoring", tcflush(0, TCIFLUSH));
    signal(SIGTTIN, SIG_IGN);
    say("read, ignoring", read(0, &byte, 1));
    signal(SIGTTIN, SIG_DFL);
    say("taken back", tcsetpgrp(0, me));
    say("nobody's", tcsetpgrp(0, 0x3ffffff));
    say("none", tcsetpgrp(0, 0));
    say("negative", tcsetpgrp(0, -7));
    say("nowhere", ioctl(0, TIOCSPGRP, (void *)8));
    end(child);
    fflush(stdout);
    if ((child = fork()) == 0) {
        setsid();
        for (;;) pause();
    }
    while (getsid(child) != child) usleep(1000);
    say("of another session", tcsetpgrp(0, child));
    end(child);
    int pipes[2];
    pipe(pipes);
    say("of no terminal", tcgetpgrp(pipes[0]));
    say("of no terminal", ioctl(pipes[0], TIOCSCTTY, 0));
    signal(SIGTTOU, SIG_DFL);
}

/* ---- stopping and going on ---- */

static volatile sig_atomic_t children_told, last_code, last_status;
static void on_child(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    children_told++, last_code = info->si_code, last_status = info->si_status;
}
static void told(const char *what)
{
    static int before;
    while (children_told == before) usleep(1000);
    before = children_told;
    printf("%s: told code %d, status %d\n", what, (int)last_code, (int)last_status);
}

static int handles_stop(void)
{
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGTSTP, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
    raise(SIGTSTP);
    raise(SIGSTOP);
    return count_of_signals;
}

static void going_on(void)
{
    siginfo_t info;
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
    pid_t child = background(forever);
    sigaction(SIGCHLD, &action, NULL);
    static const int stopping[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    for (unsigned i = 0; i < 4; i++) {
        kill(child, stopping[i]);
        told("stop");
        info.si_pid = 0;
        say("looked at", waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT));
        printf("%d %d %d\n", info.si_pid == child, info.si_code, info.si_status);
        see("seen", child, WUNTRACED);
        say("once", waitpid(child, NULL, WUNTRACED | WNOHANG));
        kill(child, SIGCONT);
        told("continued");
        say("not for this", waitpid(child, NULL, WUNTRACED | WNOHANG));
        see("seen", child, WCONTINUED);
        say("once", waitpid(child, NULL, WCONTINUED | WNOHANG));
    }
    kill(child, SIGSTOP);
    see("stopped", child, WUNTRACED);
    kill(child, SIGTERM);
    usleep(20000);
    say("does not end", waitpid(child, NULL, WNOHANG));
    kill(-child, SIGCONT);
    see("ends", child, 0);
    action.sa_flags |= SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, NULL);
    child = background(handles_stop);
    see("handles", child, WUNTRACED);
    int before = children_told;
    kill(child, SIGCONT);
    see("handled", child, 0);
    printf("told of its end alone: %d\n", children_told - before);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- groups that nobody looks after ---- */

/* A child that leaves a grandchild of the same group behind, which says what becomes of it through a pipe. */
static int report[2];
static void on_hangup(int number)
{
    char name = number == SIGHUP ? 'h' : 'c';
    write(report[1], &name, 1);
}
static int orphan_reads(void)
{
    usleep(60000);
    char name = read(0, &byte, 1) < 0 ? (errno == EIO ? 'e' : 'x') : 'r';
    write(report[1], &name, 1);
    raise(SIGTSTP); /* to no effect */
    write(report[1], "t", 1);
    return 0;
}
static int orphan_stops(void)
{
    signal(SIGHUP, on_hangup), signal(SIGCONT, on_hangup);
    raise(SIGSTOP);
    usleep(60000);
    write(report[1], "d", 1);
    return 0;
}
static int (*orphan)(void);
static int leaves_one(void)
{
    pid_t child = fork();
    if (child == 0) {
        close(report[0]);
        _exit(orphan());
    }
    if (orphan == orphan_stops) waitpid(child, NULL, WUNTRACED);
    return 0;
}
static void orphans(const char *what, int (*act)(void))
{
    char trail[16] = "";
    size_t length = 0;
    pipe(report);
    orphan = act;
    see(what, background(leaves_one), 0);
    close(report[1]);
    for (ssize_t got; (got = read(report[0], trail + length, sizeof trail - 1 - length)) > 0;) length += (size_t)got;
    if (strcmp(trail, "chd") == 0) strcpy(trail, "hcd"); /* either may come first */
    printf("%s: %s\n", what, trail);
    close(report[0]);
}

/* ---- doing without ---- */

static int leaves_terminal(void)
{
    say("left", ioctl(0, TIOCNOTTY));
    say("foreground", tcgetpgrp(0));
    say("opened", open("/dev/tty", O_RDWR));
    say("not the leader", ioctl(0, TIOCSCTTY, 0));
    return 3;
}

static void doing_without(void)
{
    int me = getpid();
    see("a member leaves", background(leaves_terminal), 0);
    printf("still mine: %d\n", tcgetpgrp(0) == me);
    say("mine already", ioctl(0, TIOCSCTTY, 0));
    pid_t child = background(forever);
    signal(SIGTTOU, SIG_IGN);
    say("given", tcsetpgrp(0, child));
    say("the leader leaves", ioctl(0, TIOCNOTTY));
    see("hung up", child, 0);
    say("foreground", tcgetpgrp(0));
    say("taken", ioctl(0, TIOCSCTTY, 0));
    printf("mine: %d %d\n", tcgetpgrp(0) == me, tcgetsid(0) == me);
}

/* In a session of its own, with a terminal that controls it. */
static int with_terminal(void)
{
    int status, master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master), unlockpt(master);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        int slave = open(ptsname(master), O_RDWR);
        dup2(slave, 0);
        close(slave), close(master);
        execl("/proc/self/exe", "job_control", (char *)NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count_of, char **argument)
{
    (void)argument;
    if (count_of > 1) return forever();
    if (!isatty(0)) return with_terminal();
    ids();
    in_the_background();
    the_foreground();
    going_on();
    orphans("orphan in the background", orphan_reads);
    orphans("orphan that is stopped", orphan_stops);
    doing_without();
    return 0;
}
