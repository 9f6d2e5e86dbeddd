/* Studies from their files: which points they have, and which point another is measured against. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lab/study/points.h"

struct fixture {
    char path[64];
    struct workloads workloads;
    struct study study;
    struct points points;
    struct config_args args;
    struct diag diag;
};

/* Writes the study, and reads it. */
static bool load(struct fixture *f, const char *text)
{
    *f = (struct fixture){.path = "/tmp/covm-study-XXXXXX"};
    int file = mkstemp(f->path);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    assert_true(workloads_load(&f->workloads, NULL, &f->diag));
    return study_load(&f->study, f->path, &f->workloads, &f->diag);
}

static void make(struct fixture *f, const char *text)
{
    bool fine = load(f, text) && points_make(&f->points, &f->study, &f->args, &f->diag);
    diag_print(&f->diag, stderr);
    assert_true(fine);
}

static void end(struct fixture *f)
{
    points_free(&f->points);
    study_free(&f->study);
    workloads_free(&f->workloads);
    diag_free(&f->diag);
    unlink(f->path);
}

static void assert_points(const struct fixture *f, const char *const *expected, unsigned count)
{
    for (unsigned i = 0; i < count && i < f->points.count; i++) {
        struct text text = {0};
        points_print(&f->study, &f->points.items[i], &text);
        assert_string_equal(text_string(&text), expected[i]);
        text_free(&text);
    }
    assert_int_equal(f->points.count, count);
}

static void an_axis_exists_where_its_condition_holds(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, "workloads: [sieve]\naxes:\n"
             "  - {key: cms.indirect, values: [inline, jtlb]}\n"
             "  - {key: core.jtlb.entries, from: 16, to: 64, factor: 2, when: {cms.indirect: jtlb}}\n");
    static const char *const expected[] = {
        "cms.indirect=inline sieve test",
        "cms.indirect=jtlb core.jtlb.entries=16 sieve test",
        "cms.indirect=jtlb core.jtlb.entries=32 sieve test",
        "cms.indirect=jtlb core.jtlb.entries=64 sieve test",
    };
    assert_points(&f, expected, LENGTH(expected));
    end(&f);
}

static void one_of_several_conditions_is_enough(void **state)
{
    (void)state;
    struct fixture f;
    make(&f,
         "workloads: [sieve]\naxes:\n"
         "  - {key: core.alias.kind, values: [none, mask]}\n"
         "  - {key: core.alias.entries, values: [2, 4], when: {core.alias.kind: mask}}\n"
         "  - {key: core.gate.entries, values: [8, 9], when: [{core.alias.entries: 4}, {core.alias.kind: none}]}\n");
    static const char *const expected[] = {
        "core.alias.kind=none core.gate.entries=8 sieve test",
        "core.alias.kind=none core.gate.entries=9 sieve test",
        "core.alias.kind=mask core.alias.entries=2 sieve test",
        "core.alias.kind=mask core.alias.entries=4 core.gate.entries=8 sieve test",
        "core.alias.kind=mask core.alias.entries=4 core.gate.entries=9 sieve test",
    };
    assert_points(&f, expected, LENGTH(expected));
    end(&f);
}

static void a_group_sets_several_keys(void **state)
{
    (void)state;
    struct fixture f;
    make(&f,
         "workloads: [{name: queens, size: ref}]\nset: {core: {jtlb: {ways: 2}}}\naxes:\n"
         "  - name: shape\n    values:\n"
         "      - {name: narrow, core.issue_width: 2, core.units: [alu+mul+div+branch+fp+fdiv+ftrig+vec, load+store]}\n"
         "      - {name: as it is}\n");
    static const char *const expected[] = {"shape=narrow queens ref", "shape=as it is queens ref"};
    assert_points(&f, expected, LENGTH(expected));
    struct config config;
    points_config(&config, &f.study, &f.args, &f.points.items[0], &f.diag);
    assert_int_equal(config.values.machine.issue_width, 2);
    assert_int_equal(config.values.machine.jtlb_ways, 2);
    config_free(&config);
    points_config(&config, &f.study, &f.args, &f.points.items[1], &f.diag);
    assert_int_equal(config.values.machine.issue_width, 4);
    config_free(&config);
    end(&f);
}

static void seeds_are_points(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, "workloads: [sieve]\nseeds: 2\nset: {inject.rollback.odds: 1000}\n");
    static const char *const expected[] = {"sieve test seed 1", "sieve test seed 2"};
    assert_points(&f, expected, LENGTH(expected));
    assert_string_not_equal(f.points.items[0].id, f.points.items[1].id);
    end(&f);
}

/* Ids follow from what a run depends on, and from nothing else. */
static void equal_points_have_one_id(void **state)
{
    (void)state;
    struct fixture a, b;
    make(&a, "workloads: [sieve]\naxes:\n  - {key: core.jtlb.entries, values: [256, 64]}\n");
    make(&b, "title: another\nworkloads: [queens, sieve]\nset: {core.jtlb.entries: 64}\n");
    assert_string_equal(a.points.items[1].id, b.points.items[1].id);
    assert_string_not_equal(a.points.items[0].id, b.points.items[1].id);
    assert_string_not_equal(b.points.items[0].id, b.points.items[1].id);
    end(&a);
    end(&b);
}

/* One level of a choice: POINTS_ANY, an axis that does not exist, or one of the values. */
static bool agrees(int chosen, int value) { return chosen == POINTS_ANY || value == chosen; }

static bool fits(const struct fixture *f, const struct point *point, const struct points_choice *choice)
{
    bool fit =
        agrees(choice->seed, (int)point->seed) && agrees(choice->workload, (int)(point->workload - f->study.workloads));
    for (unsigned a = 0; a < f->study.axis_count; a++)
        fit &= point->value[a] < 0 || agrees(choice->axis[a], point->value[a]);
    return fit;
}

static void assert_selects(const struct fixture *f, const struct points_choice *choice)
{
    unsigned found[64], count = points_select(&f->points, &f->study, choice, found), expected = 0;
    for (unsigned i = 0; i < f->points.count; i++) {
        if (!fits(f, &f->points.items[i], choice)) continue;
        assert_true(expected < count);
        assert_int_equal(found[expected++], i);
    }
    assert_int_equal(count, expected);
}

/* All choices over two axes, of which one exists for some points, seeds and workloads, against a look at each point. */
static void points_are_selected_by_what_they_are(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, "workloads: [sieve, queens]\nseeds: 3\naxes:\n"
             "  - {key: cms.indirect, values: [dispatcher, jtlb, inline]}\n"
             "  - {key: core.jtlb.entries, values: [16, 32], when: {cms.indirect: jtlb}}\n"
             "  - {key: core.dras.depth, values: [1, 2]}\n");
    assert_int_equal(f.points.count, 48);
    struct points_choice choice = points_any();
    assert_selects(&f, &choice);
    for (int indirect = POINTS_ANY; indirect < 3; indirect++)
        for (int entries = POINTS_ANY; entries < 2; entries++)
            for (int seed = 0; seed < 4; seed++)
                for (int workload = POINTS_ANY; workload < 2; workload++) {
                    choice.axis[0] = indirect, choice.axis[1] = entries;
                    choice.seed = seed ? seed : POINTS_ANY, choice.workload = workload;
                    assert_selects(&f, &choice);
                }
    end(&f);
}

static void a_study_extends_another(void **state)
{
    (void)state;
    struct fixture base, study;
    char text[256];
    make(&base, "workloads: [sieve]\nmachine: efficeon\nset: {core.jtlb.entries: 64, core.dras.depth: 4}\n");
    snprintf(text, sizeof text, "extends: %s\nworkloads: [queens]\nset: {core.dras.depth: 8}\n", base.path);
    make(&study, text);
    struct config config;
    points_config(&config, &study.study, &study.args, &study.points.items[0], &study.diag);
    assert_string_equal(study.study.machine, "efficeon");
    assert_int_equal(config.values.machine.jtlb_entries, 64);
    assert_int_equal(config.values.machine.dras_depth, 8);
    assert_string_equal(study.points.items[0].workload->workload->name, "queens");
    config_free(&config);
    end(&base);
    end(&study);
    assert_false(load(&study, "extends: nowhere.yaml\nworkloads: [sieve]\n"));
    end(&study);
}

static void a_point_that_is_no_machine_is_told(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(load(&f, "workloads: [sieve]\naxes:\n  - {key: core.jtlb.ways, values: [4, 3]}\n"));
    assert_false(points_make(&f.points, &f.study, &f.args, &f.diag));
    assert_non_null(strstr(f.diag.lines[f.diag.count - 1], "the point core.jtlb.ways=3 sieve test is not valid"));
    end(&f);
}

/* The labels of the points would lie. */
static void a_key_of_an_axis_is_not_to_be_set(void **state)
{
    (void)state;
    struct fixture f;
    const char *sets[] = {"core.issue_width=2", "core.jtlb.entries=16", "guest.seed=5", "core.dras.depth=1"};
    assert_true(load(&f, "workloads: [sieve]\nseeds: 2\naxes:\n"
                         "  - {key: cms.indirect, values: [inline, jtlb]}\n"
                         "  - {key: core.jtlb.entries, from: 16, to: 64, factor: 2, when: {cms.indirect: jtlb}}\n"
                         "  - name: shape\n    values: [{name: as it is}, {name: wide, core.issue_width: 8}]\n"));
    f.args = (struct config_args){.sets = sets, .set_count = LENGTH(sets)};
    assert_false(points_make(&f.points, &f.study, &f.args, &f.diag));
    static const char *const said[][2] = {
        {"--set core.issue_width=2: error: core.issue_width is what the axis 'shape' varies (", ":6)"},
        {"--set core.jtlb.entries=16: error: core.jtlb.entries is what the axis 'core.jtlb.entries' varies (", ":5)"},
        {"--set guest.seed=5: error: guest.seed is the seed of each point", ""}};
    assert_int_equal(f.diag.count, LENGTH(said));
    for (unsigned i = 0; i < LENGTH(said); i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "%s%s%s", said[i][0], *said[i][1] ? f.path : "", said[i][1]);
        assert_non_null(strstr(f.diag.lines[i], expected));
    }
    f.args = (struct config_args){.sets = sets + 3, .set_count = 1};
    diag_free(&f.diag);
    assert_true(points_make(&f.points, &f.study, &f.args, &f.diag));
    end(&f);
    assert_false(load(&f, "workloads: [sieve]\nseeds: 2\naxes: [{key: inject.seed, values: [1, 2]}]\n"));
    assert_non_null(strstr(f.diag.lines[0], ":2:8: error: the axis 'inject.seed' and 'seeds' both set inject.seed"));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_axis_exists_where_its_condition_holds),
        cmocka_unit_test(a_group_sets_several_keys),
        cmocka_unit_test(one_of_several_conditions_is_enough),
        cmocka_unit_test(seeds_are_points),
        cmocka_unit_test(equal_points_have_one_id),
        cmocka_unit_test(points_are_selected_by_what_they_are),
        cmocka_unit_test(a_study_extends_another),
        cmocka_unit_test(a_point_that_is_no_machine_is_told),
        cmocka_unit_test(a_key_of_an_axis_is_not_to_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
