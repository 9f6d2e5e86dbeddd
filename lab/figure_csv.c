/* figure_csv.c -- the data of a figure as CSV: a heading, then a row per value; per column of a stack, or interval, a
 * row with all of its parts. What is missing is empty. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/figure_table.h"

/* The fewest digits that read back as the same number. */
static void print_number(double value, struct text *text)
{
    if (isnan(value)) return;
    char digits[32];
    snprintf(digits, sizeof digits, "%.0f", fabs(value) < 1e15 ? value : 0);
    for (int precision = 1; strtod(digits, NULL) != value && precision <= 17; precision++)
        snprintf(digits, sizeof digits, "%.*g", precision, value);
    text_printf(text, "%s", digits);
}

/* Also quoted: what would look like a comment, a number or nothing. */
static void print_field(const char *field, struct text *text)
{
    bool letter = (*field >= 'a' && *field <= 'z') || (*field >= 'A' && *field <= 'Z');
    if (letter && !strpbrk(field, ",\"")) {
        text_printf(text, "%s", field);
        return;
    }
    text_add(text, "\"", 1);
    for (const char *c = field; *c; c++) text_add(text, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    text_add(text, "\"", 1);
}

static void print_heading(const char *title, const char *otherwise, struct text *text)
{
    if (text->length) text_add(text, ",", 1);
    print_field(title && *title ? title : otherwise, text);
}

static void print_axis(const struct figure_axis *axis, struct text *text)
{
    struct text title = {0};
    figure_axis_text(axis, &title);
    print_heading(text_string(&title), "", text);
    text_free(&title);
}

static void print_value(double value, struct text *text)
{
    text_add(text, ",", 1);
    print_number(value, text);
}

static double y_of(const struct figure_datum *datum) { return datum ? datum->y : NAN; }

static void print_errors(const struct figure_table *table, const struct figure_datum *datum, struct text *text)
{
    if (!table->errors) return;
    print_value(figure_has_value(datum) ? datum->low : NAN, text);
    print_value(figure_has_value(datum) ? datum->high : NAN, text);
}

static void print_error_headings(const struct figure_table *table, struct text *text)
{
    if (table->errors) text_printf(text, ",low,high");
}

/* LINES, STARTUP, PARETO */
static void print_curves(const struct figure_table *table, struct text *text)
{
    const struct figure *figure = table->figure;
    bool pareto = figure->kind == FIGURE_PARETO;
    print_heading(figure->series.title, "series", text);
    if (pareto) print_heading(figure->points.title, "point", text);
    print_axis(&figure->x, text);
    print_axis(&figure->y, text);
    print_error_headings(table, text);
    text_printf(text, "%s\n", pareto ? ",front" : "");
    for (unsigned i = 0; i < table->count; i++) {
        const struct figure_datum *datum = table->cells[i];
        print_field(figure->series.names[datum->series], text);
        if (pareto) {
            text_add(text, ",", 1);
            print_field(figure->points.names[datum->point], text);
        }
        print_value(datum->x, text);
        print_value(datum->y, text);
        print_errors(table, datum, text);
        text_printf(text, "%s\n", !pareto ? "" : table->front[i] ? ",1" : ",0");
    }
}

/* BARS, HEAT */
static void print_grid(const struct figure_table *table, struct text *text)
{
    const struct figure *figure = table->figure;
    unsigned series = figure->series.count;
    print_heading(figure->points.title, "point", text);
    print_heading(figure->series.title, "series", text);
    print_axis(&figure->y, text);
    print_error_headings(table, text);
    text_add(text, "\n", 1);
    for (unsigned i = 0; i < table->count; i++) {
        print_field(figure->points.names[i / series], text);
        text_add(text, ",", 1);
        print_field(figure->series.names[i % series], text);
        print_value(y_of(table->cells[i]), text);
        print_errors(table, table->cells[i], text);
        text_add(text, "\n", 1);
    }
    for (unsigned s = 0; table->means && s < series; s++) {
        struct text name = {0};
        figure_mean_text(table, &name);
        print_field(text_string(&name), text);
        text_add(text, ",", 1);
        print_field(figure->series.names[s], text);
        print_value(table->means[s], text);
        text_printf(text, "%s\n", table->errors ? ",," : "");
        text_free(&name);
    }
}

static void print_parts(const struct figure_table *table, unsigned row, struct text *text)
{
    unsigned series = table->figure->series.count;
    for (unsigned s = 0; s < series; s++) print_value(y_of(table->cells[row * series + s]), text);
    text_add(text, "\n", 1);
}

static void print_stack(const struct figure_table *table, struct text *text)
{
    const struct figure *figure = table->figure;
    print_heading(figure->points.title, "point", text);
    if (figure->bars.count) print_heading(figure->bars.title, "bar", text);
    for (unsigned s = 0; s < figure->series.count; s++) print_heading(figure->series.names[s], "", text);
    text_add(text, "\n", 1);
    for (unsigned row = 0; row < table->count / figure->series.count; row++) {
        print_field(figure->points.names[row / table->bars], text);
        if (figure->bars.count) {
            text_add(text, ",", 1);
            print_field(figure->bars.names[row % table->bars], text);
        }
        print_parts(table, row, text);
    }
}

static void print_modes(const struct figure_table *table, struct text *text)
{
    const struct figure *figure = table->figure;
    text_printf(text, "\"from (%s)\",\"to (%s)\"", figure->x.unit, figure->x.unit);
    for (unsigned s = 0; s < figure->series.count; s++) print_heading(figure->series.names[s], "", text);
    text_add(text, "\n", 1);
    double from = figure->x_begin;
    for (unsigned row = 0; row < figure->points.count; row++) {
        print_number(from, text);
        print_value(from = table->ends[row], text);
        print_parts(table, row, text);
    }
}

void figure_print_csv(const struct figure_table *table, struct text *text)
{
    switch (table->figure->kind) {
    case FIGURE_LINES:
    case FIGURE_STARTUP:
    case FIGURE_PARETO: print_curves(table, text); break;
    case FIGURE_BARS:
    case FIGURE_HEAT: print_grid(table, text); break;
    case FIGURE_STACK: print_stack(table, text); break;
    case FIGURE_MODES: print_modes(table, text); break;
    }
}
