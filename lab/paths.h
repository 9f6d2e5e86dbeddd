/* paths.h -- where the installed tree is, found from the program's own place: nothing depends on the current directory.
 */
#ifndef COVM_PATHS_H
#define COVM_PATHS_H

#include <stdbool.h>

#include "lab/diag.h"

/* The directory that holds configs/ and workloads/: the nearest one above the program (of an installed one:
 * PREFIX/share/covm), else the tree that the program was built from. NULL if neither is there. To be freed. */
char *paths_home(void);
/* Is this home a tree of sources, in whose build/ and runs/ covm may write? Else covm is installed. */
bool paths_writable(const char *home);
/* The program's own file. To be freed. */
char *paths_program(void);
/* home/relative, to be freed; NULL (and an error) if there is no home. */
char *paths_in_home(const char *relative, struct diag *diag);
/* The preset configs/machines/NAME.yaml; NULL (and an error that names the known ones) if there is none. To be freed.
 */
char *paths_machine(const char *name, struct diag *diag);
/* The names of the presets, in order, NULL-terminated; none where there is no home. To be freed, each name too. */
char **paths_machines(void);

#endif
