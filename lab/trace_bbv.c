/* trace_bbv.c -- basic-block vectors, the input of SimPoint (Sherwood, Perelman, Hamerly, Calder: "Automatically
 * Characterizing Large Scale Program Behavior", ASPLOS 2002). A line per interval of guest instructions:
 *
 *     T:id:count :id:count ...
 *
 * with the instructions executed in each block, so that the counts of a line add up to the interval. FILE.pc tells for
 * each id where the block begins ("F:id:address:function", as valgrind's exp-bbv writes it).
 *
 * A block is what runs from one control transfer, taken or not, to the next; a signal or a change of threads cuts it.
 * It is named by the address of its first instruction, whichever process runs it. All of this is the guest's own: it
 * depends neither on the gear nor on the machine, as long as guest time does not (guest.time: instructions).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "lab/trace_format.h"

struct bbv {
    struct trace_file names;
    struct trace_map blocks; /* by address */
    uint64_t *counts;        /* of the interval under way, by block */
    unsigned capacity;
    uint64_t insns, all; /* of the interval; of the run */
    unsigned block;      /* that is being run */
    uint64_t next;       /* where it goes on */
    bool open;           /* it does */
};

static bool begin(struct trace *trace)
{
    struct bbv *bbv = trace->self = lab_allocate(sizeof *bbv);
    char *path = lab_printf("%s.pc", trace->request.path);
    bool fine = trace_file_open(&bbv->names, path);
    free(path);
    return fine;
}

static void print_interval(struct trace *trace)
{
    struct bbv *bbv = trace->self;
    FILE *file = trace->main.file;
    fputc('T', file);
    for (unsigned i = 0; i < bbv->blocks.count; i++) {
        if (!bbv->counts[i]) continue;
        fprintf(file, ":%u:%" PRIu64 " ", i + 1, bbv->counts[i]);
        bbv->counts[i] = 0;
    }
    fputc('\n', file);
    bbv->insns = 0;
}

static void enter(struct bbv *bbv, uint64_t address)
{
    bbv->block = trace_map_add(&bbv->blocks, (uint32_t)address, 0, 0);
    if (bbv->block < bbv->capacity) return;
    unsigned capacity = bbv->capacity ? bbv->capacity * 2 : 1024;
    bbv->counts = lab_reallocate(bbv->counts, capacity * sizeof *bbv->counts);
    for (unsigned i = bbv->capacity; i < capacity; i++) bbv->counts[i] = 0;
    bbv->capacity = capacity;
}

static void stepped(struct trace *trace, const struct check_step *step)
{
    struct bbv *bbv = trace->self;
    if (!step->retired) return;
    if (!bbv->open || step->address != bbv->next) enter(bbv, step->address);
    bbv->open = !step->transfers;
    bbv->next = step->address + step->length;
    bbv->counts[bbv->block]++;
    bbv->all++;
    if (++bbv->insns == trace->request.interval) print_interval(trace);
}

static bool end(struct trace *trace, const char *partial)
{
    struct bbv *bbv = trace->self;
    if (bbv->insns) print_interval(trace);
    fprintf(trace->main.file, "# %" PRIu64 " guest instructions in intervals of %" PRIu64 ", %u blocks\n", bbv->all,
            trace->request.interval, bbv->blocks.count);
    if (partial) fprintf(trace->main.file, "# partial: the run was %s\n", partial);
    for (unsigned i = 0; i < bbv->blocks.count; i++) {
        uint32_t address = bbv->blocks.keys[i].a;
        unsigned function = trace_function(trace, address);
        fprintf(bbv->names.file, "F:%u:%" PRIx32 ":%s\n", i + 1, address,
                function < trace->function_count ? trace->functions[function].name : "???");
    }
    return trace_file_keep(&bbv->names);
}

static void destroy(struct trace *trace)
{
    struct bbv *bbv = trace->self;
    trace_file_drop(&bbv->names);
    trace_map_free(&bbv->blocks);
    free(bbv->counts);
    free(bbv);
}

const struct trace_format trace_bbv = {
    .name = "bbv", .steps = true, .begin = begin, .stepped = stepped, .end = end, .destroy = destroy};
