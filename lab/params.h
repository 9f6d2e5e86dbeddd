/* params.h -- the one table of parameters: the rows of every module's *_params.def, joined, and a struct that holds a
 * value for each of them.
 */
#ifndef COVM_PARAMS_H
#define COVM_PARAMS_H

#include "cms/cms.h"
#include "hwsim/core/machine.h"
#include "hwsim/platform/user/user.h"

struct cost_params {
#define PARAM PARAM_FIELD
#include "lab/cost_params.def"
#undef PARAM
};
struct lab_params {
#define PARAM PARAM_FIELD
#include "lab/lab_params.def"
#undef PARAM
};
/* Every value, in the modules' own structs. */
struct params {
    struct machine_params machine;
    struct user_params user;
    struct cms_options cms;
    struct cost_params cost;
    struct lab_params lab;
};

unsigned params_count(void);
/* Row `index`; its offset is from the start of struct params. */
struct param_desc params_row(unsigned index);
/* The row of that path, or -1. */
int params_find(const char *path);
/* Is it a section: the beginning of some path, up to a dot? */
bool params_section(const char *path);

#endif
