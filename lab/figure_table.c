/* figure_table.c -- a figure is checked and put in order: the cells of a grid, curves from left to right, geometric
 * means, the front, and the range of each axis. */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/base/base.h"
#include "lab/figure_table.h"

enum { MEAN_BITS = 256 };

/* What is being checked. */
struct check {
    const struct figure *figure;
    const char *name;
    struct diag *diag;
};

static bool complain(const struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool complain(const struct check *check, const char *format, ...)
{
    struct text text = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    char *name = lab_printf("figure %s", check->name);
    diag_error(check->diag, name, 0, 0, "%s", text_string(&text));
    free(name);
    text_free(&text);
    return false;
}

bool figure_has_grid(enum figure_kind kind)
{
    return kind == FIGURE_BARS || kind == FIGURE_STACK || kind == FIGURE_HEAT || kind == FIGURE_MODES;
}

bool figure_has_value(const struct figure_datum *datum) { return datum && !isnan(datum->y); }

void figure_axis_text(const struct figure_axis *axis, struct text *text)
{
    text_printf(text, "%s", axis->title ? axis->title : "");
    if (axis->unit && *axis->unit) text_printf(text, " (%s)", axis->unit);
}

void figure_mean_text(const struct figure_table *table, struct text *text)
{
    text_printf(text, "geomean");
    if (table->mean_points < table->figure->points.count) text_printf(text, " of %u", table->mean_points);
}

/* ---- words ---- */

/* The bytes of the UTF-8 character at `c` (RFC 3629's table), 0 if it is none. */
static unsigned character_bytes(const unsigned char *c)
{
    if (c[0] < 0x80) return 1;
    unsigned bytes = c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < bytes; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
    }
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : bytes;
}

bool figure_text_fits(const char *text, struct text *problem)
{
    size_t before = problem->length;
    for (const unsigned char *c = (const unsigned char *)text; *c && problem->length == before;) {
        unsigned bytes = character_bytes(c);
        if (!bytes)
            text_printf(problem, "is not UTF-8");
        else if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            text_printf(problem, "has a control character (0x%02x)", bytes == 1 ? *c : c[1]);
        else if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
            text_printf(problem, "has a character that XML does not allow");
        c += bytes;
    }
    return problem->length == before;
}

bool figure_name_fits(const char *name, struct text *problem)
{
    if (!figure_text_fits(name, problem)) return false;
    if (!strchr(name, '"') || !strchr(name, ',')) return true; /* it ends a field at the comma after "" */
    text_printf(problem, "has both '\"' and ',', which gnuplot cannot read from CSV");
    return false;
}

typedef bool fits_function(const char *text, struct text *problem);

static bool check_words_of(const struct check *check, const char *what, const char *text, fits_function *fits)
{
    struct text problem = {0};
    bool fine = fits(text ? text : "", &problem) || complain(check, "%s %s", what, text_string(&problem));
    text_free(&problem);
    return fine;
}

static bool check_text(const struct check *check, const char *what, const char *text)
{
    return check_words_of(check, what, text, figure_text_fits);
}

static bool check_names(const struct check *check, const char *what, const struct figure_names *names)
{
    bool fine = check_text(check, "the title of a list of names", names->title);
    for (unsigned i = 0; i < names->count; i++) {
        char *place = lab_printf("name %u of the %s", i + 1, what);
        fine = check_words_of(check, place, names->names[i], figure_name_fits) && fine;
        free(place);
        if (!*names->names[i] && (names->count > 1 || names != &check->figure->series))
            fine = complain(check, "name %u of the %s is empty", i + 1, what);
        for (unsigned j = 0; j < i && check->figure->kind != FIGURE_PARETO; j++) {
            if (!strcmp(names->names[i], names->names[j]))
                fine = complain(check, "two of the %s are called '%s'", what, names->names[i]);
        }
    }
    return fine;
}

static bool check_axis(const struct check *check, const char *what, const struct figure_axis *axis, bool numbers)
{
    bool fine = check_text(check, "the title of an axis", axis->title) && check_text(check, "a unit", axis->unit);
    if (numbers && (!axis->title || !*axis->title)) fine = complain(check, "the %s axis has no title", what);
    if (numbers && (!axis->unit || !*axis->unit)) fine = complain(check, "the %s axis has no unit", what);
    return fine;
}

static bool x_is_a_number(enum figure_kind kind) { return !figure_has_grid(kind) || kind == FIGURE_MODES; }

static bool check_words(const struct check *check)
{
    const struct figure *figure = check->figure;
    bool fine = check_text(check, "the title", figure->title);
    fine = check_names(check, "series", &figure->series) && fine;
    if (figure->kind != FIGURE_MODES) fine = check_names(check, "points", &figure->points) && fine;
    fine = check_names(check, "bars", &figure->bars) && fine;
    fine = check_axis(check, "x", &figure->x, x_is_a_number(figure->kind)) && fine;
    return check_axis(check, "y", &figure->y, true) && fine;
}

/* ---- numbers ---- */

static bool log_of_y(const struct figure *figure) { return figure->y.scale != FIGURE_LINEAR; }

static bool log_of_x(const struct figure *figure)
{
    return x_is_a_number(figure->kind) && (figure->x.scale != FIGURE_LINEAR || figure->kind == FIGURE_STARTUP);
}

/* Of `datum`, number `i`. */
static bool check_datum(const struct check *check, unsigned i, const struct figure_datum *datum)
{
    const struct figure *figure = check->figure;
    bool points = figure_has_grid(figure->kind) || figure->kind == FIGURE_PARETO;
    if (datum->series >= figure->series.count) return complain(check, "value %u: no series %u", i, datum->series);
    if (points && datum->point >= figure->points.count)
        return complain(check, "value %u: no point %u", i, datum->point);
    if (datum->bar >= (figure->bars.count ? figure->bars.count : 1))
        return complain(check, "value %u: no bar %u", i, datum->bar);
    if (x_is_a_number(figure->kind) && !isfinite(datum->x)) return complain(check, "value %u has no finite x", i);
    if (isnan(datum->y)) return true;
    if (!isfinite(datum->y)) return complain(check, "value %u is not finite", i);
    if (log_of_x(figure) && (datum->x < 0 || (datum->x == 0 && figure->kind != FIGURE_LINES)))
        return complain(check, "value %u: x is %g, on a logarithmic axis", i, datum->x);
    if (log_of_y(figure) && datum->y <= 0) return complain(check, "value %u is %g, on a logarithmic axis", i, datum->y);
    if (figure->geomean && datum->y <= 0)
        return complain(check, "value %u is %g: there is no geometric mean", i, datum->y);
    if (figure->kind == FIGURE_MODES && datum->y < 0) return complain(check, "value %u is %g: no share", i, datum->y);
    if (!figure->errors || isnan(datum->low) || isnan(datum->high)) return true;
    if (!isfinite(datum->low) || !isfinite(datum->high) || !(datum->low <= datum->y && datum->y <= datum->high))
        return complain(check, "value %u, %g, is not within its error bar, %g to %g", i, datum->y, datum->low,
                        datum->high);
    if (log_of_y(figure) && datum->low <= 0)
        return complain(check, "value %u: its error bar goes down to %g, on a logarithmic axis", i, datum->low);
    return true;
}

static bool check_numbers(const struct check *check)
{
    bool some = false;
    for (unsigned i = 0; i < check->figure->count; i++) {
        if (!check_datum(check, i, &check->figure->data[i])) return false; /* the others are likely wrong alike */
        some |= figure_has_value(&check->figure->data[i]);
    }
    return some || complain(check, "there is no value to draw");
}

static bool check_shape(const struct check *check)
{
    const struct figure *figure = check->figure;
    if (!figure->series.count) return complain(check, "there are no series");
    if (figure->series.count > FIGURE_SERIES_MAX && figure->kind != FIGURE_HEAT)
        return complain(check, "%u series; no more than %u can be told apart", figure->series.count, FIGURE_SERIES_MAX);
    if (figure_has_grid(figure->kind) && !figure->points.count) return complain(check, "there are no points");
    if (figure->kind != FIGURE_STACK && figure->bars.count) return complain(check, "only stacks have several bars");
    if (figure->errors && figure->kind != FIGURE_LINES && figure->kind != FIGURE_BARS)
        return complain(check, "only lines and bars have error bars");
    if (figure->geomean && figure->kind != FIGURE_BARS) return complain(check, "only bars have a geometric mean");
    if (figure->y.scale != FIGURE_LINEAR && (figure->kind == FIGURE_STACK || figure->kind == FIGURE_MODES))
        return complain(check, "what is stacked has no logarithmic axis");
    return true;
}

/* ---- order ---- */

static bool fill_grid(struct figure_table *table, const struct check *check)
{
    const struct figure *figure = check->figure;
    bool fine = true;
    table->bars = figure->bars.count ? figure->bars.count : 1;
    table->count = figure->points.count * table->bars * figure->series.count;
    table->cells = lab_allocate(table->count * sizeof *table->cells);
    for (unsigned i = 0; i < figure->count; i++) {
        const struct figure_datum *datum = &figure->data[i];
        const struct figure_datum **cell =
            &table->cells[(datum->point * table->bars + datum->bar) * figure->series.count + datum->series];
        if (*cell) fine = complain(check, "value %u: its place is taken already", i);
        *cell = datum;
    }
    return fine;
}

static int left_to_right(const void *a, const void *b)
{
    const struct figure_datum *p = *(const struct figure_datum *const *)a, *q = *(const struct figure_datum *const *)b;
    if (p->series != q->series) return p->series < q->series ? -1 : 1;
    if (p->x != q->x) return p->x < q->x ? -1 : 1;
    return p < q ? -1 : p > q; /* the caller's order: they lie in one array */
}

static void sort_curves(struct figure_table *table)
{
    const struct figure *figure = table->figure;
    table->count = figure->count;
    table->cells = lab_allocate(table->count * sizeof *table->cells);
    for (unsigned i = 0; i < table->count; i++) table->cells[i] = &figure->data[i];
    qsort(table->cells, table->count, sizeof *table->cells, left_to_right);
}

/* Where the intervals of MODES end: all of their parts say the same. */
static bool find_ends(struct figure_table *table, const struct check *check)
{
    const struct figure *figure = table->figure;
    unsigned series = figure->series.count;
    double before = figure->x_begin;
    table->ends = lab_allocate(figure->points.count * sizeof *table->ends);
    for (unsigned p = 0; p < figure->points.count; p++) {
        double end = NAN;
        for (unsigned s = 0; s < series; s++) {
            const struct figure_datum *datum = table->cells[p * series + s];
            if (datum && !isnan(end) && datum->x != end) return complain(check, "interval %u has two ends", p);
            if (datum) end = datum->x;
        }
        if (!(end > before)) return complain(check, "interval %u does not end after it begins, at %g", p, before);
        table->ends[p] = before = end;
    }
    return true;
}

/* ---- what follows from the values ---- */

static bool betters(const struct figure *figure, const struct figure_datum *a, const struct figure_datum *b)
{
    double dx = figure->x.more_is_better ? a->x - b->x : b->x - a->x;
    double dy = figure->y.more_is_better ? a->y - b->y : b->y - a->y;
    return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0);
}

static void find_front(struct figure_table *table)
{
    table->front = lab_allocate(table->count * sizeof *table->front);
    for (unsigned i = 0; i < table->count; i++) {
        table->front[i] = figure_has_value(table->cells[i]);
        for (unsigned j = 0; j < table->count; j++) {
            if (figure_has_value(table->cells[j]) && betters(table->figure, table->cells[j], table->cells[i]))
                table->front[i] = false;
        }
    }
}

/* Over points where every series has a value, so that series compare. By MPFR: the same bits on every host. */
static bool find_means(struct figure_table *table, const struct check *check)
{
    unsigned series = table->figure->series.count, points = table->figure->points.count;
    mpfr_t product;
    mpfr_init2(product, MEAN_BITS);
    table->means = lab_allocate(series * sizeof *table->means);
    for (unsigned s = 0; s < series; s++) {
        table->mean_points = 0;
        mpfr_set_ui(product, 1, MPFR_RNDN);
        for (unsigned p = 0; p < points; p++) {
            bool all = true;
            for (unsigned t = 0; t < series; t++) all &= figure_has_value(table->cells[p * series + t]);
            if (!all) continue;
            table->mean_points++;
            mpfr_mul_d(product, product, table->cells[p * series + s]->y, MPFR_RNDN);
        }
        if (table->mean_points) mpfr_rootn_ui(product, product, table->mean_points, MPFR_RNDN);
        table->means[s] = mpfr_get_d(product, MPFR_RNDN);
    }
    mpfr_clear(product);
    return table->mean_points || complain(check, "no point has a value in every series: there is no geometric mean");
}

static void stretch(struct figure_range *range, double value)
{
    if (!(range->low <= value)) range->low = value;
    if (!(range->high >= value)) range->high = value;
}

/* The height above 0, and the depth below it, of each whole column of a stack; how many there are. */
static unsigned stretch_by_stacks(struct figure_table *table)
{
    unsigned whole = 0, series = table->figure->series.count;
    stretch(&table->y, 0);
    for (unsigned row = 0; row < table->count / series; row++) {
        double above = 0, below = 0;
        for (unsigned s = 0; s < series; s++) {
            double y = table->cells[row * series + s] ? table->cells[row * series + s]->y : NAN;
            if (y < 0) {
                below += y;
            } else {
                above += y;
            }
        }
        if (isnan(above)) continue;
        stretch(&table->y, above);
        stretch(&table->y, below);
        whole++;
    }
    return whole;
}

static bool find_ranges(struct figure_table *table, const struct check *check)
{
    const struct figure *figure = table->figure;
    table->x = table->y = (struct figure_range){NAN, NAN};
    for (unsigned i = 0; i < table->count; i++) {
        const struct figure_datum *datum = table->cells[i];
        table->missing |= !figure_has_value(datum);
        if (!figure_has_value(datum)) continue;
        stretch(&table->x, datum->x);
        if (figure->kind != FIGURE_STACK) stretch(&table->y, datum->y);
        if (!figure->errors || isnan(datum->low) || isnan(datum->high)) continue;
        table->errors = true;
        stretch(&table->y, datum->low);
        stretch(&table->y, datum->high);
    }
    if ((figure->kind == FIGURE_STACK || figure->kind == FIGURE_MODES) && !stretch_by_stacks(table))
        return complain(check, "nothing can be stacked: something is missing everywhere");
    if (figure->kind == FIGURE_BARS && !log_of_y(figure)) stretch(&table->y, 0);
    if (figure->kind != FIGURE_MODES) return true;
    table->x = (struct figure_range){figure->x_begin, table->ends[figure->points.count - 1]};
    if (log_of_x(figure) && table->x.low <= 0) table->x.low = table->ends[0] / 10;
    return true;
}

bool figure_tabulate(struct figure_table *table, const struct figure *figure, const char *name, struct diag *diag)
{
    struct check check = {figure, name, diag};
    *table = (struct figure_table){.figure = figure, .bars = 1};
    if (!check_shape(&check)) return false;
    bool words = check_words(&check);
    if (!check_numbers(&check) || !words) return false;
    if (!figure_has_grid(figure->kind)) {
        sort_curves(table);
    } else if (!fill_grid(table, &check)) {
        return false;
    }
    if (figure->kind == FIGURE_MODES && !find_ends(table, &check)) return false;
    if (figure->kind == FIGURE_PARETO) find_front(table);
    if (figure->geomean && !find_means(table, &check)) return false;
    return find_ranges(table, &check);
}

void figure_table_free(struct figure_table *table)
{
    free(table->cells);
    free(table->front);
    free(table->means);
    free(table->ends);
    *table = (struct figure_table){0};
}
