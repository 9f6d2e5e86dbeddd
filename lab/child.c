#define _GNU_SOURCE /* execvpe, pipe2 */
#include "lab/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool child_succeeds(char *const *command)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        fprintf(stderr, "covm: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* In the child: never returns. */
static void become(char *const *command, char *const *environment, const char *directory, int output)
{
    int input = open("/dev/null", O_RDONLY);
    if (dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 && chdir(directory) == 0)
        execvpe(command[0], command, environment);
    dprintf(output, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}

bool child_reports(char *const *command, char *const *environment, const char *directory, struct text *said)
{
    int ends[2], status;
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC)) {
        text_printf(said, "%s: %s", command[0], strerror(errno));
        return false;
    }
    pid_t child = fork();
    if (child == 0) become(command, environment, directory, ends[1]);
    close(ends[1]);
    char block[4096];
    for (ssize_t got; child > 0 && (got = read(ends[0], block, sizeof block)) != 0;) {
        if (got > 0) text_add(said, block, (size_t)got);
        if (got < 0 && errno != EINTR) break;
    }
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        text_printf(said, "%s: %s", command[0], strerror(errno));
        return false;
    }
    if (WIFSIGNALED(status)) text_printf(said, "%s: ended by signal %d", command[0], WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
