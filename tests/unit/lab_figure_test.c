/* lab_figure_test.c -- the figure writer: the data are written exactly, gnuplot draws every kind without a complaint
 * and to the same bytes wherever it runs, nothing in a name is taken for markup, and after a failure nothing is left.
 */
#define _GNU_SOURCE /* memmem */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hwsim/base/base.h"
#include "lab/child.h"
#include "lab/figure.h"
#include "lab/text.h"

static const char *const three[] = {"crusoe", "efficeon", "torture"};
static const char *const nasty[] = {"a_b^c@{d}~\\n\\\\", "100%d of %s & &lt; &#65;", "it's \"q\" <b>",
                                    "#hash, caf\xc3\xa9"};

#define AXIS_X                                                                                                         \
    {                                                                                                                  \
        "JTLB size", "entries", FIGURE_LINEAR, false                                                                   \
    }
#define AXIS_Y                                                                                                         \
    {                                                                                                                  \
        "IPC", "instructions/cycle", FIGURE_LINEAR, true                                                               \
    }
#define NAMES(title, list)                                                                                             \
    {                                                                                                                  \
        title, list, LENGTH(list)                                                                                      \
    }

/* A value in each place of a grid of 3 series x 4 points, and with an x; one is missing. */
enum { GRID = 12 };
static void fill(struct figure_datum *grid)
{
    for (unsigned i = 0; i < GRID; i++) {
        double y = i == 4 ? NAN : 1 + i * 0.25;
        grid[i] = (struct figure_datum){
            .series = i % 3, .point = i / 3, .x = 1 + i / 3, .y = y, .low = y - 0.1, .high = y + 0.2};
    }
}

static struct figure figure_of(enum figure_kind kind, const struct figure_datum *grid)
{
    return (struct figure){.kind = kind,
                           .title = "title_with ^@{}~ & 'quotes' \"too\"",
                           .x = AXIS_X,
                           .y = AXIS_Y,
                           .series = NAMES("machine", three),
                           .points = NAMES("workload", nasty),
                           .data = grid,
                           .count = GRID};
}

static void write_fine(const struct figure *figure, const char *directory, const char *name, unsigned formats)
{
    struct diag diag = {0};
    bool fine = figure_write(figure, directory, name, formats, &diag);
    diag_print(&diag, stderr);
    assert_true(fine);
    assert_int_equal(diag.count, 0);
}

static char *contents(const char *directory, const char *name, const char *extension, size_t *bytes)
{
    char *path = lab_printf("%s/%s.%s", directory, name, extension);
    char *text = lab_read_file(path, 64 << 20, bytes);
    if (!text) fail_msg("no %s", path);
    free(path);
    return text;
}

static void expect_file(const char *name, const char *extension, const char *wanted)
{
    char *text = contents(".", name, extension, NULL);
    assert_string_equal(text, wanted);
    free(text);
}

static unsigned entries_of(const char *directory)
{
    unsigned count = 0;
    DIR *open = opendir(directory);
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open));)
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(open);
    return count;
}

/* ---- the data ---- */

static void curves_are_sorted_and_exact(void **state)
{
    static const struct figure_datum data[] = {
        {.series = 1, .x = 2, .y = 1 / 3., .low = NAN, .high = NAN},
        {.series = 0, .x = 1e300, .y = 5e-324, .low = 0, .high = 1},
        {.series = 0, .x = 1e-5, .y = NAN},
        {.series = 0, .x = -0.1, .y = 123456789012, .low = 0.5, .high = 1e15},
        {.series = 1, .x = 1, .y = 1e22, .low = 1, .high = 1e23},
    };
    struct figure figure = figure_of(FIGURE_LINES, data);
    figure.count = LENGTH(data);
    figure.errors = true;
    write_fine(&figure, ".", "numbers", 0);
    expect_file("numbers", "csv",
                "machine,JTLB size (entries),IPC (instructions/cycle),low,high\n"
                "crusoe,-0.1,123456789012,0.5,1e+15\n"
                "crusoe,1e-05,,,\n"
                "crusoe,1e+300,5e-324,0,1\n"
                "efficeon,1,1e+22,1,1e+23\n"
                "efficeon,2,0.3333333333333333,,\n");
}

static void bars_have_a_mean_of_what_all_have(void **state)
{
    static const char *const points[] = {"one", "two", "three"};
    static const struct figure_datum data[] = {
        {.series = 0, .point = 0, .y = 2}, {.series = 1, .point = 0, .y = 1e300}, {.series = 0, .point = 1, .y = 7},
        {.series = 0, .point = 2, .y = 8}, {.series = 1, .point = 2, .y = 1e300},
    };
    struct figure figure = figure_of(FIGURE_BARS, data);
    figure.count = LENGTH(data);
    figure.series.count = 2;
    figure.points = (struct figure_names)NAMES(NULL, points);
    figure.geomean = true;
    write_fine(&figure, ".", "mean", 0);
    expect_file(
        "mean", "csv",
        "point,machine,IPC (instructions/cycle)\n"
        "one,crusoe,2\none,efficeon,1e+300\ntwo,crusoe,7\ntwo,efficeon,\nthree,crusoe,8\nthree,efficeon,1e+300\n"
        "geomean of 2,crusoe,4\ngeomean of 2,efficeon,1e+300\n");
}

static void stacks_have_a_row_per_column(void **state)
{
    static const char *const bars[] = {"small", "4"};
    struct figure_datum data[GRID];
    for (unsigned i = 0; i < GRID; i++)
        data[i] = (struct figure_datum){.series = i % 3, .bar = i / 3 % 2, .point = i / 6, .y = i};
    struct figure figure = figure_of(FIGURE_STACK, data);
    figure.points.count = 2;
    figure.bars = (struct figure_names)NAMES("cache", bars);
    figure.count = GRID - 1;
    write_fine(&figure, ".", "stack", 0);
    expect_file("stack", "csv",
                "workload,cache,crusoe,efficeon,torture\n"
                "a_b^c@{d}~\\n\\\\,small,0,1,2\na_b^c@{d}~\\n\\\\,\"4\",3,4,5\n"
                "\"100%d of %s & &lt; &#65;\",small,6,7,8\n\"100%d of %s & &lt; &#65;\",\"4\",9,10,\n");
}

static void intervals_have_two_ends(void **state)
{
    static const struct figure_datum data[] = {
        {.series = 0, .point = 0, .x = 100000, .y = 3},
        {.series = 1, .point = 0, .x = 100000, .y = 1},
        {.series = 0, .point = 1, .x = 200000, .y = NAN},
        {.series = 1, .point = 1, .x = 200000, .y = 1},
    };
    struct figure figure = figure_of(FIGURE_MODES, data);
    figure.count = LENGTH(data);
    figure.series.count = 2;
    figure.points = (struct figure_names){.count = 2};
    figure.x_begin = 50000;
    write_fine(&figure, ".", "modes", 0);
    expect_file("modes", "csv",
                "\"from (entries)\",\"to (entries)\",crusoe,efficeon\n50000,100000,3,1\n100000,200000,,1\n");
}

static void the_front_is_what_none_betters(void **state)
{
    static const char *const points[] = {"cheap", "good", "bad", "twin", "twin", "none"};
    static const struct figure_datum data[] = {
        {.point = 0, .x = 1, .y = 1}, {.point = 1, .x = 4, .y = 9}, {.point = 2, .x = 4, .y = 8},
        {.point = 3, .x = 2, .y = 5}, {.point = 4, .x = 2, .y = 5}, {.point = 5, .x = 0, .y = NAN},
    };
    struct figure figure = figure_of(FIGURE_PARETO, data);
    figure.count = LENGTH(data);
    figure.points = (struct figure_names)NAMES("design", points);
    write_fine(&figure, ".", "front", 0);
    expect_file("front", "csv",
                "machine,design,JTLB size (entries),IPC (instructions/cycle),front\n"
                "crusoe,none,0,,0\ncrusoe,cheap,1,1,1\ncrusoe,twin,2,5,1\ncrusoe,twin,2,5,1\ncrusoe,good,4,9,1\ncrusoe,"
                "bad,4,8,0\n");
}

/* ---- the pictures ---- */

/* No parser, but enough to see what a name can break: tags are closed in order, and '<' and '&' only begin markup. */
static void expect_xml(const char *xml)
{
    enum { DEPTH = 32 };
    const char *open[DEPTH];
    unsigned depth = 0;
    for (const char *c = xml; *c; c++) {
        if (*c == '&')
            assert_true(!strncmp(c, "&amp;", 5) || !strncmp(c, "&lt;", 4) || !strncmp(c, "&gt;", 4) ||
                        !strncmp(c, "&quot;", 6));
        if (*c != '<') continue;
        const char *tag = c + 1;
        assert_non_null(c = strchr(c, '>'));
        if (*tag == '?' || c[-1] == '/') continue;
        if (*tag == '/') {
            assert_true(depth > 0);
            size_t length = strcspn(++tag, " >");
            depth--;
            assert_memory_equal(open[depth], tag, length);
            assert_true(strchr(" \n>", open[depth][length]) != NULL);
        } else {
            assert_true(isalpha((unsigned char)*tag) && depth < DEPTH);
            open[depth++] = tag;
        }
    }
    assert_int_equal(depth, 0);
}

/* `svg` has `plain` as a text, escaped. */
static void expect_words(const char *svg, const char *plain)
{
    struct text text = {0};
    text_printf(&text, "<text>");
    for (const char *c = plain; *c; c++) {
        if (*c == '&')
            text_printf(&text, "&amp;");
        else if (*c == '<')
            text_printf(&text, "&lt;");
        else
            text_add(&text, c, 1);
    }
    text_printf(&text, "</text>");
    if (!strstr(svg, text_string(&text))) fail_msg("not in the figure: %s", text_string(&text));
    text_free(&text);
}

static const char *const kinds[] = {"lines", "bars", "stack", "heat", "pareto", "startup", "modes"};

static void every_kind_is_drawn(void **state)
{
    struct figure_datum grid[GRID];
    fill(grid);
    for (unsigned k = 0; k < LENGTH(kinds); k++) {
        struct figure figure = figure_of(k, grid);
        figure.errors = k == FIGURE_LINES || k == FIGURE_BARS;
        figure.geomean = k == FIGURE_BARS;
        write_fine(&figure, ".", kinds[k], FIGURE_SVG | FIGURE_PDF | FIGURE_PNG);
        char *svg = contents(".", kinds[k], "svg", NULL);
        expect_xml(svg);
        expect_words(svg, figure.title);
        for (unsigned s = 0; s < LENGTH(three); s++) expect_words(svg, three[s]);
        bool labels = k == FIGURE_BARS || k == FIGURE_STACK || k == FIGURE_HEAT;
        for (unsigned p = 0; labels && p < LENGTH(nasty); p++) expect_words(svg, nasty[p]);
        if (labels) expect_words(svg, "no value");
        free(svg);
        size_t bytes;
        char *pdf = contents(".", kinds[k], "pdf", &bytes), *png = contents(".", kinds[k], "png", NULL);
        assert_memory_equal(pdf, "%PDF-", 5);
        assert_non_null(memmem(pdf, bytes, "/CreationDate (D:19700101000000Z)", 33));
        assert_memory_equal(png, "\x89PNG", 4);
        free(pdf);
        free(png);
    }
}

/* The shapes that a layout can stumble over: one value, as many series as there may be, all values equal, all 0,
 * negative, over many decades, points without end, a series without values. */
static void odd_shapes_are_drawn(void **state)
{
    static const char *const many[FIGURE_SERIES_MAX] = {
        "a", "b", "c", "d", "e", "f", "g",
        "h", "i", "j", "k", "l", "m", "a name of more than forty characters, indeed"};
    static const char *const alone[] = {""};
    enum { POINTS = 60 };
    char *numbers[POINTS];
    struct figure_datum *data = lab_allocate(FIGURE_SERIES_MAX * POINTS * sizeof *data);
    for (unsigned p = 0; p < POINTS; p++) numbers[p] = lab_printf("workload number %u", p);
    for (unsigned k = 0; k < LENGTH(kinds); k++) {
        for (unsigned shape = 0; shape < 6; shape++) {
            bool share = k == FIGURE_MODES, logarithmic = shape == 4 && k != FIGURE_STACK && !share;
            struct figure figure = figure_of(k, data);
            figure.series =
                shape == 0 ? (struct figure_names)NAMES(NULL, alone) : (struct figure_names)NAMES(NULL, many);
            figure.points = (struct figure_names){"workload", (const char *const *)numbers,
                                                  shape == 0   ? 1
                                                  : shape == 5 ? POINTS
                                                               : 5};
            figure.y.scale = logarithmic ? FIGURE_LOG10 : FIGURE_LINEAR;
            figure.count = figure.series.count * figure.points.count;
            for (unsigned i = 0; i < figure.count; i++) {
                unsigned s = i % figure.series.count, p = i / figure.series.count;
                double y = shape == 1   ? 7
                           : shape == 2 ? share && !s
                           : shape == 3 ? (share ? 1 : -1. - i)
                                        : pow(10, i % 7) / 100;
                data[i] = (struct figure_datum){
                    .series = s, .point = p, .x = p + 1, .y = s == 5 && (k < FIGURE_STACK) ? NAN : y};
            }
            char *name = lab_printf("%s-%u", kinds[k], shape);
            write_fine(&figure, ".", name, FIGURE_SVG);
            char *svg = contents(".", name, "svg", NULL);
            expect_xml(svg);
            if (shape && k != FIGURE_HEAT) expect_words(svg, many[5]);
            free(svg);
            free(name);
        }
    }
    for (unsigned p = 0; p < POINTS; p++) free(numbers[p]);
    free(data);
}

static unsigned occurrences(const char *text, const char *wanted)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, wanted)); at++) count++;
    return count;
}

/* A tick between two that six digits would write alike. */
static void near_ticks_are_told_apart(void **state)
{
    static const struct {
        enum figure_kind kind;
        double first, step;
        const char *tick;
        unsigned axes;
    } cases[] = {{FIGURE_LINES, 0.6806274, 1e-7, ">0.6806276<", 2},
                 {FIGURE_PARETO, 0.6806274, 1e-7, ">0.6806276<", 2},
                 {FIGURE_HEAT, 0.6806274, 1e-7, ">0.6806276<", 1},
                 {FIGURE_STARTUP, -0.6806285, 1e-7, ">-0.6806276<", 1},
                 {FIGURE_LINES, 100000000, 1, ">100000002<", 2}};
    for (unsigned c = 0; c < LENGTH(cases); c++) {
        struct figure_datum data[GRID];
        for (unsigned i = 0; i < GRID; i++) {
            double y = cases[c].first + i * cases[c].step, x = cases[c].kind == FIGURE_STARTUP ? i + 1 : y;
            data[i] = (struct figure_datum){.series = i % 3, .point = i / 3, .x = x, .y = y};
        }
        struct figure figure = figure_of(cases[c].kind, data);
        char *name = lab_printf("near-%u", c);
        write_fine(&figure, ".", name, FIGURE_SVG);
        char *svg = contents(".", name, "svg", NULL);
        assert_int_equal(occurrences(svg, cases[c].tick), cases[c].axes);
        free(svg);
        free(name);
    }
}

/* Its mark is in the legend alone, and the others keep their colours. */
static void a_series_without_points_draws_nothing(void **state)
{
    static const enum figure_kind curves[] = {FIGURE_LINES, FIGURE_PARETO, FIGURE_STARTUP};
    static const char *const colours[] = {"color='rgb(  0, 114, 178)'", "color='rgb(230, 159,   0)'",
                                          "color='rgb(  0,   0,   0)'"};
    for (unsigned k = 0; k < LENGTH(curves); k++) {
        for (unsigned empty = 0; empty < LENGTH(three); empty++) {
            struct figure_datum data[8];
            unsigned count = 0;
            for (unsigned i = 0; i < GRID; i++)
                if (i % 3 != empty)
                    data[count++] = (struct figure_datum){.series = i % 3, .point = i / 3, .x = 1 + i, .y = 1 + i % 5};
            struct figure figure = figure_of(curves[k], data);
            figure.count = count;
            write_fine(&figure, ".", "empty", FIGURE_SVG);
            char *svg = contents(".", "empty", "svg", NULL);
            assert_int_equal(occurrences(svg, " scale("), LENGTH(data) + LENGTH(three));
            for (unsigned s = 0; s < LENGTH(three); s++)
                assert_int_equal(occurrences(svg, colours[s]), s == empty ? 1 : GRID / 3 + 1);
            free(svg);
        }
    }
}

/* Beside the same figure with a value in its place: a mark less, and the line begins once more. */
static void a_missing_value_is_a_hole(void **state)
{
    static const char *const alone[] = {"it"};
    struct figure_datum data[5];
    unsigned marks[2], begins[2];
    for (unsigned missing = 0; missing < 2; missing++) {
        for (unsigned i = 0; i < 5; i++) data[i] = (struct figure_datum){.x = i, .y = i == 2 && missing ? NAN : i % 4};
        struct figure figure = figure_of(FIGURE_LINES, data);
        figure.count = 5;
        figure.series = (struct figure_names)NAMES(NULL, alone);
        write_fine(&figure, ".", "hole", FIGURE_SVG);
        char *svg = contents(".", "hole", "svg", NULL);
        marks[missing] = occurrences(svg, "<use ");
        begins[missing] = occurrences(svg, "M");
        free(svg);
    }
    assert_int_equal(marks[1], marks[0] - 1);
    assert_int_equal(begins[1], begins[0] + 1);
}

static void a_zero_has_its_place_on_a_logarithmic_axis(void **state)
{
    static const char *const alone[] = {"it"};
    unsigned marks[2];
    for (unsigned logarithmic = 0; logarithmic < 2; logarithmic++) {
        struct figure_datum data[4];
        for (unsigned i = 0; i < 4; i++) data[i] = (struct figure_datum){.x = i ? 1 << i : 0, .y = 1 + i};
        struct figure figure = figure_of(FIGURE_LINES, data);
        figure.count = 4, figure.x.scale = logarithmic ? FIGURE_LOG2 : FIGURE_LINEAR;
        figure.series = (struct figure_names)NAMES(NULL, alone);
        write_fine(&figure, ".", "zero", FIGURE_SVG);
        char *svg = contents(".", "zero", "svg", NULL);
        marks[logarithmic] = occurrences(svg, "<use ");
        free(svg);
    }
    assert_int_equal(marks[1], marks[0]);
}

/* Whether the bars have names (and so a column of the data) or not, the same parts are drawn. */
static void a_bar_may_have_a_name(void **state)
{
    static const char *const bars[] = {"alone"};
    struct figure_datum data[GRID];
    unsigned boxes[2];
    fill(data);
    data[4].y = 1;
    for (unsigned named = 0; named < 2; named++) {
        struct figure figure = figure_of(FIGURE_STACK, data);
        if (named) figure.bars = (struct figure_names)NAMES("cache", bars);
        write_fine(&figure, ".", "named", FIGURE_SVG);
        char *svg = contents(".", "named", "svg", NULL);
        boxes[named] = occurrences(svg, "<polygon ");
        free(svg);
    }
    assert_true(boxes[0] >= GRID);
    assert_int_equal(boxes[0], boxes[1]);
}

/* A bar without a value is not drawn (nor its hatching); instead there is a cross, and another in the legend. */
static void a_missing_bar_is_a_cross(void **state)
{
    struct figure_datum data[GRID];
    unsigned boxes[2];
    fill(data);
    for (unsigned missing = 0; missing < 2; missing++) {
        data[4].y = missing ? NAN : 1;
        struct figure figure = figure_of(FIGURE_BARS, data);
        write_fine(&figure, ".", "hole", FIGURE_SVG);
        char *svg = contents(".", "hole", "svg", NULL);
        boxes[missing] = occurrences(svg, "<polygon ");
        assert_int_equal(occurrences(svg, "<use xlink:href='#gpPt1'"), missing ? 2 : 0);
        assert_int_equal(occurrences(svg, "no value</text>"), missing);
        free(svg);
    }
    assert_int_equal(boxes[1], boxes[0] - 2);
}

static void the_script_redraws_it(void **state)
{
    struct figure_datum grid[GRID];
    fill(grid);
    for (unsigned k = 0; k < LENGTH(kinds); k++) {
        struct figure figure = figure_of(k, grid);
        write_fine(&figure, ".", "again", FIGURE_SVG);
        size_t before, after;
        char *svg = contents(".", "again", "svg", &before);
        assert_int_equal(unlink("again.svg"), 0);
        char *path = lab_printf("PATH=%s", getenv("PATH"));
        char *command[] = {"gnuplot", "again.gp", NULL}, *environment[] = {path, "LC_ALL=C.UTF-8", NULL};
        struct text said = {0};
        assert_true(child_reports(command, environment, ".", &said));
        assert_string_equal(text_string(&said), "");
        char *redrawn = contents(".", "again", "svg", &after);
        assert_int_equal(before, after);
        assert_memory_equal(svg, redrawn, before);
        text_free(&said);
        free(path);
        free(svg);
        free(redrawn);
    }
}

static void the_same_bytes_everywhere(void **state)
{
    static const char *const extensions[] = {"csv", "gp", "svg", "pdf", "png"};
    struct figure_datum grid[GRID];
    fill(grid);
    mkdir("else where", 0777);
    for (unsigned k = 0; k < LENGTH(kinds); k++) {
        struct figure figure = figure_of(k, grid);
        write_fine(&figure, ".", "here", FIGURE_SVG | FIGURE_PDF | FIGURE_PNG);
        setenv("TZ", "Asia/Tokyo", 1);
        setenv("LC_ALL", "de_DE.UTF-8", 1);
        setenv("GNUTERM", "dumb", 1);
        write_fine(&figure, "else where", "here", FIGURE_SVG | FIGURE_PDF | FIGURE_PNG);
        unsetenv("TZ");
        unsetenv("LC_ALL");
        unsetenv("GNUTERM");
        for (unsigned e = 0; e < LENGTH(extensions); e++) {
            size_t here, there;
            char *a = contents(".", "here", extensions[e], &here),
                 *b = contents("else where", "here", extensions[e], &there);
            assert_int_equal(here, there);
            assert_memory_equal(a, b, here);
            free(a);
            free(b);
        }
    }
}

/* ---- mistakes ---- */

static void expect_error(const struct figure *figure, const char *name, const char *message)
{
    struct diag diag = {0};
    mkdir("bad", 0777);
    assert_false(figure_write(figure, "bad", name, FIGURE_SVG, &diag));
    assert_true(diag.count > 0);
    assert_string_equal(diag.lines[0], message);
    assert_int_equal(entries_of("bad"), 0);
    diag_free(&diag);
}

static void mistakes_are_told(void **state)
{
    struct figure_datum grid[GRID];
    fill(grid);
    struct figure fine = figure_of(FIGURE_BARS, grid), bad = fine;
    expect_error(&fine, "a/b", "figure: error: 'a/b' is no name for a figure: letters, digits, '_', '-', '.'");
    expect_error(&fine, ".a", "figure: error: '.a' is no name for a figure: letters, digits, '_', '-', '.'");
    bad.y.unit = NULL;
    expect_error(&bad, "f", "figure f: error: the y axis has no unit");
    bad = fine, bad.title = "two\nlines";
    expect_error(&bad, "f", "figure f: error: the title has a control character (0x0a)");
    bad = fine, bad.y.title = "\xff";
    expect_error(&bad, "f", "figure f: error: the title of an axis is not UTF-8");
    bad = fine, bad.series.names = (const char *const[]){"a", "b", "a"};
    expect_error(&bad, "f", "figure f: error: two of the series are called 'a'");
    bad = fine, bad.series.names = (const char *const[]){"a", "", "c"};
    expect_error(&bad, "f", "figure f: error: name 2 of the series is empty");
    bad = fine, bad.series.names = (const char *const[]){"a", "b \"c\", d", "e"};
    expect_error(&bad, "f",
                 "figure f: error: name 2 of the series has both '\"' and ',', which gnuplot cannot read from CSV");
    bad = fine, bad.series.count = 2;
    expect_error(&bad, "f", "figure f: error: value 2: no series 2");
    bad = fine, bad.points.count = 1;
    expect_error(&bad, "f", "figure f: error: value 3: no point 1");
    bad = fine, bad.count = 0;
    expect_error(&bad, "f", "figure f: error: there is no value to draw");
    bad = fine, bad.kind = FIGURE_LINES, bad.geomean = true;
    expect_error(&bad, "f", "figure f: error: only bars have a geometric mean");
}

static void wrong_values_are_told(void **state)
{
    struct figure_datum grid[GRID];
    fill(grid);
    struct figure bars = figure_of(FIGURE_BARS, grid), bad = bars;
    grid[2].y = INFINITY;
    expect_error(&bars, "f", "figure f: error: value 2 is not finite");
    grid[2].y = 0;
    bad.y.scale = FIGURE_LOG2;
    expect_error(&bad, "f", "figure f: error: value 2 is 0, on a logarithmic axis");
    bad = bars, bad.geomean = true;
    expect_error(&bad, "f", "figure f: error: value 2 is 0: there is no geometric mean");
    grid[2].y = 5;
    bad = bars, bad.errors = true;
    expect_error(&bad, "f", "figure f: error: value 2, 5, is not within its error bar, 1.4 to 1.7");
    grid[2].series = 1;
    expect_error(&bars, "f", "figure f: error: value 2: its place is taken already");
    fill(grid);
    grid[1].x = 7;
    bad = bars, bad.kind = FIGURE_MODES;
    expect_error(&bad, "f", "figure f: error: interval 0 has two ends");
    for (unsigned i = 0; i < GRID; i++) grid[i].x = 1;
    expect_error(&bad, "f", "figure f: error: interval 1 does not end after it begins, at 1");
    for (unsigned i = 0; i < GRID; i += 3) grid[i].y = NAN;
    bad = bars, bad.kind = FIGURE_LINES, bad.x.scale = FIGURE_LOG10, grid[1].x = -1;
    expect_error(&bad, "f", "figure f: error: value 1: x is -1, on a logarithmic axis");
    bad.kind = FIGURE_STARTUP, grid[1].x = 0;
    expect_error(&bad, "f", "figure f: error: value 1: x is 0, on a logarithmic axis");
    bad = bars, bad.kind = FIGURE_STACK;
    expect_error(&bad, "f", "figure f: error: nothing can be stacked: something is missing everywhere");
}

/* A gnuplot of our own that leaves a file behind and fails; then none at all. */
static void a_failing_gnuplot_is_told(void **state)
{
    struct figure_datum grid[GRID];
    fill(grid);
    struct figure figure = figure_of(FIGURE_BARS, grid);
    char *path = lab_copy(getenv("PATH")), here[4096];
    FILE *script = fopen("gnuplot", "w");
    assert_non_null(script);
    fputs("#!/bin/sh\necho half >f.svg\necho 'line 7: no such plot' >&2\nexit 1\n", script);
    fclose(script);
    chmod("gnuplot", 0755);
    assert_non_null(getcwd(here, sizeof here));
    setenv("PATH", here, 1);
    expect_error(&figure, "f", "figure f: error: gnuplot (Debian package gnuplot-nox): line 7: no such plot");
    setenv("PATH", "/nonexistent", 1);
    expect_error(&figure, "f",
                 "figure f: error: gnuplot (Debian package gnuplot-nox): gnuplot: No such file or directory");
    setenv("PATH", path, 1);
    unlink("gnuplot");
    struct diag diag = {0};
    assert_false(figure_write(&figure, "no directory", "f", FIGURE_SVG, &diag));
    assert_int_equal(diag.count, 1);
    assert_non_null(strstr(diag.lines[0], "No such file or directory"));
    diag_free(&diag);
    free(path);
}

/* ---- a place to work in ---- */

static int in_a_directory_of_our_own(void **state)
{
    char name[] = "/tmp/covm-figure-test-XXXXXX";
    return !mkdtemp(name) || chdir(name);
}

static void empty(const char *directory)
{
    DIR *open = opendir(directory);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        char *path = lab_printf("%s/%s", directory, entry->d_name);
        unlink(path);
        free(path);
    }
    if (open) closedir(open);
}

static int gone_again(void **state)
{
    char name[4096];
    if (!getcwd(name, sizeof name)) return 1;
    static const char *const directories[] = {"else where", "bad"};
    for (unsigned i = 0; i < LENGTH(directories); i++) {
        empty(directories[i]);
        rmdir(directories[i]);
    }
    empty(".");
    return chdir("/") || rmdir(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_are_sorted_and_exact),
        cmocka_unit_test(bars_have_a_mean_of_what_all_have),
        cmocka_unit_test(stacks_have_a_row_per_column),
        cmocka_unit_test(intervals_have_two_ends),
        cmocka_unit_test(the_front_is_what_none_betters),
        cmocka_unit_test(every_kind_is_drawn),
        cmocka_unit_test(odd_shapes_are_drawn),
        cmocka_unit_test(a_series_without_points_draws_nothing),
        cmocka_unit_test(near_ticks_are_told_apart),
        cmocka_unit_test(a_missing_value_is_a_hole),
        cmocka_unit_test(a_zero_has_its_place_on_a_logarithmic_axis),
        cmocka_unit_test(a_missing_bar_is_a_cross),
        cmocka_unit_test(a_bar_may_have_a_name),
        cmocka_unit_test(the_script_redraws_it),
        cmocka_unit_test(the_same_bytes_everywhere),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(wrong_values_are_told),
        cmocka_unit_test(a_failing_gnuplot_is_told),
    };
    return cmocka_run_group_tests(tests, in_a_directory_of_our_own, gone_again);
}
