/* disasm.c -- covm disasm: the region at a guest address as x86, IR and bundles, side by side. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/region_view.h"

static void print_name(const char *stage) { printf("%s\n", stage); }

static int show(struct region_view *view, const struct config *config, uint64_t at, unsigned gear)
{
    struct machine_config wanted = config_machine(config);
    char error[256] = "";
    view->config = config;
    view->machine = machine_create(&wanted, error, sizeof error);
    if (!view->machine) {
        fprintf(stderr, "covm: %s\n", error);
        return EXIT_CONFIG;
    }
    struct text text = {0};
    enum tr_reason reason = region_view_make(view, at, gear);
    int code = EXIT_FINE;
    if (reason != TR_OK) {
        fprintf(stderr, "covm: 0x%08" PRIx64 " cannot be translated: %s\n", at, tr_reason_name(reason));
        code = EXIT_CHECK_FAILED;
    } else if (!view->name) {
        region_view_print(view, &text);
        fputs(text_string(&text), stdout);
    }
    text_free(&text);
    region_view_free(view);
    machine_destroy(view->machine);
    return code;
}

static bool find_start(const struct elf_file *elf, const char *written, uint64_t *at)
{
    if (written && written[0] == '0') return cli_number("--at", written, at);
    if (elf_symbol_find(elf, written ? written : "main", at)) return true;
    if (written) fprintf(stderr, "covm: no symbol '%s'\n", written);
    *at = elf_file_entry(elf);
    return !written;
}

int command_disasm(int argc, char **argv)
{
    struct config_args args = {0};
    struct elf_file elf = {0};
    struct region_view view = {.elf = &elf};
    struct config config;
    const char *start = NULL;
    uint64_t gear = 2, at;
    int option, code = EXIT_USAGE;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_DISASM, argc, argv)) != -1) {
        if (option == OPTION_AT) {
            start = optarg;
        } else if (option == OPTION_STAGE) {
            view.stage = optarg;
            if (!strcmp(optarg, "list")) view.name = print_name;
        } else if (option == OPTION_GEAR) {
            fine = cli_number("--gear", optarg, &gear);
        } else if (!cli_option(&args, option, optarg)) {
            config_args_free(&args);
            return cli_usage(option, COMMAND_DISASM);
        }
    }
    if (!fine || optind + 1 != argc || gear < 1 || gear > 2) {
        code = cli_usage('?', COMMAND_DISASM);
    } else if (!elf_file_open(&elf, argv[optind])) {
        fprintf(stderr, "covm: %s: %s\n", argv[optind], errno ? strerror(errno) : "not a 32-bit ELF file");
    } else if (find_start(&elf, start, &at)) {
        code = EXIT_CONFIG;
        if (config_build(&config, &args)) {
            code = show(&view, &config, at, (unsigned)gear);
            config_free(&config);
        }
    }
    elf_file_close(&elf);
    config_args_free(&args);
    return code;
}
