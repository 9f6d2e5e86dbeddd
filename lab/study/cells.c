#include "lab/study/cells.h"

#include <math.h>
#include <string.h>

bool cells_wanted(const struct cells *cells, const struct study_plot *plot, const struct point *point)
{
    return points_wanted(cells->sweep->study, plot, point);
}

/* False: no point can agree with all of them. */
static bool choose(const struct cell_choice *choices, unsigned count, unsigned seed, struct points_choice *chosen)
{
    *chosen = points_any();
    chosen->seed = (int)seed;
    for (unsigned c = 0; c < count; c++) {
        if (choices[c].axis == STUDY_NOTHING) continue;
        int *value = choices[c].axis == STUDY_WORKLOAD ? &chosen->workload : &chosen->axis[choices[c].axis];
        if (*value != POINTS_ANY && *value != (int)choices[c].value) return false;
        *value = (int)choices[c].value;
    }
    return true;
}

/* Of one seed. */
static double mean_of(const struct cells *cells, const struct study_plot *plot, int metric,
                      const struct cell_choice *choices, unsigned count, unsigned seed)
{
    const struct sweep *sweep = cells->sweep;
    struct points_choice chosen;
    double sum = 0;
    unsigned taken = 0, found = 0;
    if (choose(choices, count, seed, &chosen))
        found = points_select(sweep->points, sweep->study, &chosen, cells->found);
    for (unsigned i = 0; i < found; i++) {
        if (!cells_wanted(cells, plot, &sweep->points->items[cells->found[i]])) continue;
        double value = cells->metrics->values[(size_t)cells->found[i] * sweep->study->metric_count + (unsigned)metric];
        sum += plot->arithmetic ? value : log(value);
        taken++;
    }
    if (!taken) return NAN;
    return plot->arithmetic ? sum / taken : exp(sum / taken);
}

struct cell cells_mean(const struct cells *cells, const struct study_plot *plot, int metric,
                       const struct cell_choice *choices, unsigned count)
{
    unsigned seeds = cells->sweep->study->seeds;
    struct cell cell = {.low = INFINITY, .high = -INFINITY};
    for (unsigned s = 0; s < (seeds ? seeds : 1); s++) {
        double mean = mean_of(cells, plot, metric, choices, count, seeds ? s + 1 : 0);
        cell.mean += mean / (seeds ? seeds : 1);
        cell.low = fmin(cell.low, mean);
        cell.high = fmax(cell.high, mean);
    }
    if (isnan(cell.mean) || isinf(cell.mean)) return (struct cell){NAN, NAN, NAN};
    return cell;
}

bool cells_first_of(const struct cells *cells, const struct study_plot *plot, unsigned index, struct text *label)
{
    const struct study *study = cells->sweep->study;
    const struct point *point = &cells->sweep->points->items[index];
    if (!cells_wanted(cells, plot, point)) return false;
    for (unsigned i = index; i-- > 0;) { /* points of the same values follow each other */
        const struct point *other = &cells->sweep->points->items[i];
        if (memcmp(other->value, point->value, sizeof point->value)) break;
        if (cells_wanted(cells, plot, other)) return false;
    }
    text_add(label, "", 0);
    for (unsigned a = 0; a < study->axis_count; a++) {
        if ((int)a == plot->series || point->value[a] < 0) continue;
        text_printf(label, "%s%s", label->length ? ", " : "", study->axes[a].values[point->value[a]].name);
    }
    return true;
}
