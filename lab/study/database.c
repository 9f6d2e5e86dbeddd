/* database.c -- results.sqlite: what results.csv and metrics.csv hold, in a form that answers questions about many
 * points.
 *
 *     points   (id, AXIS..., workload, size, seed)      an axis that does not exist for a point is NULL
 *     results  (id, window, name, unit, value)          value NULL: never sampled
 *     metrics  (id, window, name, unit, value)
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "lab/study/collect.h"

struct database {
    sqlite3 *sqlite;
    sqlite3_stmt *point, *result, *metric;
};

static bool complain(struct database *db, const char *path)
{
    fprintf(stderr, "covm: %s: %s\n", path, sqlite3_errmsg(db->sqlite));
    return false;
}

/* An SQL name: any characters, quoted. */
static void add_name(struct text *sql, const char *name)
{
    text_add(sql, "\"", 1);
    for (; *name; name++) text_add(sql, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    text_add(sql, "\"", 1);
}

static bool create(struct database *db, const struct study *study)
{
    struct text sql = {0};
    text_printf(&sql, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; CREATE TABLE points (id TEXT");
    for (unsigned a = 0; a < study->axis_count; a++) {
        text_add(&sql, ", ", 2);
        add_name(&sql, study->axes[a].name);
    }
    text_printf(&sql, ", workload TEXT, size TEXT, seed INTEGER);"
                      "CREATE TABLE results (id TEXT, window TEXT, name TEXT, unit TEXT, value NUMERIC);"
                      "CREATE TABLE metrics (id TEXT, window TEXT, name TEXT, unit TEXT, value REAL);");
    bool fine = sqlite3_exec(db->sqlite, text_string(&sql), NULL, NULL, NULL) == SQLITE_OK;
    text_free(&sql);
    text_printf(&sql, "INSERT INTO points VALUES (?");
    for (unsigned a = 0; a < study->axis_count + 3; a++) text_printf(&sql, ", ?");
    text_printf(&sql, ")");
    fine = fine && sqlite3_prepare_v2(db->sqlite, text_string(&sql), -1, &db->point, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(db->sqlite, "INSERT INTO results VALUES (?, ?, ?, ?, ?)", -1, &db->result, NULL) ==
               SQLITE_OK &&
           sqlite3_prepare_v2(db->sqlite, "INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", -1, &db->metric, NULL) ==
               SQLITE_OK;
    text_free(&sql);
    return fine;
}

/* Runs a statement whose values are bound, and makes it ready for the next. */
static bool insert(sqlite3_stmt *statement)
{
    bool fine = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return fine;
}

static void bind(sqlite3_stmt *statement, int column, const char *text)
{
    sqlite3_bind_text(statement, column, text, -1, SQLITE_TRANSIENT);
}

static bool add_point(struct database *db, const struct study *study, const struct point *point)
{
    int column = 1;
    bind(db->point, column++, point->id);
    for (unsigned a = 0; a < study->axis_count; a++, column++)
        if (point->value[a] >= 0) bind(db->point, column, study->axes[a].values[point->value[a]].name);
    bind(db->point, column++, point->workload->workload->name);
    bind(db->point, column++, workload_size_name(point->workload->size));
    if (point->seed) sqlite3_bind_int64(db->point, column, point->seed);
    return insert(db->point);
}

/* Numbers arrive as they are written: the column's affinity makes integers and reals of them. */
static bool add_results(struct database *db, const struct sweep *sweep, const struct point *point)
{
    struct samples samples;
    bool fine = metrics_read(sweep, point, &samples);
    for (unsigned i = 0; i < samples.count && fine; i++) {
        const struct sample *sample = &samples.items[i];
        bind(db->result, 1, point->id);
        bind(db->result, 2, sample->window);
        bind(db->result, 3, sample->name);
        bind(db->result, 4, sample->unit);
        if (*sample->value) bind(db->result, 5, sample->value);
        fine = insert(db->result);
    }
    samples_free(&samples);
    return fine;
}

static bool add_metrics(struct database *db, const struct study *study, const struct point *point, const double *values)
{
    bool fine = true;
    for (unsigned m = 0; m < study->metric_count && fine; m++) {
        if (study->metrics[m].hidden) continue;
        bind(db->metric, 1, point->id);
        bind(db->metric, 2, study->window);
        bind(db->metric, 3, study->metrics[m].name);
        bind(db->metric, 4, study->metrics[m].unit);
        if (!isnan(values[m])) sqlite3_bind_double(db->metric, 5, values[m]);
        fine = insert(db->metric);
    }
    return fine;
}

static bool fill(struct database *db, const struct sweep *sweep, const struct metrics *metrics)
{
    bool fine = true;
    for (unsigned i = 0; i < sweep->points->count && fine; i++) {
        const struct point *point = &sweep->points->items[i];
        if (!metrics->done[i]) continue;
        fine = add_point(db, sweep->study, point) && add_results(db, sweep, point) &&
               add_metrics(db, sweep->study, point, metrics->values + (size_t)i * sweep->study->metric_count);
    }
    return fine && sqlite3_exec(db->sqlite, "CREATE INDEX by_name ON results (name, id); COMMIT", NULL, NULL, NULL) ==
                       SQLITE_OK;
}

bool collect_database(const struct sweep *sweep, const struct metrics *metrics)
{
    struct database db = {0};
    char *path = lab_printf("%s/results.sqlite", sweep->directory),
         *new = lab_printf("%s.%ld.new", path, (long)getpid());
    unlink(new);
    bool fine = sqlite3_open(new, &db.sqlite) == SQLITE_OK && create(&db, sweep->study) && fill(&db, sweep, metrics);
    if (!fine) complain(&db, path);
    sqlite3_finalize(db.point);
    sqlite3_finalize(db.result);
    sqlite3_finalize(db.metric);
    sqlite3_close(db.sqlite);
    if (fine && rename(new, path) != 0) {
        fprintf(stderr, "covm: %s: %s\n", path, strerror(errno));
        fine = false;
    }
    free(path);
    free(new);
    return fine;
}
