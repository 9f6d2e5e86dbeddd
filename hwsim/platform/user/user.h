/* user.h -- the user platform: loads a static i386 ELF and answers its Linux system calls, deterministically. */
#ifndef COVM_USER_H
#define COVM_USER_H

#include "hwsim/core/machine.h"

struct user_params {
#define PARAM PARAM_FIELD
#include "hwsim/platform/user/user_params.def"
#undef PARAM
};
extern const struct param_desc user_param_table[];
extern const unsigned user_param_count;

struct user_stats {
#define STAT STAT_FIELD
#include "hwsim/platform/user/user_stats.def"
#undef STAT
};
extern const struct stat_desc user_stat_table[];
extern const unsigned user_stat_count;

struct user_config {
    struct user_params params;
    const char *program;      /* host path of the ELF file */
    char *const *argv;        /* NULL-terminated; argv[0] canonical: the program's base name unless given */
    char *const *env;         /* NULL-terminated NAME=VALUE, beside the fixed environment */
    const char *root;         /* host directory that is the guest's / */
    bool write;               /* may it write below root */
    int input, output, error; /* host descriptors that the guest sees as 0, 1, 2 */
    uint64_t insns_max;       /* stop after that many guest instructions; 0: no limit */
    /* Told of each system call that is not supported, once; `site`: address of its INT, or, where that stands in a stub
     * of the C library's, of what follows the call of the stub. NULL: a line on standard error. */
    void (*refused)(void *cookie, uint32_t number, uint32_t site);
    void *cookie;
    bool capture; /* keep what the guest writes to 1 and 2, for a snapshot */
};

enum user_end { USER_RUNNING, USER_EXITED, USER_KILLED, USER_LIMIT, USER_INTERRUPTED, USER_UNSUPPORTED };
struct user_status {
    enum user_end end;
    int code;              /* exit status, or the number of the signal that killed it */
    struct hw_fault fault; /* KILLED by an exception: which */
    uint64_t eip;
    const char *note; /* what is worth telling the user, or NULL */
};

/* What becomes of a system call: handled; ENOSYS, silently, as C libraries know to go on without; ENOSYS, reported. */
enum user_call { USER_CALL_HANDLED, USER_CALL_ABSENT, USER_CALL_REFUSED };
enum user_call user_call_fate(uint32_t number);
/* NULL: no such call. */
const char *user_call_name(uint32_t number);

/* Loads the program into the machine and becomes its platform. NULL: `error` says "FILE: message". */
struct user *user_create(struct machine *machine, const struct user_config *config, char *error, size_t error_capacity);
void user_destroy(struct user *user);
struct user_status user_status(const struct user *user);
void user_collect(const struct user *user, struct user_stats *stats);
/* Linux's id of the thread that the core runs. */
uint32_t user_thread(const struct user *user);
/* From a signal handler: end the run with USER_INTERRUPTED at the next event check. */
void user_interrupt(struct user *user);

/* ---- snapshots ---- */

/* Saves the guest's system, from within the machine's `resting`; the machine keeps guest memory. Fails for what cannot
 * be saved, and names it. */
void user_snapshot(struct user *user, struct snapshot *snapshot);
/* A platform that goes on from a snapshot, in a machine that machine_snapshot loads next. Of `config` the program is
 * the file that was run, root the directory with the files that were open; input begins where it began; arguments and
 * environment are in guest memory. NULL: `error` or snapshot->reason says why. */
struct user *user_resume(struct machine *machine, const struct user_config *config, struct snapshot *snapshot,
                         char *error, size_t error_capacity);
/* All that the guest has written to stream 1 or 2, before the snapshot too, where config.capture says so. */
void user_output(const struct user *user, unsigned stream, const void **bytes, size_t *count);

#endif
