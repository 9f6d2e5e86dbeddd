/* figure_script.c -- a figure's gnuplot script: facts about the figure, then the templates that draw from them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/base/base.h"
#include "lab/figure_table.h"
#include "lab/paths.h"

enum { TEMPLATE_BYTES_MAX = 1 << 20 };

/* By kind: its name, and the template results/templates/NAME.gp. */
static const struct {
    const char *name, *drawn_by;
} kinds[] = {
    [FIGURE_LINES] = {"lines", "lines"},    [FIGURE_BARS] = {"bars", "bars"},
    [FIGURE_STACK] = {"stack", "stack"},    [FIGURE_HEAT] = {"heat", "heat"},
    [FIGURE_PARETO] = {"pareto", "pareto"}, [FIGURE_STARTUP] = {"startup", "lines"},
    [FIGURE_MODES] = {"modes", "modes"},
};

/* Within single quotes gnuplot changes nothing; a quote is doubled. */
static void print_quoted(const char *string, struct text *text)
{
    text_add(text, "'", 1);
    for (const char *c = string ? string : ""; *c; c++) text_add(text, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    text_add(text, "'", 1);
}

static void print_title(const char *name, const struct figure_axis *axis, struct text *text)
{
    struct text title = {0};
    figure_axis_text(axis, &title);
    text_printf(text, "%s = ", name);
    print_quoted(text_string(&title), text);
    text_add(text, "\n", 1);
    text_free(&title);
}

/* An array cannot be empty: it then has one element, and its count says 0. */
static void print_names(const char *name, const char *const *names, unsigned count, const char *last, struct text *text)
{
    unsigned all = count + (last != NULL);
    text_printf(text, "array %s[%u] = [", name, all ? all : 1);
    for (unsigned i = 0; i < count; i++) {
        if (i) text_printf(text, ", ");
        print_quoted(names[i], text);
    }
    if (last) text_printf(text, ", ");
    if (last || !all) print_quoted(last, text);
    text_printf(text, "]\n");
}

static unsigned scale_base(enum figure_scale scale)
{
    return scale == FIGURE_LOG2 ? 2 : scale == FIGURE_LOG10 ? 10 : 0;
}

static void print_range(const char *axis, enum figure_scale scale, struct figure_range range, struct text *text)
{
    text_printf(text, "%sLOG = %u; %sMIN = %.17g + 0.; %sMAX = %.17g + 0.\n", axis, scale_base(scale), axis, range.low,
                axis, range.high);
}

/* Of each series the first and the last of its rows, from 0; and those that have any, counted from 1. (-1: none; to
 * gnuplot "every ::-1::-1" would be all rows.) */
static void print_rows(const struct figure_table *table, struct text *text)
{
    bool *has_rows = lab_allocate(table->figure->series.count * sizeof *has_rows);
    unsigned drawn = 0;
    for (unsigned end = 0; end < 2; end++) {
        text_printf(text, "array %s[%u] = [", end ? "LAST" : "FIRST", table->figure->series.count);
        for (unsigned s = 0; s < table->figure->series.count; s++) {
            int found = -1;
            for (unsigned i = 0; i < table->count; i++) {
                if (table->cells[i]->series == s && (end || found < 0)) found = (int)i;
            }
            text_printf(text, "%s%d", s ? ", " : "", found);
            has_rows[s] = found >= 0;
            drawn += has_rows[s] && !end;
        }
        text_printf(text, "]\n");
    }
    text_printf(text, "DRAWN = %u; array DRAWN_SERIES[%u] = [", drawn, drawn);
    for (unsigned s = 0, before = 0; s < table->figure->series.count; s++) {
        if (has_rows[s]) text_printf(text, "%s%u", before++ ? ", " : "", s + 1);
    }
    text_printf(text, "]\n");
    free(has_rows);
}

/* As the legend has them. */
static void print_series(const struct figure *figure, struct text *text)
{
    const struct figure_names *series = &figure->series;
    char **names = lab_allocate((series->count + 1) * sizeof *names);
    for (unsigned s = 0; s < series->count; s++)
        names[s] = figure->series_unit ? lab_printf("%s %s", series->names[s], figure->series_unit) : lab_copy(series->names[s]);
    print_names("SERIES_NAME", (const char *const *)names, series->count, NULL, text);
    for (unsigned s = 0; s < series->count; s++) free(names[s]);
    free(names);
}

static void print_points(const struct figure_table *table, struct text *text)
{
    const struct figure *figure = table->figure;
    struct text mean = {0};
    bool labels = figure->kind == FIGURE_BARS || figure->kind == FIGURE_STACK || figure->kind == FIGURE_HEAT;
    if (table->means) figure_mean_text(table, &mean);
    text_printf(text, "LABELS = %u; APART = %d\n", labels ? figure->points.count + (table->means != NULL) : 0,
                table->means != NULL);
    print_names("LABEL", figure->points.names, labels ? figure->points.count : 0, mean.data, text);
    text_free(&mean);
    if (figure->kind != FIGURE_PARETO) return;
    const char **names = lab_allocate(table->count * sizeof *names);
    for (unsigned i = 0; i < table->count; i++) names[i] = figure->points.names[table->cells[i]->point];
    text_printf(text, "POINTS = %u; X_MORE = %d\n", table->count, figure->x.more_is_better);
    print_names("POINT", names, table->count, NULL, text);
    free(names);
}

/* One column of a paper holds this much. */
static unsigned columns_of(const struct figure_table *table)
{
    const struct figure *figure = table->figure;
    if (figure->columns) return figure->columns;
    unsigned points = figure->points.count + (table->means != NULL);
    switch (figure->kind) {
    case FIGURE_BARS: return points > 14 || points * (figure->series.count + 1) > 44 ? 2 : 1;
    case FIGURE_STACK: return points > 14 || points * table->bars > 24 ? 2 : 1;
    case FIGURE_HEAT: return points > 10 ? 2 : 1;
    default: return 1;
    }
}

/* Of the stacks: the bars' names from left to right, for the title of their axis. */
static void print_x_title(const struct figure *figure, struct text *text)
{
    struct figure_axis axis = figure->x;
    if (figure->kind != FIGURE_MODES && figure_has_grid(figure->kind)) axis.unit = NULL;
    struct text bars = {0};
    text_printf(&bars, "%s", axis.title ? axis.title : "");
    for (unsigned b = 0; b < figure->bars.count; b++) {
        text_printf(&bars, "%s%s",
                    b                     ? ", "
                    : *text_string(&bars) ? "; from left to right: "
                                          : "from left to right: ",
                    figure->bars.names[b]);
    }
    axis.title = text_string(&bars);
    print_title("XTITLE", &axis, text);
    text_free(&bars);
}

static void print_facts(const struct figure_table *table, const char *name, struct text *text)
{
    const struct figure *figure = table->figure;
    bool heat = figure->kind == FIGURE_HEAT, curves = !figure_has_grid(figure->kind);
    struct figure_axis rows = {.title = figure->series.title};
    text_printf(text, "NAME = '%s'; KIND = '%s'; COLUMNS = %u\nTITLE = ", name, kinds[figure->kind].name,
                columns_of(table));
    print_quoted(figure->title, text);
    text_printf(text, "\n");
    print_x_title(figure, text);
    print_title("YTITLE", heat ? &rows : &figure->y, text);
    print_title("ZTITLE", heat ? &figure->y : &(struct figure_axis){0}, text);
    enum figure_scale x_scale = figure->kind == FIGURE_STARTUP ? FIGURE_LOG10 : figure->x.scale;
    print_range("X", curves || figure->kind == FIGURE_MODES ? x_scale : FIGURE_LINEAR, table->x, text);
    print_range("Y", heat ? FIGURE_LINEAR : figure->y.scale, table->y, text);
    if (heat) print_range("Z", figure->y.scale, table->y, text);
    text_printf(text, "SERIES = %u; BARS = %u; ERRORS = %d; MISSING = %d\n", figure->series.count, table->bars,
                table->errors, table->missing && figure_has_grid(figure->kind) && figure->kind != FIGURE_MODES);
    print_series(figure, text);
    if (curves) print_rows(table, text);
    if (figure->kind == FIGURE_MODES) text_printf(text, "ROWS = %u\n", figure->points.count);
    if (figure->kind == FIGURE_STACK) text_printf(text, "NAMES = %d\n", figure->bars.count ? 2 : 1);
    print_points(table, text);
}

static bool print_template(const char *template, struct text *text, struct diag *diag)
{
    char *relative = lab_printf("results/templates/%s.gp", template), *path = paths_in_home(relative, diag);
    size_t bytes = 0;
    char *script = path ? lab_read_file(path, TEMPLATE_BYTES_MAX, &bytes) : NULL;
    if (path && !script) diag_error(diag, path, 0, 0, "cannot read: %s", strerror(errno));
    if (script) text_add(text, script, bytes);
    bool fine = script != NULL;
    free(relative);
    free(path);
    free(script);
    return fine;
}

bool figure_print_script(const struct figure_table *table, const char *name, unsigned formats, struct text *text,
                         struct diag *diag)
{
    static const struct {
        unsigned format;
        const char *terminal, *extension;
    } outputs[] = {{FIGURE_SVG, "SVG", "svg"}, {FIGURE_PDF, "PDF", "pdf"}, {FIGURE_PNG, "PNG", "png"}};
    const char *template = kinds[table->figure->kind].drawn_by;
    text_printf(text, "# %s.gp -- draws", name);
    for (unsigned o = 0; o < LENGTH(outputs); o++) {
        if (formats & outputs[o].format) text_printf(text, " %s.%s", name, outputs[o].extension);
    }
    text_printf(text, " from %s.csv, in their folder, by gnuplot (5.4): gnuplot %s.gp\n\n", name, name);
    print_facts(table, name, text);
    bool drawn = false;
    if (!print_template("common", text, diag)) return false;
    for (unsigned o = 0; o < LENGTH(outputs); o++) {
        if (!(formats & outputs[o].format)) continue;
        text_printf(text, "\neval TERMINAL_%s\nset output '%s.%s'\n", outputs[o].terminal, name, outputs[o].extension);
        if (drawn) text_printf(text, "replot\n");
        if (!drawn && !print_template(template, text, diag)) return false;
        drawn = true;
    }
    text_printf(text, "unset output\n");
    return true;
}
