/* lab_params_test.c -- the table of parameters and quantities: every row is sound, every value survives being written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/config.h"
#include "lab/quantity.h"

static void rows_are_sound(void **state)
{
    assert_true(params_count() > 60);
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc row = params_row(i);
        assert_int_equal(params_find(row.path), (int)i); /* no path twice */
        assert_false(params_section(row.path));          /* no key is a section as well: YAML could not write both */
        assert_true(strlen(row.meaning) > 0);
        assert_true(row.type != PARAM_ENUM || strchr(row.choices, '|'));
        for (const char *c = row.path; *c; c++) assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789_.", *c));
    }
    assert_true(params_section("core"));
    assert_true(params_section("core.jtlb"));
    assert_false(params_section("core.jtl"));
    assert_int_equal(params_find("core"), -1);
}

static void offsets_do_not_overlap(void **state)
{
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc a = params_row(i);
        size_t size = a.type == PARAM_TEXT ? PARAM_TEXT_BYTES : sizeof(int64_t);
        assert_true(a.offset + size <= sizeof(struct params));
        for (unsigned j = 0; j < params_count(); j++)
            assert_true(i == j || params_row(j).offset < a.offset || params_row(j).offset >= a.offset + size);
    }
}

static void values_survive_writing(void **state)
{
    struct config config, again;
    struct diag diag = {0};
    struct text text = {0}, second = {0};
    config_init(&config);
    /* move every value away from its default, where there is room */
    for (unsigned i = 0; i < params_count(); i++) {
        struct param_desc row = params_row(i);
        if (row.type == PARAM_TEXT) continue;
        int64_t value = row.type == PARAM_BOOL   ? !*(int64_t *)((char *)&config.values + row.offset)
                        : row.type == PARAM_ENUM ? 1
                                                 : row.low + (row.high - row.low) / 3;
        memcpy((char *)&config.values + row.offset, &value, sizeof value);
    }
    config_print(&config, true, &text);
    config_init(&again);
    config_load_text(&again, "written", text_string(&text), text.length, &diag);
    diag_print(&diag, stderr);
    assert_int_equal(diag.count, 0);
    assert_memory_equal(&config.values, &again.values, sizeof config.values);
    config_print(&again, false, &second);
    assert_null(strstr(text_string(&second), "#"));
    text_free(&text);
    text_free(&second);
    config_free(&config);
    config_free(&again);
}

static const struct param_desc size_row = {
    .path = "x", .type = PARAM_SIZE, .low = 0, .high = INT64_MAX, .unit = "bytes"};
static const struct param_desc freq_row = {.path = "x", .type = PARAM_FREQ, .low = 1, .high = INT64_MAX, .unit = "Hz"};
static const struct param_desc time_row = {.path = "x", .type = PARAM_TIME, .low = 0, .high = 1000, .unit = "ns"};
static const struct param_desc int_row = {.path = "x", .type = PARAM_INT, .low = -5, .high = 100, .unit = ""};
static const struct param_desc word_row = {.path = "x", .type = PARAM_ENUM, .unit = "", .choices = "none|mask|queue"};
static const struct param_desc bool_row = {.path = "x", .type = PARAM_BOOL, .unit = ""};

static void expect(const struct param_desc *row, const char *written, int64_t value)
{
    struct text error = {0};
    int64_t got = -999;
    if (!quantity_parse(row, written, &got, &error)) fail_msg("%s: %s", written, text_string(&error));
    assert_int_equal(got, value);
}

static void refuse(const struct param_desc *row, const char *written, const char *why)
{
    struct text error = {0};
    int64_t got;
    assert_false(quantity_parse(row, written, &got, &error));
    if (!strstr(text_string(&error), why)) fail_msg("%s: '%s' is not in '%s'", written, why, text_string(&error));
    text_free(&error);
}

static void quantities_parse(void **state)
{
    expect(&size_row, "32KiB", 32768);
    expect(&size_row, "1.5MiB", 3 << 19);
    expect(&size_row, "0", 0);
    expect(&size_row, "64B", 64);
    expect(&size_row, "0x100", 256);
    expect(&freq_row, "700MHz", 700000000);
    expect(&freq_row, "1.2GHz", 1200000000);
    expect(&time_row, "60ns", 60);
    expect(&time_row, "0.5us", 500);
    expect(&int_row, "-5", -5);
    expect(&int_row, "100", 100);
    expect(&word_row, "queue", 2);
    expect(&bool_row, "true", 1);
    expect(&bool_row, "false", 0);
}

static void wrong_quantities_are_refused(void **state)
{
    refuse(&size_row, "32KB", "unknown suffix 'KB'; use GiB, MiB, KiB, B");
    refuse(&size_row, "", "is not a size");
    refuse(&size_row, "lots", "is not a size");
    refuse(&size_row, "99999999999GiB", "too large");
    refuse(&size_row, "0.3B", "not a whole number");
    refuse(&size_row, "-1", "out of range");
    refuse(&time_row, "2us", "out of range (0ns to 1us)");
    refuse(&int_row, "101", "out of range (-5 to 100)");
    refuse(&int_row, "4.0", "not an integer");
    refuse(&int_row, "4 ", "not an integer");
    refuse(&int_row, "99999999999999999999999999999999999999999", "too large");
    refuse(&word_row, "maks", "not one of none|mask|queue; did you mean 'mask'?");
    refuse(&word_row, "", "not one of");
    refuse(&bool_row, "yes", "not true or false");
}

static void quantities_print(void **state)
{
    static const struct {
        const struct param_desc *row;
        int64_t value;
        const char *text;
    } cases[] = {{&size_row, 65536, "64KiB"},
                 {&size_row, 1000, "1000B"},
                 {&size_row, 0, "0B"},
                 {&freq_row, 1200000000, "1200MHz"},
                 {&freq_row, 1000000000, "1GHz"},
                 {&time_row, 90, "90ns"},
                 {&int_row, -5, "-5"},
                 {&word_row, 1, "mask"},
                 {&bool_row, 1, "true"}};
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct text text = {0};
        quantity_print(cases[i].row, cases[i].value, &text);
        assert_string_equal(text_string(&text), cases[i].text);
        text_free(&text);
    }
}

static void cost_keys_follow_works(void **state)
{
    struct config config;
    struct diag diag = {0};
    config_init(&config);
    assert_true(params_find("cms.cost.dispatch") >= 0);
    config_set(&config, "cms.cost.dispatch=77", &diag);
    struct machine_config machine = config_machine(&config);
    assert_int_equal(machine.cost_millicycles[WORK_DISPATCH], 77);
    config_set(&config, "cms.cost.model=free", &diag);
    machine = config_machine(&config);
    for (unsigned w = 0; w < WORKS; w++) assert_int_equal(machine.cost_millicycles[w], 0);
    assert_int_equal(diag.count, 0);
    config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(offsets_do_not_overlap),
        cmocka_unit_test(values_survive_writing),
        cmocka_unit_test(quantities_parse),
        cmocka_unit_test(wrong_quantities_are_refused),
        cmocka_unit_test(quantities_print),
        cmocka_unit_test(cost_keys_follow_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
