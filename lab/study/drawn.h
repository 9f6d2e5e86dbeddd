/* drawn.h -- which of the files in a sweep's figures/ are covm's own: drawn.csv has the name and the SHA-256 of each that
 * it wrote. So those of a plot that the study no longer names go, and nothing else does.
 */
#ifndef COVM_DRAWN_H
#define COVM_DRAWN_H

#include <stdbool.h>

/* Moves the files in `scratch` into DIRECTORY/figures, which is there. `all`: they are what all plots of the study make:
 * a file that an earlier drawing noted goes, if it is still as it was then, and now there is none of its name, whatever
 * the ending. False: told on standard error. */
bool drawn_publish(const char *directory, const char *scratch, bool all);

#endif
