/* ir_text.h -- the IR as text, both ways (a hosted library of its own: nothing freestanding depends on it).
 * The printer's output is the parser's input, at every stage of the pipeline.
 */
#ifndef COVM_IR_TEXT_H
#define COVM_IR_TEXT_H

#include <stdio.h>

#include "translate/ir/ir.h"

/* One operation, without newline; returns the length it wanted. */
int ir_print_insn(char *text, size_t capacity, const struct ir_region *region, ir_ref at);
/* The whole region, exits and their maps included. */
void ir_print(FILE *to, const struct ir_region *region);
/* Parses into an initialised, empty region. False: `error` holds "line N: message". */
bool ir_parse(const char *text, struct ir_region *region, char *error, size_t error_capacity);

#endif
