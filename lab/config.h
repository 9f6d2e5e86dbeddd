/* config.h -- the effective configuration of a run: a value and an origin for every row of the table of parameters. */
#ifndef COVM_CONFIG_H
#define COVM_CONFIG_H

#include "lab/diag.h"
#include "lab/document.h"
#include "lab/params.h"
#include "lab/text.h"

/* Where a value came from. */
struct origin {
    char *file;    /* NULL: the default; "--set": the command line; else a file. Owned. */
    unsigned line; /* from 1; 0: none */
};
struct config {
    struct params values;
    struct origin *origins; /* one per row */
};

/* Every parameter at its default. */
void config_init(struct config *config);
/* Initialises *config as another. */
void config_copy(struct config *config, const struct config *from);
void config_free(struct config *config);

/* Applies a YAML file, the files that it extends first. Mistakes go to `diag`; the others of its keys are applied. */
void config_load(struct config *config, const char *path, struct diag *diag);
/* The same for text in memory, which is called `name` in messages; it must not extend anything by a relative path. */
void config_load_text(struct config *config, const char *name, const char *text, size_t length, struct diag *diag);
/* Applies "path=value". */
void config_set(struct config *config, const char *assignment, struct diag *diag);
/* Gives row `index` the value of a node; a list of words stands for the words with spaces between. */
void config_apply(struct config *config, unsigned index, const struct document *document, const struct node *value);
/* Applies a map of keys and sections, as a file holds them. */
void config_apply_map(struct config *config, const struct document *document, const struct node *map);
/* Gives row `index` a value as written in YAML. Where that is wrong: false, and `error` says how. */
bool config_assign(struct config *config, unsigned index, const char *written, const char *file, unsigned line,
                   struct text *error);

/* Appends the value of row `index` as it would be written in YAML. */
void config_print_value(const struct config *config, unsigned index, struct text *text);
/* Appends the whole as YAML that config_load would read back; with `origins` each line tells in a comment where its
 * value comes from. */
void config_print(const struct config *config, bool origins, struct text *text);
/* Appends "default", "--set" or "FILE:LINE". */
void config_print_origin(const struct config *config, unsigned index, struct text *text);

/* What the command line says of the configuration, applied in the order that DESIGN section 6 fixes. */
struct config_args {
    const char *machine;        /* --machine NAME, or NULL */
    const char **files, **sets; /* --config FILE, --set path=value; owned arrays of borrowed strings */
    unsigned file_count, set_count;
};
void config_args_free(struct config_args *args);
/* Initialises and fills *config. Mistakes go to standard error, all of them; false then. */
bool config_build(struct config *config, const struct config_args *args);
/* Contradictions that no range can state, those between modules. */
void config_check(const struct config *config, struct diag *diag);
/* The machine's part of it; `options` and all stay the property of `config`. */
struct machine_config config_machine(const struct config *config);

#endif
