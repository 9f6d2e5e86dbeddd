#include "lab/isa_row.h"

struct isa_row isa_row_of(const struct x86_insn *insn)
{
    enum { OPERATIONS = 512, ROOM = 64 << 10 };
    _Alignas(16) char room[ROOM];
    struct arena arena;
    struct ir_region region;
    struct isa_row row = {ISA_LIFTED, 0};
    arena_init(&arena, room, sizeof room);
    if (!ir_region_init(&region, &arena, OPERATIONS, 1, ISA_CONTEXT)) return row;
    x86_lift(&region, insn, 0);
    for (unsigned i = 1; i < region.count; i++) {
        const struct ir_insn *op = &region.insns[i];
        if (op->op == IR_HELPER) row = (struct isa_row){ISA_HELPER, (unsigned)op->imm};
        if (op->op == IR_TRAP && i == 2) row = (struct isa_row){ISA_TRAPS, (uint8_t)op->imm}; /* 1 is IR_MARK */
    }
    return row;
}

enum cpu isa_row_cpu(unsigned row) { return (enum cpu)(x86_rows[row].properties >> X86_CPU_SHIFT); }

const char *isa_cpu_key(enum cpu cpu)
{
    static const char *const keys[] = {
#define CPU(name, key, ...) key,
#include "hwsim/isa/cpus.def"
#undef CPU
    };
    return cpu < CPUS ? keys[cpu] : "?";
}
