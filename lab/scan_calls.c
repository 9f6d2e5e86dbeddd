/* scan_calls.c -- system calls as they stand in a program: where, and which. Linux's ways in are INT 0x80, and the
 * vDSO's, which C libraries call through GS:[0x10] (glibc, musl); common stubs take the number in EAX too (dietlibc's
 * in AL). The number is known where the same block puts a constant there, by way of other registers too. */
#include <stdio.h>
#include <string.h>

#include "hwsim/platform/user/user.h"
#include "lab/scan.h"

static bool is_stub(const char *name)
{
    static const char *const names[] = {"__vsyscall", "__kernel_vsyscall", "_dl_sysinfo_int80", "__unified_syscall",
                                        "__unified_syscall_256"};
    for (unsigned i = 0; i < LENGTH(names); i++)
        if (name && !strcmp(name, names[i])) return true;
    return false;
}

bool scan_is_call(const struct scan *scan, const struct scan_insn *insn)
{
    enum { LINUX = 0x80, SYSINFO = 0x10 };
    uint32_t target;
    if (!insn->known) return false;
    const ZydisDecodedOperand *operand = insn->operands;
    if (insn->zydis.mnemonic == ZYDIS_MNEMONIC_INT) return operand->imm.value.u == LINUX;
    if (insn->zydis.mnemonic == ZYDIS_MNEMONIC_CALL && operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        return operand->mem.segment == ZYDIS_REGISTER_GS && operand->mem.base == ZYDIS_REGISTER_NONE &&
               operand->mem.disp.value == SYSINFO;
    if (!scan_target(insn, &target)) return false;
    const struct scan_function *function = scan_function_at(scan, target);
    return function && function->address == target && is_stub(function->name);
}

enum { EAX, ECX, EDX };

static bool number_of(const struct scan_constants *constants, uint32_t *number)
{
    *number = constants->value[EAX] & constants->known[EAX];
    return constants->known[EAX];
}

struct scan_group scan_call_group(const struct scan_constants *constants)
{
    static const char *const fates[] = {[USER_CALL_HANDLED] = "handled",
                                        [USER_CALL_ABSENT] = "gets ENOSYS, which C libraries know to go on with",
                                        [USER_CALL_REFUSED] = "not supported: gets ENOSYS"};
    struct scan_group group = {.class = SCAN_CALL, .key = UINT32_MAX, .note = "number computed elsewhere"};
    uint32_t number;
    snprintf(group.name, sizeof group.name, "?");
    if (!number_of(constants, &number)) return group;
    const char *name = user_call_name(number);
    snprintf(group.name, sizeof group.name, name ? "%s (%u)" : "%s%u", name ? name : "", number);
    group.key = number;
    group.note = name ? fates[user_call_fate(number)] : "no such call: gets ENOSYS";
    group.bad = user_call_fate(number) == USER_CALL_REFUSED;
    return group;
}

/* The register 0 to 7 that holds this one, or is it; 8: another kind. */
static unsigned number_in(ZydisRegister reg)
{
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LEGACY_32, reg);
    bool general = whole >= ZYDIS_REGISTER_EAX && whole <= ZYDIS_REGISTER_EDI;
    return general ? (unsigned)(whole - ZYDIS_REGISTER_EAX) : 8;
}

/* A 32-bit register operand's number; 8: it is none. */
static unsigned register_of(const ZydisDecodedOperand *operand)
{
    bool is = operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value >= ZYDIS_REGISTER_EAX &&
              operand->reg.value <= ZYDIS_REGISTER_EDI;
    return is ? number_in(operand->reg.value) : 8;
}

/* MOV reg, [ESP]; RET: what position-independent code asks for its own address. It changes no other register. */
static bool is_thunk(const struct scan *scan, const struct scan_insn *insn)
{
    uint32_t target;
    uint8_t code[4];
    return scan_target(insn, &target) && elf_file_fetch(&scan->elf, target, code, sizeof code) == sizeof code &&
           code[0] == 0x8b && (code[1] & 0xc7) == 0x04 && code[2] == 0x24 && code[3] == 0xc3;
}

/* Forgets the registers that the instruction writes: of a call those that a callee may. */
static void forget_written(const struct scan *scan, struct scan_constants *constants, const struct scan_insn *insn)
{
    if (insn->zydis.meta.category == ZYDIS_CATEGORY_CALL && !is_thunk(scan, insn))
        constants->known[EAX] = constants->known[ECX] = constants->known[EDX] = 0;
    if (scan_is_call(scan, insn)) constants->known[EAX] = 0;
    for (unsigned i = 0; i < insn->zydis.operand_count; i++) {
        const ZydisDecodedOperand *operand = &insn->operands[i];
        bool written =
            operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        unsigned reg = written ? number_in(operand->reg.value) : 8;
        if (reg < 8) constants->known[reg] = 0;
    }
}

static void set(struct scan_constants *constants, unsigned reg, uint32_t value, uint32_t known)
{
    constants->value[reg] = value;
    constants->known[reg] = known;
}

void scan_follow(const struct scan *scan, struct scan_constants *constants, const struct scan_insn *insn)
{
    enum { AL = 0xff };
    const struct scan_constants before = *constants;
    if (!insn->known) {
        *constants = (struct scan_constants){0};
        return;
    }
    const ZydisDecodedOperand *operand = insn->operands;
    bool immediate = operand[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && insn->zydis.operand_count > 1;
    unsigned to = register_of(&operand[0]), from = insn->zydis.operand_count > 1 ? register_of(&operand[1]) : 8;
    bool into_al = operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operand[0].reg.value == ZYDIS_REGISTER_AL;
    bool from_al =
        from == 8 && operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER && operand[1].reg.value == ZYDIS_REGISTER_AL;
    forget_written(scan, constants, insn);
    constants->pushed = false;
    switch (insn->zydis.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
        constants->pushed = operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        constants->push = constants->pushed ? (uint32_t)operand[0].imm.value.s : 0;
        break;
    case ZYDIS_MNEMONIC_POP:
        if (to < 8 && before.pushed) set(constants, to, before.push, UINT32_MAX);
        break;
    case ZYDIS_MNEMONIC_MOV:
        if (to < 8 && immediate)
            set(constants, to, (uint32_t)operand[1].imm.value.u, UINT32_MAX);
        else if (to < 8 && from < 8)
            set(constants, to, before.value[from], before.known[from]);
        else if (into_al && immediate)
            set(constants, EAX, (before.value[EAX] & ~(uint32_t)AL) | (uint8_t)operand[1].imm.value.u,
                before.known[EAX] | AL);
        break;
    case ZYDIS_MNEMONIC_XOR:
        if (to < 8 && to == from) set(constants, to, 0, UINT32_MAX);
        break;
    case ZYDIS_MNEMONIC_MOVZX:
        if (to < 8 && from_al && before.known[EAX]) set(constants, to, before.value[EAX] & AL, UINT32_MAX);
        break;
    default: break;
    }
}
