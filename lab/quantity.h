/* quantity.h -- the values of parameters as text: `32KiB`, `700MHz`, `60ns`, `true`, `jtlb_dras`. */
#ifndef COVM_QUANTITY_H
#define COVM_QUANTITY_H

#include "hwsim/base/param.h"
#include "lab/text.h"

/* Reads `written` as a value of the parameter's type (not TEXT) and range. False: `error` holds what is wrong. */
bool quantity_parse(const struct param_desc *desc, const char *written, int64_t *value, struct text *error);
/* Appends the value as it would be written in YAML, with the largest suffix that keeps it whole. */
void quantity_print(const struct param_desc *desc, int64_t value, struct text *text);
/* "integer", "size", ... */
const char *quantity_type_name(enum param_type type);
/* Appends what is allowed: "1 to 256", "none|mask|queue", "true or false". */
void quantity_print_range(const struct param_desc *desc, struct text *text);

#endif
