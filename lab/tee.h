/* tee.h -- copies what the guest writes to its standard output and error into files of the run record, while it is
 * passed on: a thread of its own between two pipes and where they lead.
 */
#ifndef COVM_TEE_H
#define COVM_TEE_H

#include <pthread.h>

#include "hwsim/base/base.h"

struct tee {
    int write_end[2]; /* what the guest gets as 1 and 2 */
    int read_end[2], to[2], copy[2];
    pthread_t thread;
};

/* Passes on to the two descriptors, copying to DIRECTORY/stdout and DIRECTORY/stderr. */
bool tee_begin(struct tee *tee, const char *directory, int output, int error);
/* Puts what was written before, in another run, into the copy of stream 1 or 2; before anything is passed on. */
void tee_before(struct tee *tee, unsigned stream, const void *bytes, size_t count);
/* Waits until everything has been passed on. */
void tee_end(struct tee *tee);

#endif
