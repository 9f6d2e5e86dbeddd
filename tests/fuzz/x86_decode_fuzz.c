/* Any bytes as an instruction, in any mode: refused, or of a length that all its bytes are needed for, decoded the same
 * whatever follows, and lifted to well-formed IR. The first byte chooses the mode.
 */
#include <stdio.h>
#include <stdlib.h>

#include "translate/x86/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static uint64_t context_of(uint8_t mode)
{
    return (uint64_t)(mode & 1) << ROW_CONTEXT_CODE32 | (uint64_t)(mode >> 1 & 1) << ROW_CONTEXT_STACK32 |
           (uint64_t)(mode >> 2 & 1) << ROW_CONTEXT_DF | (uint64_t)(mode >> 3 & 15) << ROW_CONTEXT_BASE_ES |
           UINT64_C(3) << ROW_CONTEXT_CPL;
}

static void check_lift(const struct x86_insn *insn, uint64_t context)
{
    static uint8_t memory[1 << 18];
    struct arena arena;
    struct ir_region region;
    ir_ref at;
    arena_init(&arena, memory, sizeof memory);
    insist(ir_region_init(&region, &arena, 1000, 2, context), "no arena");
    x86_lift(&region, insn, 0xfffffff8);
    const char *wrong = ir_verify(&region, &at);
    insist(!wrong, wrong ? wrong : "");
}

static bool same(const struct x86_insn *a, const struct x86_insn *b)
{
    return a->row == b->row && a->length == b->length && a->modrm == b->modrm && a->immediate == b->immediate &&
           a->immediate2 == b->immediate2 && a->displacement == b->displacement && a->base == b->base &&
           a->index == b->index;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x86_insn insn, again;
    if (!size) return 0;
    uint64_t context = context_of(*data++);
    enum x86_status status = x86_decode(data, (unsigned)--size, context, &insn);
    if (status == X86_TRUNCATED) insist(size < X86_INSN_BYTES_MAX, "truncated, with 15 bytes to read");
    if (status == X86_TOO_LONG) insist(size >= X86_INSN_BYTES_MAX, "too long, without 15 bytes to read");
    if (status != X86_OK) return 0;

    insist(insn.length && insn.length <= size && insn.length <= X86_INSN_BYTES_MAX, "length");
    insist(x86_decode(data, insn.length, context, &again) == status && same(&insn, &again), "depends on what follows");
    insist(x86_decode(data, insn.length - 1u, context, &again) == X86_TRUNCATED, "its last byte is not needed");
    insist(insn.row < x86_row_count && insn.reg < 8 && insn.rm < 8 && insn.base < 8 && insn.index < 8 && insn.scale < 4,
           "fields");
    if (status == X86_OK) check_lift(&insn, context);
    return 0;
}
