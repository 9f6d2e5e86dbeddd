/* param.h -- the shape of a row of the parameter table. Each module states its keys once, in its own *_params.def:
 *
 *     PARAM(type, field, "path", "default", low, high, "unit", "choices", "one-line meaning")
 *
 * From these rows come the module's struct (PARAM_FIELD), its table (PARAM_ROW), the YAML loader, --set, `config dump`,
 * `config keys`, the reference and shell completion.
 *
 * type: INT, SIZE (bytes; KiB MiB GiB), FREQ (Hz; kHz MHz GHz), TIME (ns; ns us ms s), BOOL, ENUM, TEXT.
 * Every value but TEXT is an int64_t in the struct; an ENUM's value is the index of its word in `choices`
 * ("none|mask|queue"). TEXT (a list in YAML is joined with ' ') is a char[PARAM_TEXT].
 */
#ifndef COVM_PARAM_H
#define COVM_PARAM_H

#include "hwsim/base/base.h"

enum param_type { PARAM_INT, PARAM_SIZE, PARAM_FREQ, PARAM_TIME, PARAM_BOOL, PARAM_ENUM, PARAM_TEXT };
enum { PARAM_TEXT_BYTES = 256 };

struct param_desc {
    const char *path;     /* dotted: "core.issue_width" */
    enum param_type type;
    size_t offset;        /* into the module's struct */
    const char *dflt;     /* as it would be written in YAML */
    int64_t low, high;    /* inclusive; unused by BOOL, ENUM, TEXT */
    const char *unit;
    const char *choices;  /* ENUM: words separated by '|', else "" */
    const char *meaning;
};

#define PARAM_CTYPE_INT(field) int64_t field
#define PARAM_CTYPE_SIZE(field) int64_t field
#define PARAM_CTYPE_FREQ(field) int64_t field
#define PARAM_CTYPE_TIME(field) int64_t field
#define PARAM_CTYPE_BOOL(field) int64_t field
#define PARAM_CTYPE_ENUM(field) int64_t field
#define PARAM_CTYPE_TEXT(field) char field[PARAM_TEXT_BYTES]
/* #define PARAM PARAM_FIELD, inside a struct */
#define PARAM_FIELD(type, field, path, dflt, low, high, unit, choices, meaning) PARAM_CTYPE_##type(field);
/* #define PARAM(...) PARAM_ROW(struct x_params, __VA_ARGS__), inside an array of struct param_desc */
#define PARAM_ROW(owner, type, field, path, dflt, low, high, unit, choices, meaning) \
    {path, PARAM_##type, offsetof(owner, field), dflt, low, high, unit, choices, meaning},

#endif
