/* config_command.c -- covm config check | dump | keys | explain */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/quantity.h"
#include "lab/suggest.h"
#include "lab/text.h"

static int check(int argc, char **argv)
{
    if (argc < 2) return cli_usage('?', COMMAND_CONFIG);
    int code = EXIT_FINE;
    for (int i = 1; i < argc; i++) {
        struct config_args args = {.files = (const char **)&argv[i], .file_count = 1};
        struct config config;
        if (config_build(&config, &args)) {
            printf("%s: ok\n", argv[i]);
            config_free(&config);
        } else {
            code = EXIT_CONFIG;
        }
    }
    return code;
}

static void print_row(const struct param_desc *row, struct text *text)
{
    struct text range = {0};
    quantity_print_range(row, &range);
    text_printf(text, "%s\t%s\t%s\t%s\t%s\t%s\n", row->path, quantity_type_name(row->type), row->dflt,
                text_string(&range), row->unit, row->meaning);
    text_free(&range);
}

static int keys(void)
{
    struct text text = {0};
    text_printf(&text, "key\ttype\tdefault\trange\tunit\tmeaning\n");
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc row = params_row(i);
        print_row(&row, &text);
    }
    fputs(text_string(&text), stdout);
    text_free(&text);
    return EXIT_FINE;
}

static int dump(const struct config *config)
{
    struct text text = {0};
    config_print(config, true, &text);
    fputs(text_string(&text), stdout);
    text_free(&text);
    return EXIT_FINE;
}

static int unknown(const char *path)
{
    struct suggest suggest;
    struct text hint = {0};
    suggest_begin(&suggest, path);
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc row = params_row(i);
        suggest_offer(&suggest, row.path, strlen(row.path), 0);
    }
    suggest_print(&suggest, &hint);
    fprintf(stderr, "covm config explain: error: unknown key '%s'%s\n", path, text_string(&hint));
    text_free(&hint);
    return EXIT_CONFIG;
}

static void explain_key(const struct config *config, unsigned index)
{
    struct param_desc row = params_row(index);
    struct text text = {0};
    text_printf(&text, "%s: %s\n  type:    %s", row.path, row.meaning, quantity_type_name(row.type));
    if (*row.unit) text_printf(&text, ", in %s", row.unit);
    text_printf(&text, "\n  range:   ");
    quantity_print_range(&row, &text);
    text_printf(&text, "\n  default: %s\n  value:   ", row.dflt);
    config_print_value(config, index, &text);
    text_printf(&text, "\n  origin:  ");
    config_print_origin(config, index, &text);
    printf("%s\n", text_string(&text));
    text_free(&text);
}

/* A key, or all of a section. */
static int explain(const struct config *config, const char *path)
{
    int index = params_find(path);
    if (index >= 0) {
        explain_key(config, (unsigned)index);
        return EXIT_FINE;
    }
    if (!params_section(path)) return unknown(path);
    for (unsigned i = 0; i < params_count(); i++) {
        const char *known = params_row(i).path;
        if (!strncmp(known, path, strlen(path)) && known[strlen(path)] == '.') explain_key(config, i);
    }
    return EXIT_FINE;
}

int command_config(int argc, char **argv)
{
    struct config_args args = {0};
    int option;
    while ((option = cli_next(COMMAND_CONFIG, argc, argv)) != -1) {
        if (!cli_option(&args, option, optarg)) {
            config_args_free(&args);
            return cli_usage(option, COMMAND_CONFIG);
        }
    }
    const char *what = optind < argc ? argv[optind] : "";
    int rest = argc - optind, code;
    struct config config = {0};
    if (!strcmp(what, "check")) {
        code = check(rest, argv + optind);
    } else if (!strcmp(what, "keys") && rest == 1) {
        code = keys();
    } else if ((!strcmp(what, "dump") && rest == 1) || (!strcmp(what, "explain") && rest == 2)) {
        code = !config_build(&config, &args) ? EXIT_CONFIG
               : rest == 1                   ? dump(&config)
                                             : explain(&config, argv[optind + 1]);
        config_free(&config);
    } else {
        code = cli_usage('?', COMMAND_CONFIG);
    }
    config_args_free(&args);
    return code;
}
