#include "lab/study/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lab/files.h"

static bool write_part(const struct sweep *sweep, const char *name, const struct text *text)
{
    char *path = lab_printf("%s/%s", sweep->directory, name);
    bool fine = files_write(path, text);
    free(path);
    return fine;
}

static void add_option(struct text *text, const char *option, const char *value)
{
    text_printf(text, ", \"%s\", ", option);
    text_add_json(text, value);
}

static void print_plan(const struct sweep *sweep, struct text *text)
{
    const struct study *study = sweep->study;
    const struct config_args *args = sweep->args;
    text_printf(text, "{\n  \"schema\": 1,\n  \"title\": ");
    text_add_json(text, study->title ? study->title : study->name);
    text_printf(text, ",\n  \"machine\": ");
    text_add_json(text, study->machine ? study->machine : "");
    text_printf(text, ",\n  \"window\": ");
    text_add_json(text, study->window ? study->window : "total");
    text_printf(text, ",\n  \"command\": [\"covm\", \"sweep\", \"run\"");
    if (args->machine) add_option(text, "--machine", args->machine);
    for (unsigned i = 0; i < args->file_count; i++) add_option(text, "--config", args->files[i]);
    for (unsigned i = 0; i < args->set_count; i++) add_option(text, "--set", args->sets[i]);
    add_option(text, "-o", sweep->directory);
    text_printf(text, ", ");
    text_add_json(text, study->path);
    text_printf(text, "],\n  \"plots\": {");
    for (unsigned i = 0; i < study->plot_count; i++) {
        text_printf(text, "%s\n    ", i ? "," : "");
        text_add_json(text, study->plots[i].name);
        text_printf(text, ": ");
        text_add_json(text, study->plots[i].title ? study->plots[i].title : study->plots[i].name);
    }
    text_printf(text, "\n  }\n}\n");
}

static void print_study(const struct sweep *sweep, struct text *text)
{
    for (unsigned i = 0; i < sweep->study->document_count; i++) {
        const char *name = sweep->study->documents[i].name;
        char *bytes = lab_read_file(name, DOCUMENT_BYTES_MAX, NULL);
        text_printf(text, "%s# %s\n%s", i ? "\n" : "", name, bytes ? bytes : "");
        free(bytes);
    }
}

static void print_points(const struct sweep *sweep, struct text *text)
{
    text_printf(text, "point,what\n");
    for (unsigned i = 0; i < sweep->points->count; i++) {
        struct text what = {0};
        points_print(sweep->study, &sweep->points->items[i], &what);
        text_printf(text, "%s,", sweep->points->items[i].id);
        text_add_csv(text, text_string(&what));
        text_printf(text, "\n");
        text_free(&what);
    }
}

bool plan_write(const struct sweep *sweep)
{
    struct text plan = {0}, study = {0}, points = {0};
    print_plan(sweep, &plan);
    print_study(sweep, &study);
    print_points(sweep, &points);
    bool fine = write_part(sweep, "study.txt", &study) && write_part(sweep, "points.csv", &points) &&
                write_part(sweep, "plan.json", &plan);
    text_free(&plan);
    text_free(&study);
    text_free(&points);
    return fine;
}
