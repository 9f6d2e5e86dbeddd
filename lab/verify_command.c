/* verify_command.c -- covm verify: runs a recorded run again where everything that must not matter is different, and
 * compares the records byte by byte. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/files.h"
#include "lab/paths.h"
#include "lab/record.h"
#include "lab/sha256.h"

enum { RECORD_BYTES_MAX = 1 << 30 };

/* What a run is made again from. */
struct recorded {
    const char *directory;
    struct document run;    /* run.json */
    char *guest;            /* its program, an absolute path; owned; NULL: not there */
    char **command;         /* NULL-terminated, without the output's directory; owned */
    unsigned words, output; /* where that goes */
};

/* ---- what is different ---- */

static void elsewhere(void)
{
    if (chdir("/")) perror("/");
}

static void other_environment(void)
{
    char *long_value = lab_allocate(1 << 16);
    memset(long_value, 'x', (1 << 16) - 1);
    clearenv();
    setenv("LC_ALL", "tr_TR.UTF-8", 1);
    setenv("TZ", "Asia/Kathmandu", 1);
    setenv("HOME", "/nonexistent", 1);
    setenv("MALLOC_PERTURB_", "165", 1);
    setenv("LONG", long_value, 1);
}

static void fixed_addresses(void) { personality(ADDR_NO_RANDOMIZE); }

/* Another layout of the address space: from the bottom up, another stack. */
static void other_addresses(void)
{
    struct rlimit limit = {.rlim_cur = 64 << 20, .rlim_max = RLIM_INFINITY};
    personality(ADDR_COMPAT_LAYOUT);
    setrlimit(RLIMIT_STACK, &limit);
}

static const struct {
    const char *name;
    void (*apply)(void);
} perturbations[] = {{"from another directory", elsewhere},
                     {"in another environment", other_environment},
                     {"at fixed addresses", fixed_addresses},
                     {"at other addresses", other_addresses}};

/* ---- the record ---- */

static const char *member(const struct recorded *r, const char *name)
{
    const struct node *node = node_find(r->run.root, name);
    return node && node->text ? node->text : "";
}

static void add_word(struct recorded *r, const char *word)
{
    r->command = lab_reallocate(r->command, (r->words + 2) * sizeof *r->command);
    r->command[r->words++] = lab_copy(word);
    r->command[r->words] = NULL;
}

static void add_list(struct recorded *r, const char *name, const char *option, unsigned from)
{
    const struct node *list = node_find(r->run.root, name);
    for (unsigned i = from; list && list->kind == NODE_LIST && i < list->count; i++) {
        if (option) add_word(r, option);
        add_word(r, list->items[i].text ? list->items[i].text : "");
    }
}

static void make_command(struct recorded *r)
{
    char *program = paths_program(), *absolute = realpath(r->directory, NULL),
         *config = lab_printf("%s/config.effective.yaml", absolute ? absolute : r->directory);
    add_word(r, program);
    add_word(r, "run");
    add_word(r, "-q");
    add_word(r, "--config");
    add_word(r, config);
    add_word(r, "--root");
    add_word(r, member(r, "root"));
    if (strcmp(member(r, "max_insns"), "0")) add_word(r, "--max-insns"), add_word(r, member(r, "max_insns"));
    add_list(r, "env", "--env", 0);
    add_word(r, "-o");
    r->output = r->words;
    add_word(r, "");
    add_word(r, "--");
    add_word(r, r->guest);
    add_list(r, "argv", NULL, 1);
    free(program);
    free(absolute);
    free(config);
}

/* Can it be run again at all? False: told. */
static bool is_repeatable(const struct recorded *r)
{
    char hash[SHA256_TEXT_BYTES], *program = paths_program();
    sha256_file(program, hash);
    if (strcmp(hash, member(r, "program_sha256")))
        fprintf(stderr, "covm: %s was recorded by another covm\n", r->directory);
    free(program);
    const struct node *files = node_find(r->run.root, "files");
    if (!node_find(r->run.root, "root") || !files || files->kind != NODE_LIST)
        fprintf(stderr, "covm: the record in %s does not tell the guest's root, or its files\n", r->directory);
    else if (!r->guest)
        fprintf(stderr, "covm: the guest program %s is not there any more, or another\n", member(r, "guest"));
    else if (strcmp(member(r, "words_exact"), "true"))
        fprintf(stderr, "covm: an argument or a variable of the guest's is no UTF-8, which run.json cannot hold\n");
    else if (!strcmp(member(r, "write"), "true"))
        fprintf(stderr, "covm: the guest could write below its root: it may find something else now\n");
    else if (strcmp(member(r, "complete"), "true"))
        fprintf(stderr, "covm: the record in %s is of a run that was interrupted\n", r->directory);
    else
        return true;
    return false;
}

/* ---- running and comparing ---- */

static bool run_again(const struct recorded *r, unsigned perturbation, const char *output)
{
    free(r->command[r->output]);
    r->command[r->output] = lab_copy(output);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY), input = open("/proc/self/fd/0", O_RDONLY); /* from its beginning */
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (input >= 0) dup2(input, STDIN_FILENO);
        perturbations[perturbation].apply();
        execv(r->command[0], r->command);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    char *done = lab_printf("%s/run.json", output);
    bool there = access(done, F_OK) == 0;
    free(done);
    return there;
}

static bool same_file(const char *a, const char *b, const char *name)
{
    char *path_a = lab_printf("%s/%s", a, name), *path_b = lab_printf("%s/%s", b, name);
    size_t length_a = 0, length_b = 0;
    char *bytes_a = lab_read_file(path_a, RECORD_BYTES_MAX, &length_a),
         *bytes_b = lab_read_file(path_b, RECORD_BYTES_MAX, &length_b);
    bool same = bytes_a && bytes_b && length_a == length_b && !memcmp(bytes_a, bytes_b, length_a);
    free(bytes_a);
    free(bytes_b);
    free(path_a);
    free(path_b);
    return same;
}

static bool verify(const struct recorded *r, unsigned perturbation, const char *folder)
{
    const struct node *files = node_find(r->run.root, "files");
    char *output = lab_printf("%s/%u", folder, perturbation);
    bool fine = run_again(r, perturbation, output);
    printf("%s:", perturbations[perturbation].name);
    if (!fine) printf(" it did not run to its end");
    bool ran = fine;
    for (unsigned i = 0; i < files->count && ran; i++) {
        const char *name = node_word(&files->items[i]);
        if (!name || !strcmp(name, "config.effective.yaml")) continue; /* its origins say where a value came from */
        if (same_file(r->directory, output, name)) continue;
        printf(" %s differs", name);
        fine = false;
    }
    printf(fine ? " the same bytes\n" : "\n");
    files_remove_tree(output);
    free(output);
    return fine;
}

int command_verify(int argc, char **argv)
{
    int option = cli_next(COMMAND_VERIFY, argc, argv);
    if (option != -1 || argc - optind != 1) return cli_usage(option == -1 ? '?' : option, COMMAND_VERIFY);
    struct recorded r = {.directory = argv[optind]};
    struct diag diag = {0};
    char folder[] = "/tmp/covm-verify-XXXXXX", *path = lab_printf("%s/run.json", r.directory);
    int code = record_check(r.directory);
    bool there = code == EXIT_FINE && document_read_file(&r.run, path, &diag) && r.run.root;
    diag_print(&diag, stderr);
    if (code == EXIT_FINE) code = EXIT_USAGE; /* until it turns out to be repeatable */
    if (there) r.guest = record_find_guest(r.run.root);
    if (there && is_repeatable(&r) && mkdtemp(folder)) {
        code = EXIT_FINE;
        make_command(&r);
        for (unsigned i = 0; i < LENGTH(perturbations); i++)
            if (!verify(&r, i, folder)) code = EXIT_CHECK_FAILED;
        files_remove_tree(folder);
    }
    for (unsigned i = 0; i < r.words; i++) free(r.command[i]);
    free(r.command);
    free(r.guest);
    document_free(&r.run);
    diag_free(&diag);
    free(path);
    return code;
}
