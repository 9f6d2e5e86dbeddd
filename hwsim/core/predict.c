/* predict.c -- conditional branches: static, bimodal (Smith 1981), gshare (McFarling 1993), perfect. Targets of direct
 * branches are known at decode; indirect ones are the JTLB's and the DRAS's. */
#include "hwsim/core/core.h"

#include <stdlib.h>

bool predictor_init(struct predictor *predictor, const struct machine_params *params)
{
    predictor->kind = (unsigned)params->predictor;
    predictor->mask = (uint32_t)params->predictor_entries - 1;
    predictor->history_mask = (uint32_t)bits_mask((unsigned)params->predictor_history);
    predictor->counters = malloc((size_t)params->predictor_entries);
    if (predictor->counters) predictor_reset(predictor, params);
    return predictor->counters != NULL;
}

void predictor_reset(struct predictor *predictor, const struct machine_params *params)
{
    memset(predictor->counters, 1, (size_t)params->predictor_entries); /* weakly not taken */
    predictor->history = 0;
}

bool predictor_branch(struct predictor *predictor, uint32_t tpc, bool backward, bool taken)
{
    if (predictor->kind == PREDICT_STATIC) return backward;
    if (predictor->kind == PREDICT_PERFECT) return taken;
    uint32_t history = predictor->kind == PREDICT_GSHARE ? predictor->history : 0;
    uint8_t *counter = &predictor->counters[(tpc >> 2 ^ history) & predictor->mask];
    bool predicted = *counter >= 2;
    if (taken)
        *counter += *counter < 3;
    else
        *counter -= *counter > 0;
    predictor->history = (predictor->history << 1 | taken) & predictor->history_mask;
    return predicted;
}
