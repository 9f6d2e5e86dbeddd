#include "lab/record.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/commands.h"
#include "lab/files.h"
#include "lab/paths.h"
#include "lab/sha256.h"
#include "lab/sums.h"
#include "lab/version.h"

static bool complain(const char *path)
{
    fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
    return false;
}

/* ---- the directory ---- */

static bool make_directory(const char *path)
{
    if (!files_make_directory(path)) return false;
    if (files_is_empty(path)) return true;
    fprintf(stderr, "covm: %s is not empty; a run record needs a directory of its own\n", path);
    return false;
}

static bool write_file(const struct record *record, const char *name, const struct text *text)
{
    char *path = lab_printf("%s/%s", record->directory, name);
    bool fine = files_write(path, text);
    free(path);
    return fine;
}

/* ---- identity ---- */

static char *hash_of_file(const char *path)
{
    char hash[SHA256_TEXT_BYTES] = "";
    if (path) sha256_file(path, hash);
    return lab_copy(hash);
}

static void add_string(struct sha256 *sha, const char *string) { sha256_add(sha, string, strlen(string) + 1); }

static void identify(struct record *record, const struct run_request *request)
{
    struct text config = {0};
    struct sha256 sha;
    char hash[SHA256_TEXT_BYTES];
    config_print(request->config, false, &config);
    sha256_begin(&sha);
    sha256_add(&sha, text_string(&config), config.length);
    sha256_end(&sha, hash);
    record->config_hash = lab_copy(hash);
    text_free(&config);
    char *program = paths_program();
    record->program_hash = hash_of_file(program);
    free(program);
    record->guest_hash = hash_of_file(request->program);
    sha256_begin(&sha);
    add_string(&sha, COVM_VERSION);
    add_string(&sha, record->config_hash);
    add_string(&sha, record->guest_hash);
    for (char **word = request->argv; *word; word++) add_string(&sha, *word);
    for (char **word = request->env; *word; word++) add_string(&sha, *word);
    sha256_end(&sha, hash);
    record->id = lab_printf("%.16s", hash);
}

/* ---- begin ---- */

bool record_begin(struct record *record, const struct run_request *request)
{
    *record = (struct record){.directory = request->directory};
    if (!make_directory(request->directory)) return false;
    identify(record, request);
    regions_begin(&record->regions, request->program);
    struct text config = {0};
    config_print(request->config, true, &config);
    bool fine = write_file(record, "config.effective.yaml", &config);
    text_free(&config);
    char *path = lab_printf("%s/timeline.csv", request->directory);
    record->timeline = fopen(path, "we");
    if (!record->timeline) {
        fine = complain(path);
    } else {
        fprintf(record->timeline, "insns,cycle"
#define ACTIVITY(name, key, meaning) "," key
#include "hwsim/activities.def"
#undef ACTIVITY
                                  "\n");
    }
    free(path);
    return fine;
}

void record_print_row(uint64_t insns, uint64_t cycle, const uint64_t by_activity[ACTIVITIES], struct text *row)
{
    text_printf(row, "%" PRIu64 ",%" PRIu64, insns, cycle);
    for (unsigned a = 0; a < ACTIVITIES; a++) text_printf(row, ",%" PRIu64, by_activity[a]);
    text_add(row, "\n", 1);
}

void record_timeline(struct record *record, const struct text *rows)
{
    fwrite(text_string(rows), 1, rows->length, record->timeline);
}

/* ---- end ---- */

static void print_member(struct text *text, const char *name, const char *value)
{
    text_printf(text, "  \"%s\": ", name);
    text_add_json(text, value);
    text_printf(text, ",\n");
}

static void print_list(struct text *text, const char *name, char *const *words)
{
    text_printf(text, "  \"%s\": [", name);
    for (unsigned i = 0; words && words[i]; i++) {
        text_printf(text, i ? ", " : "");
        text_add_json(text, words[i]);
    }
    text_printf(text, "],\n");
}

/* Does JSON hold these words byte for byte? */
static bool are_exact(char *const *words)
{
    while (words && *words && text_is_utf8(*words)) words++;
    return !words || !*words;
}

static void print_end(struct text *text, const struct run_result *result)
{
    static const char *const ends[] = {
        [USER_RUNNING] = "running", [USER_EXITED] = "exited",           [USER_KILLED] = "killed",
        [USER_LIMIT] = "limit",     [USER_INTERRUPTED] = "interrupted", [USER_UNSUPPORTED] = "unsupported"};
    const struct user_status *status = &result->status;
    print_member(text, "end", result->diverged ? "diverged" : ends[status->end]);
    text_printf(text, "  \"exit_code\": ");
    text_printf(text, status->end == USER_EXITED ? "%d,\n" : "null,\n", status->code);
    text_printf(text, "  \"killed_by_signal\": ");
    text_printf(text, status->end == USER_KILLED ? "%d,\n" : "null,\n", status->code);
    /* Partial: someone stopped it. A limit that was asked for is the whole of what was asked for. */
    text_printf(text, "  \"complete\": %s,\n", status->end == USER_INTERRUPTED || result->diverged ? "false" : "true");
}

/* In the order of the table: run.json, sums.csv, and those that a run made again has, too. */
static char *const files[] = {
#define RECORD_FILE(name, meaning) name,
#define VARIABLE(name, meaning)
#include "lab/manual.def"
    NULL};
enum { FILES_MADE_AGAIN = 2 };

static void print_run(const struct record *record, const struct run_request *request, const struct run_result *result,
                      struct text *text)
{
    static const char *const not_modelled[] = {
#define NOT_MODELLED(item) item,
#include "lab/not_modelled.def"
#undef NOT_MODELLED
        NULL};
    text_printf(text, "{\n  \"schema\": 1,\n");
    print_member(text, "run", record->id);
    print_member(text, "covm", COVM_VERSION);
    print_member(text, "compiler", __VERSION__);
    print_member(text, "program_sha256", record->program_hash);
    print_member(text, "config_sha256", record->config_hash);
    print_member(text, "guest", request->program);
    print_member(text, "guest_sha256", record->guest_hash);
    char root[PATH_MAX], here[PATH_MAX];
    print_member(text, "root", realpath(request->root, root) ? root : request->root);
    text_printf(text, "  \"write\": %s,\n  \"max_insns\": %" PRIu64 ",\n", request->write ? "true" : "false",
                request->insns_max);
    print_list(text, "argv", request->argv);
    print_list(text, "env", request->env);
    text_printf(text, "  \"words_exact\": %s,\n",
                are_exact(request->argv) && are_exact(request->env) ? "true" : "false");
    print_list(text, "command", request->command);
    print_member(text, "directory", getcwd(here, sizeof here) ? here : "");
    text_printf(text, request->from ? "  \"resumed_at_insns\": %" PRIu64 ",\n" : "  \"resumed_at_insns\": null,\n",
                request->from_insns);
    text_printf(text, "  \"seed\": %" PRId64 ",\n", request->config->values.user.seed);
    print_end(text, result);
    print_member(text, "check", !request->check ? "off" : result->diverged ? "diverged" : "clean");
    text_printf(text, "  \"insns\": %" PRIu64 ",\n  \"cycles\": %" PRIu64 ",\n  \"host_cpu_seconds\": %.3f,\n",
                result->stats.machine.insns, result->stats.total, result->cpu_seconds);
    print_list(text, "files", files + FILES_MADE_AGAIN);
    text_printf(text, "  \"not_modelled\": [");
    for (unsigned i = 0; not_modelled[i]; i++) {
        text_printf(text, "%s\n    ", i ? "," : "");
        text_add_json(text, not_modelled[i]);
    }
    text_printf(text, "\n  ]\n}\n");
}

bool record_end(struct record *record, const struct run_request *request, const struct run_result *result,
                const struct machine *machine, const struct stats_table *table, const struct stats_window *windows,
                unsigned window_count)
{
    struct text json = {0}, csv = {0}, regions = {0}, run = {0};
    bool fine = fclose(record->timeline) == 0;
    record->timeline = NULL;
    stats_print_json(table, windows, window_count, &json);
    stats_print_csv(table, record->id, windows, window_count, &csv);
    regions_print(&record->regions, machine, &regions);
    print_run(record, request, result, &run);
    fine = write_file(record, "stats.json", &json) && write_file(record, "stats.csv", &csv) &&
           write_file(record, "regions.csv", &regions) && fine &&
           sums_write(record->directory, (const char *const *)files + FILES_MADE_AGAIN, &run) &&
           write_file(record, "run.json", &run);
    text_free(&json);
    text_free(&csv);
    text_free(&regions);
    text_free(&run);
    return fine;
}

void record_free(struct record *record)
{
    if (record->timeline) fclose(record->timeline);
    regions_free(&record->regions);
    free(record->id);
    free(record->program_hash);
    free(record->config_hash);
    free(record->guest_hash);
    *record = (struct record){0};
}

/* ---- of a record that is there ---- */

static bool holds(const char *directory, const char *name)
{
    char *path = lab_printf("%s/%s", directory, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

int record_check(const char *directory)
{
    if (!holds(directory, "run.json")) {
        fprintf(stderr, "covm: %s is no finished run record (run.json)\n", directory);
        return EXIT_USAGE;
    }
    char *damage = sums_exist(directory) ? sums_check(directory, NULL) : NULL;
    if (damage) fprintf(stderr, "covm: the record in %s is damaged: %s\n", directory, damage);
    free(damage);
    return damage ? EXIT_CHECK_FAILED : EXIT_FINE;
}

static bool is_of_record(const char *name)
{
    for (unsigned i = 0; files[i]; i++)
        if (!strcmp(files[i], name)) return true;
    return false;
}

bool record_may_make(const char *made, const char *directory)
{
    char *place = files_parent(made);
    const char *slash = strrchr(made, '/');
    bool fine = !is_of_record(slash ? slash + 1 : made) ||
                !((directory && files_are_same(place, directory)) || (holds(place, "run.json") && sums_exist(place)));
    if (!fine) fprintf(stderr, "covm: %s: is a file of the run record in %s\n", made, place);
    free(place);
    return fine;
}

static const char *member(const struct node *run, const char *name)
{
    const struct node *node = node_find(run, name);
    return node && node_word(node) ? node_word(node) : "";
}

static bool is_guest(const struct node *run, const char *path)
{
    char hash[SHA256_TEXT_BYTES];
    return path && sha256_file(path, hash) && !strcmp(hash, member(run, "guest_sha256"));
}

char *record_find_guest(const struct node *run)
{
    const char *name = member(run, "guest"), *origin = member(run, "directory");
    char *there = *name == '/' || !*origin ? lab_copy(name) : lab_printf("%s/%s", origin, name);
    char *found = realpath(is_guest(run, there) ? there : name, NULL);
    free(there);
    if (is_guest(run, found)) return found;
    free(found);
    return NULL;
}
