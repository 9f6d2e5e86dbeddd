/* sigabbrev_np */
#define _GNU_SOURCE
#include "lab/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cms/cms.h"
#include "lab/check.h"
#include "lab/commands.h"
#include "lab/elf_symbols.h"
#include "lab/isa_row.h"
#include "lab/record.h"
#include "lab/sha256.h"
#include "lab/tee.h"
#include "lab/watcher.h"
#include "lab/x86_text.h"

enum { WINDOWS_MAX = 3 };

/* A run while it is under way. */
struct run {
    const struct run_request *request;
    struct machine *machine;
    struct hw_core *core;
    struct user *user;
    struct check *check; /* --check, or what a trace learns the instructions from */
    struct trace *trace; /* NULL: none */
    struct record record;
    bool recording;
    struct tee tee;
    bool teeing;
    struct stats_table table;
    struct snapshot_file *from; /* until it has been read */
    bool saved;       /* the snapshot that was asked for was taken */
    int broken;       /* exit code: the one to go on from was not to be loaded, and standard error says why */
    bool saving;      /* a snapshot is still to be taken */
    struct text rows; /* of timeline.csv, so far, for it */
    uint64_t next_row, next_edge, next_look; /* guest instructions: timeline row, end of a window, the nearer of both */
    struct stats row, edge;                  /* at the last row; at the last end of a window */
    struct stats_window windows[WINDOWS_MAX];
    unsigned window_count;
};

/* ---- looking on ---- */

/* What the region of interest is not to find warm: enum machine_cool. */
static unsigned cooled(const struct run *run)
{
    const struct lab_params *lab = &run->request->config->values.lab;
    return (lab->roi_caches ? COOL_CACHES : 0u) | (lab->roi_predictors ? COOL_PREDICTORS : 0u) |
           (lab->roi_translations ? COOL_TRANSLATIONS : 0u);
}

/* The first is the whole; the others are what lies between two ends. */
static const char *const window_names[WINDOWS_MAX] = {"total", "warmup", "roi"};

static void close_window(struct run *run, const struct stats *now)
{
    const struct lab_params *lab = &run->request->config->values.lab;
    struct stats_window *window = &run->windows[run->window_count];
    window->name = window_names[run->window_count];
    window->stats = *now;
    stats_subtract(&run->table, &window->stats, &run->edge);
    run->edge = *now;
    run->next_edge =
        run->window_count == 1 && lab->roi_insns ? now->machine.insns + (uint64_t)lab->roi_insns : UINT64_MAX;
    if (run->window_count == 1) machine_cool(run->machine, cooled(run));
    run->window_count++;
}

static void add_row(struct run *run, const struct stats *now)
{
    uint64_t spent[ACTIVITIES];
    for (unsigned a = 0; a < ACTIVITIES; a++) spent[a] = now->by_activity[a] - run->row.by_activity[a];
    struct text row = {0};
    record_print_row(now->machine.insns, now->total, spent, &row);
    if (run->recording) record_timeline(&run->record, &row);
    if (run->saving) text_add(&run->rows, text_string(&row), row.length);
    text_free(&row);
    run->row = *now;
    run->next_row = now->machine.insns + (uint64_t)run->request->config->values.lab.timeline_insns;
}

static void look(struct run *run)
{
    struct stats now;
    stats_collect(&now, run->machine, run->user);
    if (now.machine.insns >= run->next_row) add_row(run, &now);
    if (now.machine.insns >= run->next_edge) close_window(run, &now);
    run->next_look = run->next_row < run->next_edge ? run->next_row : run->next_edge;
}

static void committed(void *cookie, struct hw_core *core, uint32_t insns, unsigned flags)
{
    struct run *run = cookie;
    if (run->check) {
        check_committed(run->check, core, insns, flags);
        if (check_diverged(run->check)) user_interrupt(run->user);
    }
    if (run->trace) trace_committed(run->trace, core, user_thread(run->user));
    if (hw_insns(core) >= run->next_look) look(run);
}

static void stored(void *cookie, uint64_t physical, unsigned bytes)
{
    struct run *run = cookie;
    check_stored(run->check, physical, bytes);
}

static void platform(void *cookie, struct hw_core *core, bool after)
{
    struct run *run = cookie;
    check_platform(run->check, core, after);
}

static void region(void *cookie, struct hw_core *core, enum hw_region_event event, const struct hw_region_info *info)
{
    struct run *run = cookie;
    if (event == REGION_BORN && (run->recording || run->saving)) regions_made(&run->record.regions, core, info);
    if (run->trace) trace_region(run->trace, core, event, info);
}

/* ---- what a trace looks at ---- */

static void stepped(void *cookie, const struct check_step *step) { trace_stepped(((struct run *)cookie)->trace, step); }

static void spent(void *cookie, struct hw_core *core, enum hw_activity activity, unsigned work)
{
    trace_spent(((struct run *)cookie)->trace, core, activity, work);
}

static void bundle(void *cookie, struct hw_core *core, uint32_t tpc)
{
    trace_bundle(((struct run *)cookie)->trace, core, tpc);
}

static void left(void *cookie, struct hw_core *core, const struct hw_exit *exit)
{
    trace_left(((struct run *)cookie)->trace, core, exit);
}

static void observe_for_trace(const struct run *run, struct machine_observer *observer)
{
    const struct machine_observer wanted = {
        .committed = committed, .spent = spent, .bundle = bundle, .left = left, .region = region};
    trace_observe(run->trace, observer, &wanted);
    if (trace_steps(run->trace)) check_on_step(run->check, stepped, (void *)run);
}

/* ---- snapshots ---- */

/* Windows and timeline; where the snapshot's keys of the laboratory are others, those of this run hold from here on. */
static void looks_snapshot(struct run *run, struct snapshot *snapshot)
{
    const struct lab_params *lab = &run->request->config->values.lab;
    struct lab_params then = *lab;
    snapshot_section(snapshot, "lab");
    SNAPSHOT(snapshot, then);
    SNAPSHOT_RANGE(snapshot, run, row, edge);
    SNAPSHOT(snapshot, run->next_edge);
    run->window_count = snapshot_count(snapshot, run->window_count, WINDOWS_MAX);
    for (unsigned i = 1; i < run->window_count; i++) {
        run->windows[i].name = window_names[i];
        SNAPSHOT(snapshot, run->windows[i].stats);
    }
    regions_snapshot(&run->record.regions, snapshot);
    uint32_t rows = snapshot_count(snapshot, (uint32_t)run->rows.length, INT32_MAX);
    if (snapshot->loading) {
        char *text = lab_allocate(rows + 1);
        snapshot_bytes(snapshot, text, rows);
        text_add(&run->rows, text, rows);
        free(text);
    } else {
        snapshot_bytes(snapshot, run->rows.data, rows);
    }
    if (!snapshot->loading || memcmp(&then, lab, sizeof then) == 0) return;
    run->next_edge = lab->warmup_insns ? (uint64_t)lab->warmup_insns : UINT64_MAX;
    if (run->window_count > 1 || run->next_edge <= run->request->from_insns)
        snapshot_fail(snapshot, "lab.window.* may only differ where the warm-up of neither run has ended");
}

static char *absolute(const char *path)
{
    char *real = realpath(path, NULL), *copy = lab_copy(real ? real : path);
    free(real);
    return copy;
}

static void save(struct run *run)
{
    const struct run_request *request = run->request;
    char hash[SHA256_TEXT_BYTES], *program = absolute(request->program), *root = absolute(request->root);
    struct text config = {0};
    config_print(request->config, false, &config);
    sha256_file(request->program, hash);
    struct snapshot_origin origin = {.config = (char *)text_string(&config),
                                     .program = program,
                                     .root = root,
                                     .program_hash = hash,
                                     .argv = request->argv,
                                     .env = request->env,
                                     .write = request->write,
                                     .insns = hw_insns(run->core)};
    struct snapshot_file *file = snapshot_write_begin(request->save_path, &origin);
    if (file) {
        looks_snapshot(run, snapshot_stream(file));
        user_snapshot(run->user, snapshot_stream(file));
        machine_snapshot(run->machine, snapshot_stream(file));
    }
    run->saved = file && snapshot_write_end(file);
    text_free(&config);
    free(program);
    free(root);
}

static void observe(struct run *run);

static void resting(void *cookie, struct hw_core *core)
{
    struct run *run = cookie;
    if (hw_insns(core) < run->request->save_at) return;
    save(run);
    run->saving = false;
    text_free(&run->rows);
    observe(run);
}

/* Everything but the user platform has been made. NULL: `error` says why, or standard error has it. */
static struct user *resume(struct run *run, const struct user_config *config, char *error, size_t capacity)
{
    struct snapshot_file *file = run->from;
    looks_snapshot(run, snapshot_stream(file));
    bool windows = !snapshot_stream(file)->failed;
    struct user *user = user_resume(run->machine, config, snapshot_stream(file), error, capacity);
    if (user) {
        machine_snapshot(run->machine, snapshot_stream(file));
        core_event_changed(run->core); /* the limit may be another */
    }
    run->from = NULL;
    if (!snapshot_read_end(file)) run->broken = windows ? EXIT_USAGE : EXIT_CONFIG;
    if (run->recording && user) {
        record_timeline(&run->record, &run->rows);
        for (unsigned stream = 1; stream <= 2; stream++) {
            const void *bytes;
            size_t count;
            user_output(user, stream, &bytes, &count);
            tee_before(&run->tee, stream, bytes, count);
        }
    }
    if (!run->saving) text_free(&run->rows);
    return user;
}

/* ---- beginning to look ---- */

static void observe(struct run *run)
{
    const struct lab_params *lab = &run->request->config->values.lab;
    bool looking = run->recording || run->saving;
    run->next_row = looking ? run->row.machine.insns + (uint64_t)lab->timeline_insns : UINT64_MAX;
    bool windows = looking || cooled(run); /* what is cooled is so whether anybody keeps the windows or not */
    if (!windows) run->next_edge = UINT64_MAX;
    run->next_look = run->next_row < run->next_edge ? run->next_row : run->next_edge;
    struct machine_observer observer = {.cookie = run};
    if (run->check || windows) observer.committed = committed;
    if (looking) observer.region = region;
    if (run->saving) observer.resting = resting;
    if (run->check) {
        observer.stored = stored;
        observer.platform = platform;
    }
    if (run->trace) observe_for_trace(run, &observer);
    machine_observe(run->machine, observer);
}

/* Tells of a system call that got ENOSYS. */
static void refused(void *cookie, uint32_t number, uint32_t site)
{
    struct run *run = cookie;
    const char *name = user_call_name(number);
    struct elf_file elf;
    struct text text = {0};
    elf_file_open(&elf, run->request->program);
    elf_symbol_print(&elf, site, &text);
    fprintf(stderr,
            "covm: the guest's system call %" PRIu32 " (%s) at 0x%08" PRIx32 "%s is not supported: it got ENOSYS\n",
            number, name ? name : "no such call", site, text_string(&text));
    text_free(&text);
    elf_file_close(&elf);
}

/* ---- making and ending ---- */

static void panicked(void *cookie)
{
    struct run *run = cookie;
    if (run->teeing) tee_end(&run->tee); /* what the guest wrote before is not our bug's to keep */
    if (run->trace) trace_destroy(run->trace);
    _exit(EXIT_INTERNAL);
}

/* Frees everything; the reason and the code are the caller's. */
static int release(struct run *run, int code, const char *error)
{
    if (error) fprintf(stderr, "covm: %s\n", error);
    if (run->teeing) tee_end(&run->tee);
    if (run->user) user_destroy(run->user);
    if (run->check) check_destroy(run->check);
    if (run->trace) trace_destroy(run->trace);
    if (run->machine) machine_destroy(run->machine);
    if (run->recording) record_free(&run->record);
    else regions_free(&run->record.regions);
    stats_table_free(&run->table);
    text_free(&run->rows);
    if (run->from) snapshot_read_drop(run->from);
    free(run);
    return code;
}

static bool prepare_trace(struct run *run)
{
    const struct run_request *request = run->request;
    const struct trace_source source = {.machine = run->machine,
                                        .program = request->program,
                                        .argv = request->argv,
                                        .frequency = (uint64_t)request->config->values.machine.frequency};
    run->trace = trace_create(request->trace, &source);
    return run->trace != NULL;
}

static int prepare(struct run *run)
{
    const struct run_request *request = run->request;
    char error[512] = "";
    struct machine_config machine = config_machine(request->config);
    run->machine = machine_create(&machine, error, sizeof error);
    if (!run->machine) return release(run, EXIT_CONFIG, error);
    run->core = machine_core(run->machine, 0);
    machine_on_panic(run->machine, panicked, run);
    bool program = elf_file_begins(request->program); /* what is none is refused below: there will be no record */
    if (request->directory && program) {
        if (!record_begin(&run->record, request)) return release(run, EXIT_USAGE, NULL);
        run->recording = true;
        if (!tee_begin(&run->tee, request->directory, request->output, request->error))
            return release(run, EXIT_USAGE, NULL);
        run->teeing = true;
    }
    if (run->saving && !run->recording) regions_begin(&run->record.regions, request->program);
    if (request->trace && !prepare_trace(run)) return release(run, EXIT_USAGE, NULL);
    if (request->check || (run->trace && trace_steps(run->trace)))
        run->check = check_create(run->machine, (uint64_t)request->config->values.machine.guest_limit);
    struct user_config user = {
        .params = request->config->values.user,
        .program = request->program,
        .argv = request->argv,
        .env = request->env,
        .root = request->root,
        .write = request->write,
        .input = STDIN_FILENO,
        .output = run->teeing ? run->tee.write_end[0] : request->output,
        .error = run->teeing ? run->tee.write_end[1] : request->error,
        .insns_max = request->insns_max,
        .refused = refused,
        .cookie = run,
        .capture = run->saving,
    };
    run->user = request->from ? resume(run, &user, error, sizeof error)
                              : user_create(run->machine, &user, error, sizeof error);
    if (run->broken) return release(run, run->broken, NULL);
    if (request->from && !run->user) return release(run, EXIT_USAGE, error);
    if (run->user && !program) return release(run, EXIT_USAGE, "the program has changed while it was looked at");
    if (!run->user) return release(run, access(request->program, R_OK) ? EXIT_USAGE : EXIT_GUEST, error);
    if (request->trace_letters) machine_trace(run->machine, request->trace_letters, request->trace_spc, STDERR_FILENO);
    if (run->check) check_begin(run->check, run->core);
    observe(run);
    return EXIT_FINE;
}

static void interrupt(void *cookie) { user_interrupt(((struct run *)cookie)->user); }
static uint64_t progress(void *cookie) { return hw_insns(((struct run *)cookie)->core); }

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void collect(struct run *run, struct run_result *result)
{
    result->status = user_status(run->user);
    if (result->status.note) snprintf(result->note, sizeof result->note, "%s", result->status.note);
    result->status.note = NULL; /* it belonged to the platform */
    result->diverged = run->check && check_diverged(run->check);
    stats_collect(&result->stats, run->machine, run->user);
    result->byte_count = hw_fetch(run->core, result->status.eip, true, result->bytes, sizeof result->bytes);
    for (unsigned i = 0; i < LENGTH(result->registers); i++) result->registers[i] = (uint32_t)hw_state(run->core)->r[i];
    run->windows[0] = (struct stats_window){.name = "total", .stats = result->stats};
    if (run->window_count > 1 || run->next_edge != UINT64_MAX) {
        if (run->window_count < WINDOWS_MAX) close_window(run, &result->stats);
    }
}

/* NULL, or how a run was stopped that would have gone on. (A limit that was asked for is all that was asked for.) */
static const char *broken_off(const struct run_result *result)
{
    if (result->diverged) return "ended by a divergence";
    return result->status.end == USER_INTERRUPTED ? "interrupted" : NULL;
}

int run_guest(const struct run_request *request, struct run_result *result)
{
    *result = (struct run_result){0};
    struct run *run = lab_allocate(sizeof *run);
    const struct lab_params *lab = &request->config->values.lab;
    *run = (struct run){.request = request,
                        .from = request->from,
                        .saving = request->save_path,
                        .window_count = 1,
                        .next_edge = lab->warmup_insns ? (uint64_t)lab->warmup_insns : UINT64_MAX};
    stats_table_init(&run->table);
    signal(SIGPIPE, SIG_IGN); /* a write into a closed pipe is the guest's affair */
    int code = prepare(run);
    if (code) return code;
    struct watcher watcher = {.interrupt = interrupt, .progress = request->heartbeat ? progress : NULL, .cookie = run};
    watcher_begin(&watcher);
    double start = cpu_seconds();
    if (request->from) {
        cms_resume(run->core);
    } else {
        cms_boot(run->core);
        cms_run(run->core);
    }
    result->cpu_seconds = cpu_seconds() - start;
    result->signal = watcher_end(&watcher);
    if (run->check) check_finish(run->check, run->core);
    collect(run, result);
    if (run->saving)
        fprintf(stderr, "covm: no snapshot was taken: the run ended at %" PRIu64 " guest instructions\n",
                result->stats.machine.insns);
    result->not_saved = request->save_path && !run->saved;
    if (run->teeing) tee_end(&run->tee);
    run->teeing = false;
    if (run->trace && !trace_end(run->trace, broken_off(result))) return release(run, EXIT_USAGE, NULL);
    if (run->recording) {
        if (run->row.machine.insns < result->stats.machine.insns) add_row(run, &result->stats);
        if (!record_end(&run->record, request, result, run->machine, &run->table, run->windows, run->window_count)) {
            return release(run, EXIT_USAGE, NULL);
        }
    }
    return release(run, EXIT_FINE, NULL);
}

/* ---- telling how it ended ---- */

int run_exit_code(const struct run_result *result, bool guest_exit)
{
    if (result->diverged) return EXIT_CHECK_FAILED;
    switch (result->status.end) {
    case USER_EXITED: return guest_exit ? result->status.code & 0xff : EXIT_FINE;
    case USER_KILLED: return guest_exit ? EXIT_BY_SIGNAL + result->status.code : EXIT_GUEST;
    case USER_UNSUPPORTED: return EXIT_GUEST;
    case USER_LIMIT: return EXIT_LIMIT;
    case USER_INTERRUPTED: return EXIT_BY_SIGNAL + (result->signal ? result->signal : SIGINT);
    default: return EXIT_INTERNAL;
    }
}

static void print_place(const struct elf_file *elf, const struct run_result *result, struct text *text)
{
    text_printf(text, "covm: at 0x%08" PRIx64, result->status.eip);
    x86_text_place(elf, result->status.eip, result->bytes, result->byte_count, text);
    text_printf(text, "\n");
}

/* What to do about an opcode that is invalid here and not to Zydis: the processor lacks it, or covm does. */
static void print_remedy(const struct run_request *request, const struct run_result *result, struct text *text)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct x86_insn ours;
    enum cpu has = (enum cpu)request->config->values.machine.cpu;
    if (!x86_zydis(result->bytes, result->byte_count, &insn, operands)) return;
    const char *extension = ZydisISASetGetString(insn.meta.isa_set);
    if (x86_decode(result->bytes, result->byte_count, ISA_CONTEXT, &ours) != X86_OK) {
        text_printf(text,
                    "covm: an instruction of %s, which covm does not have: compile for a processor that it has, by "
                    "gcc -m32 -static -march=nehalem\ncovm: or an older one. 'covm scan %s' lists all that are not "
                    "supported.\n",
                    extension, request->program);
    } else if (isa_row_cpu(ours.row) > has) {
        text_printf(text,
                    "covm: an instruction of %s, which guest.cpu=%s does not have: run with --set guest.cpu=%s, or "
                    "compile for an older processor\n",
                    extension, isa_cpu_key(has), isa_cpu_key(isa_row_cpu(ours.row)));
    }
}

void run_explain(const struct run_request *request, const struct run_result *result)
{
    static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    const struct user_status *status = &result->status;
    struct text text = {0};
    if (status->end == USER_KILLED) {
        text_printf(&text, "covm: the guest was killed by SIG%s", sigabbrev_np(status->code));
        if (status->fault.vector == VECTOR_PF)
            text_printf(&text, ": page fault at 0x%08" PRIx64 " (error code %" PRIu32 ")", status->fault.address,
                        status->fault.error);
        text_printf(&text, "%s%s\n", *result->note ? ": " : "", result->note);
    } else if (status->end == USER_UNSUPPORTED) {
        text_printf(&text, "covm: %s\n", *result->note ? result->note : "unsupported instruction");
    } else {
        return;
    }
    struct elf_file elf;
    elf_file_open(&elf, request->program);
    print_place(&elf, result, &text);
    elf_file_close(&elf);
    if (status->end == USER_KILLED && status->fault.vector == VECTOR_UD) print_remedy(request, result, &text);
    text_printf(&text, "covm:");
    for (unsigned i = 0; i < LENGTH(names); i++) text_printf(&text, " %s=%08" PRIx32, names[i], result->registers[i]);
    fprintf(stderr, "%s\n", text_string(&text));
    text_free(&text);
}
