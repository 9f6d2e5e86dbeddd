/* child.h -- other programs, run by this one. */
#ifndef COVM_CHILD_H
#define COVM_CHILD_H

#include <stdbool.h>

#include "lab/text.h"

/* Runs a command (NULL-terminated, looked up in PATH) to its end; standard input, output and error are ours. True if it
 * exited with 0; that it cannot be run is told on standard error. */
bool child_succeeds(char *const *command);
/* The same in `directory` and with this environment (NULL-terminated), nothing on standard input; what it writes to
 * standard output and error is appended to `said`, as is why it cannot be run or how it ended. */
bool child_reports(char *const *command, char *const *environment, const char *directory, struct text *said);

#endif
