/* What the loader takes from an i386 ELF file, and how it refuses what it cannot take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/platform/user/elf.h"

enum { HEADERS = 52, FILE_BYTES = 0x3000, SEGMENTS = 3 };
enum { LOAD = 1, INTERP = 3, STACK = 0x6474e551, NONE = 0 };

static uint8_t file[FILE_BYTES];
static struct elf_image image;
static char message[256];

static void put16(unsigned at, unsigned value) { file[at] = (uint8_t)value, file[at + 1] = (uint8_t)(value >> 8); }
static void put32(unsigned at, uint32_t value) { put16(at, value & 0xffff), put16(at + 2, value >> 16); }

static void segment(unsigned i, uint32_t type, uint32_t offset, uint32_t address, uint32_t file_bytes,
                    uint32_t memory_bytes, uint32_t flags)
{
    unsigned at = HEADERS + i * 32;
    put32(at, type), put32(at + 4, offset), put32(at + 8, address), put32(at + 12, address);
    put32(at + 16, file_bytes), put32(at + 20, memory_bytes), put32(at + 24, flags), put32(at + 28, 0x1000);
}

/* Code at 0x8048000, data with zeroes behind it at 0x804a100, a stack that is not executable. */
static void sound(void)
{
    memset(file, 0, sizeof file);
    memcpy(file, "\177ELF\1\1\1", 7);
    put16(16, 2), put16(18, 3), put32(20, 1), put32(24, 0x8048100), put32(28, HEADERS);
    put16(40, HEADERS), put16(42, 32), put16(44, SEGMENTS);
    segment(0, LOAD, 0, 0x8048000, 0x1200, 0x1200, 5);
    segment(1, LOAD, 0x2100, 0x804a100, 0x80, 0x2000, 6);
    segment(2, STACK, 0, 0, 0, 0, 6);
}

static bool parse_bytes(size_t size)
{
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a byte too far */
    memcpy(exact, file, size);
    memset(message, 0, sizeof message);
    bool taken = elf_parse(exact, size, &image, message, sizeof message);
    free(exact);
    assert_int_equal(taken, message[0] == 0);
    return taken;
}
static bool parse(void) { return parse_bytes(sizeof file); }

#define REFUSED(part)                                                                                                  \
    do {                                                                                                               \
        assert_false(parse());                                                                                         \
        if (!strstr(message, part)) fail_msg("said \"%s\"", message);                                                  \
    } while (0)

static void takes_a_sound_file(void **state)
{
    sound();
    assert_true(parse());
    assert_int_equal(image.count, 2);
    assert_int_equal(image.entry, 0x8048100);
    assert_int_equal(image.headers, 0x8048000 + HEADERS);
    assert_int_equal(image.header_count, SEGMENTS);
    assert_int_equal(image.program_break, 0x804d000);
    assert_int_equal(image.stack, ELF_STACK_PLAIN);
    assert_int_equal(image.segment[0].rights, ELF_READ | ELF_EXECUTE);
    assert_int_equal(image.segment[1].address, 0x804a100);
    assert_int_equal(image.segment[1].offset, 0x2100);
    assert_int_equal(image.segment[1].file_bytes, 0x80);
    assert_int_equal(image.segment[1].memory_bytes, 0x2000);
    assert_int_equal(image.segment[1].rights, ELF_READ | ELF_WRITE);
}

static void knows_the_stacks(void **state)
{
    sound();
    segment(2, STACK, 0, 0, 0, 0, 7);
    assert_true(parse());
    assert_int_equal(image.stack, ELF_STACK_EXECUTABLE);
    segment(2, NONE, 0, 0, 0, 0, 0);
    assert_true(parse());
    assert_int_equal(image.stack, ELF_STACK_DEFAULT);
}

static void places_a_relocatable_program_high(void **state)
{
    sound();
    put16(16, 3), put32(24, 0x100);
    segment(0, LOAD, 0, 0, 0x1200, 0x1200, 5);
    segment(1, LOAD, 0x2100, 0x2100, 0x80, 0x2000, 6);
    assert_true(parse());
    assert_int_equal(image.segment[0].address, 0xf7ffe000 - 0x5000);
    assert_int_equal(image.entry, 0xf7ffe000 - 0x5000 + 0x100);
    assert_int_equal(image.program_break, ELF_DYNAMIC_BREAK);
    put32(HEADERS + 28, 0x10000);
    assert_true(parse());
    assert_int_equal(image.segment[0].address, 0xf7ff0000);
    segment(1, LOAD, 0x2100, 0x2100, 0x80, 0xfff00000, 6);
    assert_false(parse());
    segment(1, LOAD, 0x2100, 0xfffff100, 0x80, 0x80, 6);
    assert_false(parse());
}

static void names_what_it_does_not_run(void **state)
{
    sound();
    file[4] = 2, put16(18, 62);
    REFUSED("64-bit ELF (x86-64); covm runs static i386 programs: build it with gcc -m32 -static");
    file[4] = 1;
    REFUSED("x32 ELF");
    put16(18, 40);
    REFUSED("another processor (ARM)");
    put16(18, 0x7777);
    REFUSED("machine number 30583");
    file[5] = 2, file[18] = 0, file[19] = 8;
    REFUSED("MIPS");
    sound();
    put16(16, 1);
    REFUSED("object file");
    put16(16, 4);
    REFUSED("core dump");
    put16(16, 0xfe00);
    REFUSED("ELF type");
    memcpy(file, "#!/bin/sh", 9);
    REFUSED("script");
    memcpy(file, "MZ", 2);
    REFUSED("not an ELF file");
    memcpy(file, "!<arch>\n", 8);
    REFUSED("static library");
    memcpy(file, "\0\0", 2);
    REFUSED("not an ELF file");
    assert_false(parse_bytes(0));
    assert_non_null(strstr(message, "empty file"));
    sound();
    put16(16, 3), put32(24, 0);
    REFUSED("shared library");
    sound();
    memcpy(file + 0x1800, "/lib/ld-linux.so.2", 19);
    segment(2, INTERP, 0x1800, 0x8049800, 19, 19, 4);
    REFUSED("dynamically linked (asks for the interpreter /lib/ld-linux.so.2)");
    segment(2, INTERP, 0xfffffff0, 0, 0xffffffff, 0, 4);
    REFUSED("dynamically linked");
}

static void refuses_what_does_not_fit(void **state)
{
    sound();
    segment(1, LOAD, 0x2100, 0x804a100, 0x81, 0x80, 6);
    REFUSED("more bytes in the file");
    segment(1, LOAD, 0x2100, 0x804a200, 0x80, 0x80, 6);
    REFUSED("differ modulo the page size");
    segment(1, LOAD, 0x2100, 0x804a100, 0x8000, 0x8000, 6);
    REFUSED("truncated");
    segment(1, LOAD, 0xfffff100, 0x804a100, 0xf00, 0xf00, 6);
    REFUSED("truncated");
    segment(1, LOAD, 0x2100, 0xf100, 0x80, 0x80, 6);
    REFUSED("below 0x10000");
    segment(1, LOAD, 0x2100, 0xfffff100, 0x80, 0xffffff00, 6);
    REFUSED("ends above");
    segment(1, LOAD, 0x2100, 0xf7ffd100, 0x80, 0x2000, 6);
    REFUSED("ends above");
    segment(1, LOAD, 0x1100, 0x8049100, 0x200, 0x200, 6);
    REFUSED("overlap");
    segment(1, LOAD, 0x2100, 0x8047100, 0x80, 0x8000, 6);
    REFUSED("overlap");
    sound();
    put32(24, 0x804a100);
    REFUSED("entry point 0x804a100 is not in an executable segment");
    put32(24, 0);
    REFUSED("entry point");
    segment(2, NONE, 0, 0, 0, 0, 0);
    put32(24, 0x804a100);
    assert_true(parse()); /* without PT_GNU_STACK, data can be executed */
    sound();
    put16(44, 0);
    REFUSED("no program headers");
    put16(44, 0xffff);
    REFUSED("program headers");
    sound();
    put16(42, 56);
    REFUSED("program headers of 56 bytes");
    sound();
    put32(28, 0xfffffff0);
    REFUSED("beyond the end");
    sound();
    segment(0, NONE, 0, 0, 0, 0, 0), segment(1, NONE, 0, 0, 0, 0, 0);
    REFUSED("nothing to load");
}

static void refuses_each_truncation(void **state)
{
    sound();
    for (size_t size = 0; size < 0x2180; size += size < 256 ? 1 : 61) {
        if (parse_bytes(size)) fail_msg("took %zu bytes", size);
    }
    assert_true(parse_bytes(0x2180));
}

static void stays_consistent_when_damaged(void **state)
{
    struct prng prng;
    unsigned taken = 0;
    prng_seed(&prng, 7);
    for (unsigned round = 0; round < 200000; round++) {
        sound();
        for (uint64_t n = 1 + prng_below(&prng, 3); n--;) {
            unsigned at = (unsigned)prng_below(&prng, HEADERS + SEGMENTS * 32);
            if (prng_below(&prng, 2))
                file[at] ^= (uint8_t)(1 << prng_below(&prng, 8));
            else
                file[at] = (uint8_t)prng_next(&prng);
        }
        if (!elf_parse(file, sizeof file, &image, message, sizeof message)) continue;
        taken++;
        bool entered = false;
        for (unsigned i = 0; i < image.count; i++) {
            const struct elf_segment *a = &image.segment[i];
            uint64_t end = (uint64_t)a->address + a->memory_bytes;
            assert_true(a->address >= ELF_ADDRESS_MIN && end <= ELF_ADDRESS_MAX && a->file_bytes <= a->memory_bytes);
            assert_true((uint64_t)a->offset + a->file_bytes <= sizeof file);
            assert_true(!a->file_bytes || a->offset % 4096 == a->address % 4096);
            entered |= image.entry >= a->address && image.entry < end;
            for (unsigned k = 0; k < i; k++)
                assert_true(image.segment[k].address >= end ||
                            (uint64_t)image.segment[k].address + image.segment[k].memory_bytes <= a->address);
        }
        assert_true(entered && image.count > 0);
    }
    assert_in_range(taken, 20000, 190000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_sound_file),
        cmocka_unit_test(knows_the_stacks),
        cmocka_unit_test(places_a_relocatable_program_high),
        cmocka_unit_test(names_what_it_does_not_run),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(refuses_each_truncation),
        cmocka_unit_test(stays_consistent_when_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
