/* snapshot.h -- snapshots of a run, and the file that holds one.
 *
 * The contract. A run that goes on from a snapshot ends with the same bytes in stats.json, stats.csv, regions.csv,
 * timeline.csv, stdout and stderr of its record as the run that was never interrupted; these hold the whole, from the
 * guest's start. What covm passes through on its own standard output is the continuation alone. Standard input is to be
 * given again from where it began. --max-insns counts from the guest's start. A run that saves is not changed by it.
 *
 * Where. A snapshot is taken behind the first commit of a translation at or after the instruction that was asked for,
 * or where the CMS rests between two pieces of its work (hw_rest: the end of an interpreted block), whichever comes
 * first: elsewhere the CMS has state on the host's stack. It may lie between two chained translations, with results,
 * misses and released stores on their way: going on enters the bundle behind its commit (hw_resume).
 *
 * Who keeps what (each MODULE_snapshot states it once, for both directions):
 *   lab/run.c                windows, timeline, statistics at their last ends
 *   hwsim/platform/user/     processes, threads, signals, timers, futexes, descriptors, pipes, sockets with what is in
 *                            flight between them, epoll, locks, System V IPC, /tmp and /dev/shm with their contents,
 *                            host files by path, inodes, virtual time, random numbers, what was read and written on the
 *                            standard streams. Refused, in words: an open file that its name does not lead to any more
 *   hwsim/memory, hwsim/core frames with protection and sharers (page tables are in them), concealed memory (all of the
 *                            CMS: code cache, dispatch map, profile, links, pre-decoded IR), registers and shadow,
 *                            scoreboard, gate, alias table, caches, miss registers, TLB with its table of pointers,
 *                            JTLB, DRAS, predictor, DRAM, notices, events, injection, accounts, statistics
 * Made anew: decoded bundles, host pointers (from physical addresses and object numbers), what configuration decides.
 *
 * The file: a fixed header in the clear (below), then all else, compressed by zstd. It is good for the very build of
 * covm that wrote it, which is why structures are kept as they lie in memory.
 */
#ifndef COVM_LAB_SNAPSHOT_H
#define COVM_LAB_SNAPSHOT_H

#include "hwsim/base/snapshot.h"
#include "lab/config.h"

/* What was run, as far as the command line says it. Owned strings. */
struct snapshot_origin {
    char *config;         /* YAML, the whole of it */
    char *program, *root; /* absolute host paths */
    char *program_hash;
    char **argv, **env; /* NULL-terminated */
    bool write;
    uint64_t insns;
};
void snapshot_origin_free(struct snapshot_origin *origin);

struct snapshot_file;
/* A new file, complete once snapshot_write_end has given it its name. NULL: the reason went to standard error. */
struct snapshot_file *snapshot_write_begin(const char *path, struct snapshot_origin *origin);
/* False: what failed went to standard error, and there is no file. Frees it. */
bool snapshot_write_end(struct snapshot_file *file);
/* An intact file that this covm has written, up to its origin. NULL: the reason went to standard error. */
struct snapshot_file *snapshot_read_begin(const char *path, struct snapshot_origin *origin);
/* False: it does not end where it should, or failed before. Frees it. */
bool snapshot_read_end(struct snapshot_file *file);
/* Frees it, read as far as may be. */
void snapshot_read_drop(struct snapshot_file *file);
/* For the MODULE_snapshot functions. */
struct snapshot *snapshot_stream(struct snapshot_file *file);

/* The configuration of a run that goes on: that of the snapshot with the command line's keys, or all that the command
 * line says where that names a machine or a file. Whatever may not differ and does goes to standard error; false then.
 */
bool snapshot_config(struct config *config, const struct config_args *args, const struct snapshot_origin *origin,
                     const char *path);

#endif
