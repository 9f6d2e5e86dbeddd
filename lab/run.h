/* run.h -- one run of a guest program on a machine: what `covm run`, `bench` and `demo` do. */
#ifndef COVM_RUN_H
#define COVM_RUN_H

#include "lab/config.h"
#include "lab/snapshot.h"
#include "lab/stats.h"
#include "lab/trace.h"

struct run_request {
    const struct config *config;
    const char *program; /* host path */
    char **argv, **env;  /* NULL-terminated */
    const char *root;    /* host directory: the guest's / */
    bool write;
    int output, error;         /* host descriptors */
    uint64_t insns_max;        /* 0: no limit */
    bool check;                /* lockstep */
    const char *trace_letters; /* NULL: none */
    uint64_t trace_spc;
    const char *directory; /* run record; NULL: none */
    const struct trace_request *trace; /* NULL: none */
    bool heartbeat;        /* progress on standard error */
    const char *save_path;      /* a snapshot goes there; NULL: none is taken, */
    uint64_t save_at;           /* at the first opportunity behind so many guest instructions */
    struct snapshot_file *from; /* go on from this one, after its origin (run_guest frees it); NULL: from the start */
    uint64_t from_insns;        /* where that was taken */
    char **command;        /* NULL-terminated, for the record; may be NULL */
};
struct run_result {
    struct user_status status;
    char note[320];
    int signal;         /* that interrupted the run, or 0 */
    bool diverged;      /* --check found a difference, and has reported it */
    struct stats stats; /* of the whole run */
    uint8_t bytes[15];  /* of the instruction at which it ended, as far as they are mapped */
    unsigned byte_count;
    uint32_t registers[8]; /* EAX .. EDI at the end */
    double cpu_seconds;
    bool not_saved; /* a snapshot that was asked for was not taken; standard error says why */
};

/* Runs the guest. EXIT_FINE: *result tells how it ended. Otherwise nothing ran, the reason went to standard error, and
 * the exit code is returned. */
int run_guest(const struct run_request *request, struct run_result *result);
/* The exit code for how a run ended. */
int run_exit_code(const struct run_result *result, bool guest_exit);
/* Tells on standard error why a guest did not end by itself: address, bytes, instruction, symbol. */
void run_explain(const struct run_request *request, const struct run_result *result);

#endif
