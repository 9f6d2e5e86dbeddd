/* reference_bash.c -- the completion for bash: the tables as case statements, and the function that looks things up. */
#include <stdlib.h>
#include <string.h>

#include "lab/cli.h"
#include "lab/paths.h"
#include "lab/reference.h"
#include "lab/stats.h"
#include "lab/workloads.h"

/* What the script calls the kinds of arguments, by enum cli_takes. */
static const char *const kinds[] = {
    [TAKES_NOTHING] = "value",   [TAKES_CHOICE] = "choice",       [TAKES_FILE] = "file",
    [TAKES_FOLDER] = "folder",   [TAKES_MACHINE] = "machine",     [TAKES_KEY] = "key",
    [TAKES_SETTING] = "setting", [TAKES_STATISTIC] = "statistic", [TAKES_WORKLOAD] = "workload",
    [TAKES_REAL] = "real",       [TAKES_GUEST] = "guest"};

/* ---- the words that are offered: in `words`, for a kind or for a command's options and first words ---- */

static void begin(struct text *text, const char *name) { text_printf(text, "    '%s') words='", name); }

static void end(struct text *text) { text_printf(text, "' ;;\n"); }

static void print_command_words(struct text *text)
{
    begin(text, "command");
    for (unsigned i = 0; i < COMMANDS; i++) text_printf(text, "%s ", cli_commands[i].name);
    text_printf(text, "help --help --version");
    end(text);
    for (unsigned i = 0; i < COMMANDS; i++) {
        text_printf(text, "    %s:option) words='", cli_commands[i].name);
        for (const struct cli_row *row = NULL; (row = cli_row((enum command_id)i, CLI_OPTION, row));)
            text_printf(text, "%s ", row->word);
        text_printf(text, "--help");
        end(text);
        text_printf(text, "    %s:form) words='", cli_commands[i].name);
        for (const struct cli_row *row = NULL; (row = cli_row((enum command_id)i, CLI_FORM, row));)
            text_printf(text, "%s%s", row->word, *row->word ? " " : "");
        end(text);
    }
}

static void print_names(struct text *text, struct diag *diag)
{
    begin(text, kinds[TAKES_MACHINE]);
    char **machines = paths_machines();
    for (char **name = machines; *name; name++) {
        text_printf(text, "%s ", *name);
        free(*name);
    }
    free(machines);
    end(text);
    begin(text, kinds[TAKES_KEY]);
    for (unsigned i = 0; i < params_count(); i++) text_printf(text, "%s ", params_row(i).path);
    end(text);
    begin(text, kinds[TAKES_STATISTIC]);
    struct stats_table table;
    stats_table_init(&table);
    for (unsigned i = 0; i < table.count; i++) text_printf(text, "%s ", table.rows[i].path);
    stats_table_free(&table);
    end(text);
    struct workloads workloads;
    workloads_load(&workloads, NULL, diag);
    for (unsigned real = 0; real < 2; real++) {
        begin(text, kinds[real ? TAKES_REAL : TAKES_WORKLOAD]);
        const char *recipe = "";
        for (unsigned i = 0; i < workloads.count; i++) {
            const struct workload *workload = &workloads.items[i];
            if (real && !workload->recipe) continue;
            text_printf(text, "%s ", workload->name);
            if (workload->recipe && strcmp(workload->recipe, recipe))
                text_printf(text, "%s ", recipe = workload->recipe);
        }
        text_printf(text, "%s", real ? "all" : "");
        end(text);
    }
    workloads_free(&workloads);
}

/* The values of a key, where they can be listed. */
static void print_values(struct text *text)
{
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc row = params_row(i);
        if (row.type != PARAM_BOOL && row.type != PARAM_ENUM) continue;
        text_printf(text, "    %s=) words='", row.path);
        for (const char *c = row.type == PARAM_BOOL ? "true|false" : row.choices; *c; c++)
            text_add(text, *c == '|' ? " " : c, 1);
        end(text);
    }
}

/* ---- what options and forms take: in `takes`, the words of a choice behind it ---- */

static void print_takes(struct text *text, const struct cli_row *row)
{
    text_printf(text, "takes='%s", row->kind == CLI_OPTION && !*row->argument ? "" : kinds[row->takes]);
    if (row->takes == TAKES_CHOICE) {
        text_printf(text, " ");
        for (const char *c = row->argument; *c; c++) text_add(text, *c == '|' ? " " : c, 1);
    }
    text_printf(text, "' ;;\n");
}

static void print_options(struct text *text)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        for (const struct cli_row *row = NULL; (row = cli_row((enum command_id)i, CLI_OPTION, row));) {
            text_printf(text, "    %s:%s) ", cli_commands[i].name, row->word);
            print_takes(text, row);
        }
    }
}

static void print_forms(struct text *text)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        for (const struct cli_row *row = NULL; (row = cli_row((enum command_id)i, CLI_FORM, row));) {
            bool alone = !*row->word && !cli_row((enum command_id)i, CLI_FORM, row);
            text_printf(text, "    %s:%s) ", cli_commands[i].name, alone ? "*" : row->word);
            print_takes(text, row);
        }
    }
}

/* ---- the function ---- */

static const char beginning[] = "# Completion of covm's command line for bash, made by 'covm reference bash'.\n"
                                "\n"
                                "_covm_words() {\n"
                                "    case $1 in\n";

static const char options[] = "    *) words= ;;\n"
                              "    esac\n"
                              "}\n"
                              "\n"
                              "_covm_option() {\n"
                              "    case $1:$2 in\n";

static const char forms[] = "    *) takes= ;;\n"
                            "    esac\n"
                            "}\n"
                            "\n"
                            "_covm_form() {\n"
                            "    case $1:$2 in\n";

/* Bash has split the line at each '=' too, and puts a reply in the place of what stands behind the last one. */
static const char function[] =
    "    *) takes= ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "# Offers those of $words that begin with $current.\n"
    "_covm_offer() {\n"
    "    local IFS=$' \\t\\n'\n"
    "    mapfile -t COMPREPLY < <(compgen \"$@\" -W \"$words\" -- \"$current\")\n"
    "}\n"
    "\n"
    "# Offers files or, with -d, folders.\n"
    "_covm_files() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "_covm() {\n"
    "    local line=() word words takes='' ended='' first='' joined='' prefix='' operands=0 i\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if ((i > 1)) && [[ -n $joined || $word == '=' ]]; then\n"
    "            line[${#line[@]} - 1]+=$word\n"
    "        else\n"
    "            line+=(\"$word\")\n"
    "        fi\n"
    "        joined=\n"
    "        if [[ $word == '=' ]]; then joined=1; fi\n"
    "    done\n"
    "    local count=${#line[@]} command=${line[1]} current=${line[${#line[@]} - 1]}\n"
    "    COMPREPLY=()\n"
    "    if ((count == 2)); then\n"
    "        _covm_words command\n"
    "        _covm_offer\n"
    "        return\n"
    "    fi\n"
    "    for ((i = 2; i < count - 1; i++)); do\n"
    "        word=${line[i]} takes=\n"
    "        if [[ -n $ended ]]; then\n"
    "            operands=$((operands + 1))\n"
    "        elif [[ $word == -- ]]; then\n"
    "            ended=1\n"
    "        elif [[ $word == -* ]]; then\n"
    "            _covm_option \"$command\" \"$word\"\n"
    "            if [[ -n $takes ]]; then i=$((i + 1)); fi\n"
    "        else\n"
    "            _covm_form \"$command\" \"$word\"\n"
    "            if [[ $takes == guest ]]; then ended=1; fi\n"
    "            first=${first:-$word} takes=\n"
    "            operands=$((operands + 1))\n"
    "        fi\n"
    "    done\n"
    "    if ((i < count)); then # else the word before is an option, and this one its argument\n"
    "        if [[ -z $ended && $current == --*=* ]]; then\n"
    "            prefix=${current%%=*}= current=${current#*=}\n"
    "            _covm_option \"$command\" \"${prefix%=}\"\n"
    "        elif [[ -z $ended && $current == -* ]]; then\n"
    "            _covm_words \"$command:option\"\n"
    "            _covm_offer\n"
    "            return\n"
    "        else\n"
    "            _covm_words \"$command:form\"\n"
    "            if ((operands == 0)) && [[ -n $words ]]; then\n"
    "                _covm_offer\n"
    "                return\n"
    "            fi\n"
    "            _covm_form \"$command\" \"$first\"\n"
    "        fi\n"
    "    fi\n"
    "    case $takes in\n"
    "    '' | value) ;;\n"
    "    file | guest) _covm_files -f ;;\n"
    "    folder) _covm_files -d ;;\n"
    "    choice*)\n"
    "        words=${takes#choice}\n"
    "        _covm_offer\n"
    "        ;;\n"
    "    setting)\n"
    "        if [[ $current == *=* ]]; then\n"
    "            _covm_words \"${current%%=*}=\"\n"
    "            prefix+=${current%%=*}= current=${current#*=}\n"
    "            _covm_offer\n"
    "        else\n"
    "            compopt -o nospace 2>/dev/null\n"
    "            _covm_words key\n"
    "            _covm_offer -S =\n"
    "        fi\n"
    "        ;;\n"
    "    *)\n"
    "        _covm_words \"$takes\"\n"
    "        _covm_offer\n"
    "        ;;\n"
    "    esac\n"
    "    if [[ -n $prefix && $COMP_WORDBREAKS != *=* ]]; then COMPREPLY=(\"${COMPREPLY[@]/#/$prefix}\"); fi\n"
    "}\n"
    "\n"
    "complete -F _covm covm\n";

void reference_print_bash(struct text *text, struct diag *diag)
{
    text_printf(text, "%s", beginning);
    print_command_words(text);
    print_names(text, diag);
    print_values(text);
    text_printf(text, "%s", options);
    print_options(text);
    text_printf(text, "%s", forms);
    print_forms(text);
    text_printf(text, "%s", function);
}
