/* scan_command.c -- covm scan */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/platform/user/elf.h"
#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/isa_row.h"
#include "lab/scan.h"
#include "lab/x86_text.h"

enum { SHOWN = 3 };

struct view {
    struct scan scan;
    struct scan_report report;
    bool all;
};

static const char *plural(unsigned count) { return count == 1 ? "" : "s"; }

/* ---- what is found ---- */

static void print_site(const struct view *view, struct scan_site site)
{
    static const char *const remarks[SCAN_REACHES] = {[SCAN_RUNS] = "",
                                                      [SCAN_CHOSEN] = "   [chosen by CPUID]",
                                                      [SCAN_BEYOND] = "   [chosen by CPUID: not reached on this guest]",
                                                      [SCAN_UNSURE] = "   [maybe no code]"};
    struct text text = {0};
    uint8_t bytes[15];
    unsigned count = elf_file_fetch(&view->scan.elf, site.address, bytes, sizeof bytes);
    x86_text_place(&view->scan.elf, site.address, bytes, count, &text);
    printf("      0x%08x%s%s\n", site.address, text_string(&text), remarks[site.reach]);
    text_free(&text);
}

/* The first of those that run, then of the others. */
static void print_sites(const struct view *view, const struct scan_group *group)
{
    unsigned shown = 0;
    for (unsigned reach = 0; reach < SCAN_REACHES; reach++) {
        for (unsigned i = 0; i < group->site_count; i++) {
            if (group->sites[i].reach != reach) continue;
            if (view->all || shown < SHOWN) print_site(view, group->sites[i]);
            shown++;
        }
    }
    if (!view->all && shown > SHOWN) printf("      and %u more (--all)\n", shown - SHOWN);
}

static void print_counts(const struct scan_group *group)
{
    unsigned chosen = group->counts[SCAN_CHOSEN] + group->counts[SCAN_BEYOND];
    printf("%u time%s", group->site_count, plural(group->site_count));
    if (chosen) printf(", %u where CPUID chooses", chosen);
    if (group->counts[SCAN_UNSURE]) printf(", %u in what may be no code", group->counts[SCAN_UNSURE]);
    printf("\n");
}

static unsigned print_class(const struct view *view, enum scan_class class, const char *heading)
{
    unsigned groups = 0;
    for (unsigned i = 0; i < view->report.group_count; i++) {
        const struct scan_group *group = &view->report.groups[i];
        if (group->class != class) continue;
        if (!groups++) printf("\n%s\n", heading);
        printf("  %s", group->name);
        if (group->note) printf(class == SCAN_CALL ? ": %s" : " (%s)", group->note);
        printf("%s ", class == SCAN_CALL ? "," : ":");
        print_counts(group);
        if (class == SCAN_UNSUPPORTED || class == SCAN_OTHERWISE || group->bad || view->all) print_sites(view, group);
    }
    return groups;
}

/* ---- the processor ---- */

/* Names of the functions that hold a group's sites, those that nothing chooses first. */
static void print_functions(const struct view *view, const struct scan_group *group)
{
    unsigned count = 0;
    for (unsigned chosen = 0; chosen < 2; chosen++) {
        const struct scan_function *last = NULL;
        for (unsigned i = 0; i < group->site_count; i++) {
            const struct scan_function *function = scan_function_at(&view->scan, group->sites[i].address);
            if (!function || function == last || (function->reach != SCAN_RUNS) != chosen) continue;
            last = function;
            if (count++ >= SHOWN && !view->all) continue;
            const char *remark = chosen ? "   [chosen by CPUID]" : "";
            if (function->name)
                printf("      %s%s\n", function->name, remark);
            else
                printf("      0x%08x%s\n", function->address, remark);
        }
    }
    if (!view->all && count > SHOWN) printf("      and %u more functions (--all)\n", count - SHOWN);
}

static void print_levels(const struct view *view)
{
    const char *needed = isa_cpu_key((enum cpu)0);
    for (unsigned i = 0; i < view->report.group_count; i++) {
        const struct scan_group *group = &view->report.groups[i];
        if (group->class == SCAN_LEVEL && group->counts[SCAN_RUNS]) needed = group->name; /* they come in order */
    }
    printf("\nProcessor: needs guest.cpu=%s\n", needed);
    for (unsigned i = 0; i < view->report.group_count; i++) {
        const struct scan_group *group = &view->report.groups[i];
        if (group->class != SCAN_LEVEL) continue;
        printf("  %s: ", group->name);
        print_counts(group);
        print_functions(view, group);
    }
}

/* ---- the verdict ---- */

static unsigned count_bad(const struct scan_report *report, enum scan_reach reach, bool calls)
{
    unsigned count = 0;
    for (unsigned i = 0; i < report->group_count; i++) {
        const struct scan_group *group = &report->groups[i];
        if (group->bad && (group->class == SCAN_CALL) == calls) count += group->counts[reach];
    }
    return count;
}

static int print_verdict(const struct scan_report *report)
{
    unsigned insns = count_bad(report, SCAN_RUNS, false) + count_bad(report, SCAN_CHOSEN, false);
    unsigned calls = count_bad(report, SCAN_RUNS, true) + count_bad(report, SCAN_CHOSEN, true);
    unsigned chosen = count_bad(report, SCAN_BEYOND, false), unsure = count_bad(report, SCAN_UNSURE, false);
    if (!insns && !calls) {
        printf("\nNothing stands in the way");
        if (chosen)
            printf("; %u unsupported instruction%s only where CPUID does not lead", chosen,
                   chosen == 1 ? " is" : "s are");
        if (unsure) printf("; %u unsupported instruction%s may be no code", unsure, plural(unsure));
        printf(".\n");
        return EXIT_FINE;
    }
    printf("\n");
    if (insns) {
        printf(
            "%u unsupported instruction%s: where one is reached, the program gets SIGILL. Compile for a processor that "
            "covm has:\ngcc -m32 -static -march=nehalem (guest.cpu=sse42), -march=pentium4 (sse2) or -march=i686, "
            "without -mavx and its like.\n",
            insns, plural(insns));
    }
    if (calls)
        printf("%u system call%s not supported: where one is reached, it fails with ENOSYS.\n", calls,
               calls == 1 ? " is" : "s are");
    return EXIT_CHECK_FAILED;
}

static int show(struct view *view, const char *path)
{
    scan_find(&view->scan);
    scan_judge(&view->scan, &view->report);
    const unsigned *insns = view->report.insns;
    unsigned chosen = insns[SCAN_CHOSEN] + insns[SCAN_BEYOND], all = insns[SCAN_RUNS] + chosen + insns[SCAN_UNSURE];
    printf("%s: %u function%s%s, %u instruction%s (%u where CPUID chooses, %u in what may be no code)\n", path,
           view->scan.function_count, plural(view->scan.function_count),
           view->scan.stripped ? " as calls show them (stripped)" : "", all, plural(all), chosen, insns[SCAN_UNSURE]);
    print_class(view, SCAN_UNSUPPORTED, "Not supported: #UD to the program");
    print_class(view, SCAN_OTHERWISE, "Runs as another instruction, with another result (LZCNT as BSR)");
    print_levels(view);
    print_class(view, SCAN_INTERPRETED, "Interpreted, never translated");
    print_class(view, SCAN_CALL, "System calls");
    return print_verdict(&view->report);
}

/* Would it load? If not, that is told. */
static bool is_program(const char *path)
{
    size_t size;
    char *bytes = elf_file_read(path, &size), message[512];
    const char *unreadable = errno ? strerror(errno) : "not a regular file";
    struct elf_image *image = lab_allocate(sizeof *image);
    bool fine = bytes && elf_parse((const uint8_t *)bytes, size, image, message, sizeof message);
    if (!fine) fprintf(stderr, "covm: %s: %s\n", path, bytes ? message : unreadable);
    free(image);
    free(bytes);
    return fine;
}

int command_scan(int argc, char **argv)
{
    struct view view = {0};
    int option, code = EXIT_GUEST;
    while ((option = cli_next(COMMAND_SCAN, argc, argv)) != -1) {
        if (option != OPTION_ALL) return cli_usage(option, COMMAND_SCAN);
        view.all = true;
    }
    if (optind + 1 != argc) return cli_usage('?', COMMAND_SCAN);
    const char *path = argv[optind];
    if (access(path, R_OK) != 0) code = EXIT_USAGE;
    if (is_program(path) && elf_file_open(&view.scan.elf, path)) code = show(&view, path);
    scan_report_free(&view.report);
    scan_free(&view.scan);
    return code;
}
