/* formula.h -- derived statistics: arithmetic over counters. + - * / ( ), numbers, and the names of statistics. */
#ifndef COVM_FORMULA_H
#define COVM_FORMULA_H

#include "hwsim/base/base.h"

struct formula_value {
    bool null; /* a division by zero, or an operand that was null */
    double value;
};
/* The value of a name; false if there is no such name. */
typedef bool formula_lookup(void *cookie, const char *name, size_t length, struct formula_value *value);

/* NULL, and the value; or what is wrong with the formula (a static string). */
const char *formula_evaluate(const char *formula, formula_lookup *lookup, void *cookie, struct formula_value *value);

#endif
