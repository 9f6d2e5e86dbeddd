/* reference.h -- the documents that are made from the tables: keys, statistics, commands, exit codes, files. */
#ifndef COVM_REFERENCE_H
#define COVM_REFERENCE_H

#include <stdbool.h>

#include "lab/diag.h"
#include "lab/text.h"

/* Appends the manual page, in the macros of man(7). */
void reference_print_man(struct text *text);
/* Appends a script that tells bash how to complete covm's command line: commands, options, and what these take. The
 * names of machines and workloads are those of now. Mistakes in the tables of workloads go to `diag`. */
void reference_print_bash(struct text *text, struct diag *diag);
/* Appends Markdown: every key, with the values of the shipped machines and their sources, and every statistic. False,
 * and the mistakes on standard error, if a machine cannot be loaded. */
bool reference_print_markdown(struct text *text);

#endif
