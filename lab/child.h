/* child.h -- other programs, run by this one. */
#ifndef COVM_CHILD_H
#define COVM_CHILD_H

#include <stdbool.h>

/* Runs a command (NULL-terminated, looked up in PATH) to its end; standard input, output and error are ours. True if it
 * exited with 0; that it cannot be run is told on standard error. */
bool child_succeeds(char *const *command);

#endif
