/* say.h -- how these programs tell what they see: every result is a line, errors by name, so that the host's kernel can be
 * the judge. To be included behind _GNU_SOURCE. */
#ifndef SAY_H
#define SAY_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline long say(const char *what, long result)
{
    if (result == -1)
        printf("%s: %s\n", what, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, result);
    return result;
}
/* Whether it was done, not what it gave. */
static inline void done(const char *what, long result) { say(what, result < 0 ? -1 : 0); }

/* Processes share what is written, not what waits to be. */
static inline pid_t fork_quietly(void)
{
    fflush(stdout);
    return fork();
}
static inline _Noreturn void leave(int code)
{
    fflush(stdout);
    _exit(code);
}
static inline void join(pid_t child)
{
    int status;
    fflush(stdout);
    waitpid(child, &status, 0);
    printf("child: %x\n", status);
}

#endif
