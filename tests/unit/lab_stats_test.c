/* lab_stats_test.c -- formulae, the table of statistics, its JSON and CSV, SHA-256, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/formula.h"
#include "lab/sha256.h"
#include "lab/stats.h"
#include "lab/suggest.h"

static bool name_of_ten(void *cookie, const char *name, size_t length, struct formula_value *value)
{
    if (length == 3 && !memcmp(name, "ten", 3))
        *value = (struct formula_value){false, 10};
    else if (length == 6 && !memcmp(name, "a.zero", 6))
        *value = (struct formula_value){false, 0};
    else
        return false;
    return true;
}

static void formulae_evaluate(void **state)
{
    static const struct {
        const char *formula;
        double value;
    } cases[] = {{"1 + 2 * 3", 7}, {"(1 + 2) * 3", 9}, {"ten / 4", 2.5},   {"ten - 1 - 2", 7},
                 {"8 / 2 / 2", 2}, {"1.5 * ten", 15},  {"a.zero / ten", 0}};
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct formula_value value;
        assert_null(formula_evaluate(cases[i].formula, name_of_ten, NULL, &value));
        assert_false(value.null);
        assert_true(value.value == cases[i].value);
    }
}

static void dividing_by_zero_is_null(void **state)
{
    static const char *const cases[] = {"ten / a.zero", "1 + ten / a.zero", "(ten / a.zero) * 0",
                                        "a.zero / (ten / a.zero)"};
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct formula_value value;
        assert_null(formula_evaluate(cases[i], name_of_ten, NULL, &value));
        assert_true(value.null);
    }
}

static void wrong_formulae_are_told(void **state)
{
    static const char *const cases[] = {"",       "1 +", "(1", "1)",
                                        "eleven", "1 2", "*",  "((((((((((((((((((1))))))))))))))))))"};
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct formula_value value;
        assert_non_null(formula_evaluate(cases[i], name_of_ten, NULL, &value));
    }
}

static void every_row_has_a_value(void **state)
{
    struct stats_table table;
    struct stats *stats = calloc(1, sizeof *stats);
    stats_table_init(&table);
    assert_true(table.count > 200);
    for (unsigned i = 0; i < table.count; i++) {
        const struct stats_row *row = &table.rows[i];
        assert_ptr_equal(stats_find(&table, row->path, strlen(row->path)), row); /* no path twice */
        assert_true(strlen(row->meaning) > 0 && strlen(row->unit) > 0);
        assert_null(strpbrk(row->unit, ",\"\n"));
        struct stats_value value = stats_value(&table, row, stats);
        assert_int_equal(value.null, row->formula != NULL); /* nothing ran: every quotient is null, every counter 0 */
    }
    free(stats);
    stats_table_free(&table);
}

static void windows_are_differences(void **state)
{
    struct stats_table table;
    struct stats *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    stats_table_init(&table);
    before->machine.insns = 100, after->machine.insns = 350;
    before->total = 50, after->total = 150;
    before->machine.gate_peak = 5, after->machine.gate_peak = 7;
    before->named_count = 1, after->named_count = 2;
    before->named[0] = (struct named_counter){"CPUID", 3};
    after->named[0] = (struct named_counter){"CPUID", 4};
    after->named[1] = (struct named_counter){"MOV Sreg, r/m16", 9};
    stats_subtract(&table, after, before);
    assert_int_equal(after->machine.insns, 250);
    assert_int_equal(after->machine.gate_peak, 7);
    assert_int_equal(after->named[0].count, 1);
    assert_true(stats_real(&table, "derived.ipc", after) == 2.5);
    struct stats_window window = {.name = "roi", .stats = *after};
    struct text json = {0}, csv = {0};
    stats_print_json(&table, &window, 1, &json);
    stats_print_csv(&table, "id", &window, 1, &csv);
    assert_non_null(strstr(text_string(&json), "\"roi\": {"));
    assert_non_null(strstr(text_string(&json), "\"derived.ipc\": 2.5,"));
    assert_non_null(strstr(text_string(&json), "\"derived.jtlb_hit_rate\": null"));
    assert_non_null(strstr(text_string(&json), "\"interpreted_only.mov_sreg__r_m16\": 9"));
    assert_non_null(strstr(text_string(&csv), "\nid,roi,core.insns,instructions,250\n"));
    assert_non_null(strstr(text_string(&csv), "\nid,roi,derived.jtlb_hit_rate,fraction,\n"));
    text_free(&json);
    text_free(&csv);
    free(before);
    free(after);
    stats_table_free(&table);
}

static void sha256_is_right(void **state)
{
    static const struct {
        const char *text, *hash;
    } cases[] = {
        /* FIPS 180-4's examples */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (unsigned i = 0; i < LENGTH(cases); i++) {
        struct sha256 sha;
        char text[SHA256_TEXT_BYTES];
        sha256_begin(&sha);
        for (const char *c = cases[i].text; *c; c++) sha256_add(&sha, c, 1);
        sha256_end(&sha, text);
        assert_string_equal(text, cases[i].hash);
    }
}

/* FIPS 180-4's million letters, in parts that end anywhere within a block. */
static void sha256_takes_bytes_in_any_parts(void **state)
{
    static char letters[1000];
    memset(letters, 'a', sizeof letters);
    for (size_t part = 1; part <= sizeof letters; part += part < 130 ? 1 : 145) {
        struct sha256 sha;
        char text[SHA256_TEXT_BYTES];
        sha256_begin(&sha);
        for (size_t left = 1000000; left; left -= left < part ? left : part)
            sha256_add(&sha, letters, left < part ? left : part);
        sha256_end(&sha, text);
        assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

static void distances(void **state)
{
    assert_int_equal(suggest_distance("abc", 3, "abc", 3), 0);
    assert_int_equal(suggest_distance("abc", 3, "acb", 3), 1);
    assert_int_equal(suggest_distance("abc", 3, "ab", 2), 1);
    assert_int_equal(suggest_distance("", 0, "abc", 3), 3);
    assert_int_equal(suggest_distance("kitten", 6, "sitting", 7), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulae_evaluate),
        cmocka_unit_test(dividing_by_zero_is_null),
        cmocka_unit_test(wrong_formulae_are_told),
        cmocka_unit_test(every_row_has_a_value),
        cmocka_unit_test(windows_are_differences),
        cmocka_unit_test(sha256_is_right),
        cmocka_unit_test(sha256_takes_bytes_in_any_parts),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
