/* snapshot.h -- saving a run and going on with it later (lab/snapshot.h has the plan, and the file). Freestanding.
 *
 * What a module keeps is stated once, for both directions: a function MODULE_snapshot(snapshot, object) hands each
 * piece of the object to snapshot_bytes, which writes it out or fills it in. Objects are named by where they stand in a
 * list that was moved before, never by address; what only makes the simulator fast is left out and made anew.
 */
#ifndef COVM_SNAPSHOT_H
#define COVM_SNAPSHOT_H

#include "hwsim/base/base.h"

struct snapshot {
    bool loading;
    bool failed;      /* nothing is moved any more, and what is loaded reads as zeroes */
    char reason[400]; /* why, once `failed`: half a sentence for the person who runs covm */
    void *cookie;
    /* Moves the bytes to or from where they are kept; may call snapshot_fail. Set up by the owner. */
    void (*move)(struct snapshot *snapshot, void *bytes, size_t count);
};

/* The first reason counts. */
void snapshot_fail(struct snapshot *snapshot, const char *reason);
void snapshot_bytes(struct snapshot *snapshot, void *bytes, size_t count);
/* A number of things, which is at most `limit`: it says what memory is taken for them. */
uint32_t snapshot_count(struct snapshot *snapshot, uint32_t count, uint32_t limit);
bool snapshot_bool(struct snapshot *snapshot, bool value);
uint64_t snapshot_number(struct snapshot *snapshot, uint64_t value);
/* Writes the name of what follows, and expects it: the two directions have not come apart. */
void snapshot_section(struct snapshot *snapshot, const char *name);

/* A variable without pointers; the members of an object from one to another, without pointers either. */
#define SNAPSHOT(snapshot, variable) snapshot_bytes((snapshot), &(variable), sizeof(variable))
#define SNAPSHOT_RANGE(snapshot, object, first, last)                                                                  \
    snapshot_bytes((snapshot), (char *)(object) + offsetof(__typeof__(*(object)), first),                              \
                   offsetof(__typeof__(*(object)), last) + sizeof((object)->last) -                                    \
                       offsetof(__typeof__(*(object)), first))

#endif
