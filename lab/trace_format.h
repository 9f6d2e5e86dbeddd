/* trace_format.h -- between trace.c and the formats, a file each. */
#ifndef COVM_TRACE_FORMAT_H
#define COVM_TRACE_FORMAT_H

#include <stdio.h>

#include "lab/elf_symbols.h"
#include "lab/trace.h"

/* A file on its way. */
struct trace_file {
    char *path, *temporary;
    FILE *file; /* NULL: none */
};

struct trace {
    struct trace_request request;
    struct trace_source source;
    struct hw_core *core;
    struct trace_file main;
    uint64_t told;        /* the first cycle that has not been told of */
    uint32_t thread;      /* that runs */
    uint16_t space;       /* address space of what runs, */
    uint16_t first_space; /* and of the program that was named: the one whose symbols are known */
    bool spaced;          /* first_space is known */
    struct elf_file elf;
    struct elf_function *functions; /* by address */
    unsigned function_count;
    void *self; /* the format's own */
};

/* The functions of a format; those that it does not need are NULL. `cycles`: that have passed since the last call of
 * `committed` or `spent`, which add up to the cycles of the run. */
struct trace_format {
    const char *name;
    bool steps; /* `stepped` needs a check */
    /* False, and told, if something cannot be. */
    bool (*begin)(struct trace *trace);
    void (*stepped)(struct trace *trace, const struct check_step *step);
    /* gear 0: an instruction, or an iteration, was interpreted. */
    void (*committed)(struct trace *trace, unsigned gear, uint64_t cycles);
    void (*spent)(struct trace *trace, enum hw_activity activity, unsigned work, uint64_t cycles);
    void (*bundle)(struct trace *trace, uint32_t tpc);
    void (*left)(struct trace *trace, const struct hw_exit *exit);
    void (*region)(struct trace *trace, enum hw_region_event event, const struct hw_region_info *info);
    /* Writes the file; false: told. */
    bool (*end)(struct trace *trace, const char *partial);
    void (*destroy)(struct trace *trace);
};
extern const struct trace_format trace_kanata, trace_perfetto, trace_callgrind, trace_bbv;

extern const char *const trace_activities[ACTIVITIES]; /* keys */

/* Opens a temporary file beside `path`; trace_file_keep makes it what was asked for, trace_file_drop removes it. False:
 * told. */
bool trace_file_open(struct trace_file *file, const char *path);
bool trace_file_keep(struct trace_file *file);
void trace_file_drop(struct trace_file *file);
/* Function of the program that covers an address, an index of trace->functions; UINT_MAX: none known. */
unsigned trace_function(const struct trace *trace, uint64_t address);
/* Appends "name+0x12", or nothing. */
void trace_print_place(const struct trace *trace, uint64_t address, struct text *text);

/* A map from three numbers to the index of the order in which they came, from 0. */
struct trace_key {
    uint32_t a, b, c;
};
struct trace_map {
    struct trace_key *keys;
    unsigned count, capacity;
    uint32_t *slots; /* index + 1; twice the capacity, a power of two */
};
unsigned trace_map_add(struct trace_map *map, uint32_t a, uint32_t b, uint32_t c);
void trace_map_free(struct trace_map *map);

#endif
