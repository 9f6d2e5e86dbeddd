/* emulate.c -- instructions that 64-bit mode lacks or changes: the stack, control transfer, segment registers, BCD,
 * what asks about the system, and strings of 16-bit addresses (SDM vol. 2). Memory is accessed as they would: what
 * faults here is the guest's fault, so registers change last.
 */
#include <cpuid.h>
#include <string.h>

#include "tests/oracle/guest.h"

/* ---- segments: those that Linux gives to i386 programs ---- */

static uint32_t segment_base(const struct guest *guest, unsigned segment)
{
    unsigned index = guest->selector[segment] >> 3;
    return index >= TLS_FIRST && index <= TLS_LAST ? guest->tls_base[index - TLS_FIRST] : 0;
}

static void check_segment(const struct guest *guest, unsigned segment, bool write)
{
    uint16_t selector = guest->selector[segment];
    if (selector < 4 || (write && selector >> 3 == CS_32 >> 3)) step_protect(0);
}

static void load_segment(struct guest *guest, unsigned segment, uint32_t selector)
{
    unsigned index = (selector & 0xffff) >> 3;
    bool data = index == DS_32 >> 3 || (index >= TLS_FIRST && index <= TLS_LAST && guest->tls_base[index - TLS_FIRST]);
    bool null = (selector & 0xffff) < 4, local = selector & 4;
    if (segment == SS ? !data || local || (selector & 3) != 3 : !null && (local || (!data && index != CS_32 >> 3)))
        step_protect(null ? 0 : selector & 0xfffc);
    guest->selector[segment] = (uint16_t)selector;
}

/* ---- operands ---- */

static uint32_t mask_of(unsigned bits) { return bits == 32 ? UINT32_MAX : (1u << bits) - 1; }

static uint32_t read_register(const struct guest *guest, ZydisRegister name)
{
    if (name == ZYDIS_REGISTER_NONE) return 0;
    if (name >= ZYDIS_REGISTER_EAX && name <= ZYDIS_REGISTER_EDI) return guest->reg[name - ZYDIS_REGISTER_EAX];
    if (name >= ZYDIS_REGISTER_AX && name <= ZYDIS_REGISTER_DI) return guest->reg[name - ZYDIS_REGISTER_AX] & 0xffff;
    if (name >= ZYDIS_REGISTER_ES && name <= ZYDIS_REGISTER_GS) return guest->selector[name - ZYDIS_REGISTER_ES];
    if (name == ZYDIS_REGISTER_AL) return guest->reg[EAX] & 0xff;
    host32_die("reads a register unknown here", ZydisRegisterGetString(name));
}

static void write_register(struct guest *guest, ZydisRegister name, uint32_t value)
{
    if (name >= ZYDIS_REGISTER_EAX && name <= ZYDIS_REGISTER_EDI)
        guest->reg[name - ZYDIS_REGISTER_EAX] = value;
    else if (name >= ZYDIS_REGISTER_AX && name <= ZYDIS_REGISTER_DI)
        memcpy(&guest->reg[name - ZYDIS_REGISTER_AX], &value, 2);
    else if (name >= ZYDIS_REGISTER_ES && name <= ZYDIS_REGISTER_GS)
        load_segment(guest, name - ZYDIS_REGISTER_ES, value);
    else
        host32_die("writes a register unknown here", ZydisRegisterGetString(name));
}

static uint32_t read_memory(uint32_t at, unsigned bits)
{
    if (bits == 16) return *(volatile uint16_t *)guest_pointer(at);
    return bits == 8 ? *(volatile uint8_t *)guest_pointer(at) : *(volatile uint32_t *)guest_pointer(at);
}

static void write_memory(uint32_t at, unsigned bits, uint32_t value)
{
    if (bits == 16)
        *(volatile uint16_t *)guest_pointer(at) = (uint16_t)value;
    else
        *(volatile uint32_t *)guest_pointer(at) = value;
}

/* BT and its like with a register: how far from its operand the bit lies, in bytes of whole words. */
static uint32_t bit_string_offset(const struct guest *guest, const struct instruction *insn)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    if (d->meta.category != ZYDIS_CATEGORY_BITBYTE || insn->operands[1].type != ZYDIS_OPERAND_TYPE_REGISTER) return 0;
    uint32_t bit = read_register(guest, insn->operands[1].reg.value);
    return d->operand_width == 16 ? (uint32_t)((int16_t)bit >> 4) * 2 : (uint32_t)((int32_t)bit >> 5) * 4;
}

static uint32_t offset_of(const struct guest *guest, const struct instruction *insn, const ZydisDecodedOperand *operand)
{
    uint32_t offset = read_register(guest, operand->mem.base) +
                      read_register(guest, operand->mem.index) * operand->mem.scale + (uint32_t)operand->mem.disp.value;
    if (insn->decoded.address_width == 32) return offset;
    uint32_t bits = bit_string_offset(guest, insn); /* the processor will add it, modulo 2^32 */
    return ((offset + bits) & 0xffff) - bits;
}

uint32_t emulate_address(struct guest *guest, const struct instruction *insn, const ZydisDecodedOperand *operand)
{
    unsigned segment = operand->mem.segment - ZYDIS_REGISTER_ES;
    uint32_t offset = offset_of(guest, insn, operand);
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN) return offset;
    check_segment(guest, segment, operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
    return offset + segment_base(guest, segment);
}

void emulate_check_segments(struct guest *guest, const struct instruction *insn)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    bool repeats = d->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
    if (insn->string && repeats && !(guest->reg[ECX] & mask_of(d->address_width))) return;
    for (const ZydisDecodedOperand *o = insn->operands; o < insn->operands + d->operand_count; o++) {
        if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || o->mem.type == ZYDIS_MEMOP_TYPE_AGEN) continue;
        unsigned segment = o->mem.segment - ZYDIS_REGISTER_ES;
        check_segment(guest, segment, o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
        if (segment_base(guest, segment) && !insn->absolute) host32_die("used with a base", "a segment");
    }
}

unsigned emulate_wraps(const struct guest *guest, const struct instruction *insn, uint32_t address)
{
    const ZydisDecodedOperand *o = insn->operands;
    if (insn->decoded.mnemonic == ZYDIS_MNEMONIC_CLFLUSH) return 0; /* of one byte */
    for (; o < insn->operands + insn->decoded.operand_count; o++) {
        if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || address + (uint64_t)o->size / 8 <= UINT64_C(1) << 32) continue;
        if (o == insn->memory && offset_of(guest, insn, o) != address) continue; /* it is the stack's, then */
        return o->mem.segment == ZYDIS_REGISTER_SS ? TRAP_SS : TRAP_GP;
    }
    return 0;
}

static uint32_t read_operand(struct guest *guest, const struct instruction *insn, unsigned number)
{
    const ZydisDecodedOperand *o = &insn->operands[number];
    switch (o->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER: return read_register(guest, o->reg.value);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE: return (uint32_t)o->imm.value.u;
    case ZYDIS_OPERAND_TYPE_MEMORY: return read_memory(emulate_address(guest, insn, o), o->size);
    default: host32_die("is not near", "a jump");
    }
}

static void write_operand(struct guest *guest, const struct instruction *insn, unsigned number, uint32_t value)
{
    const ZydisDecodedOperand *o = &insn->operands[number];
    if (o->type == ZYDIS_OPERAND_TYPE_REGISTER)
        write_register(guest, o->reg.value, value);
    else
        write_memory(emulate_address(guest, insn, o), o->size, value);
}

/* ---- the stack ---- */

static void push(struct guest *guest, unsigned bits, uint32_t value)
{
    write_memory(guest->reg[ESP] - bits / 8, bits, value);
    guest->reg[ESP] -= bits / 8;
}

static uint32_t top(const struct guest *guest, unsigned bits) { return read_memory(guest->reg[ESP], bits); }

static void pop(struct guest *guest, const struct instruction *insn, unsigned bits)
{
    uint32_t value = top(guest, bits), esp = guest->reg[ESP];
    const ZydisDecodedOperand *to = &insn->operands[0];
    if (to->type == ZYDIS_OPERAND_TYPE_REGISTER && to->reg.value >= ZYDIS_REGISTER_ES &&
        to->reg.value <= ZYDIS_REGISTER_GS) {
        load_segment(guest, to->reg.value - ZYDIS_REGISTER_ES, value);
        guest->reg[ESP] += bits / 8;
        return;
    }
    struct guest after = *guest; /* an address that uses ESP uses it as it is then */
    after.reg[ESP] = esp + bits / 8;
    write_operand(&after, insn, 0, value);
    *guest = after;
}

static void push_all(struct guest *guest, unsigned bits)
{
    uint32_t esp = guest->reg[ESP];
    for (unsigned i = 0; i < 8; i++) write_memory(esp - (i + 1) * bits / 8, bits, guest->reg[i]);
    guest->reg[ESP] = esp - 8 * bits / 8;
}

static void pop_all(struct guest *guest, unsigned bits)
{
    uint32_t value[8], esp = guest->reg[ESP];
    for (unsigned i = 8; i-- > 0;) value[i] = read_memory(esp + (7 - i) * bits / 8, bits);
    for (unsigned i = 0; i < 8; i++)
        if (i != ESP) memcpy(&guest->reg[i], &value[i], bits / 8);
    guest->reg[ESP] = esp + 8 * bits / 8;
}

static void enter(struct guest *guest, const struct instruction *insn, unsigned bits)
{
    uint32_t bytes = read_operand(guest, insn, 0), level = read_operand(guest, insn, 1) & 31, from = guest->reg[EBP];
    uint32_t esp = guest->reg[ESP] - bits / 8, frame = esp;
    write_memory(esp, bits, guest->reg[EBP]);
    for (uint32_t i = 1; i < level; i++) {
        from -= bits / 8;
        esp -= bits / 8;
        write_memory(esp, bits, read_memory(from, bits));
    }
    if (level) write_memory(esp -= bits / 8, bits, frame);
    memcpy(&guest->reg[EBP], &frame, bits / 8);
    guest->reg[ESP] = esp - bytes;
}

static void leave(struct guest *guest, unsigned bits)
{
    uint32_t from = guest->reg[EBP], value = read_memory(from, bits);
    guest->reg[ESP] = from + bits / 8;
    memcpy(&guest->reg[EBP], &value, bits / 8);
}

static void pop_flags(struct guest *guest, unsigned bits)
{
    uint32_t changeable = 0x244dd5 & mask_of(bits); /* CF PF AF ZF SF TF DF OF NT AC ID */
    uint32_t value = top(guest, bits);
    guest->reg[ESP] += bits / 8;
    guest->flags = (guest->flags & ~changeable) | (value & changeable);
}

/* ---- control transfer ---- */

static bool condition_holds(uint32_t flags, unsigned code)
{
    bool c = flags & FLAG_CF, z = flags & FLAG_ZF, s = flags & FLAG_SF, o = flags & FLAG_OF, p = flags & FLAG_PF;
    const bool holds[8] = {o, c, z, c || z, s, p, s != o, z || s != o};
    return holds[code >> 1 & 7] != (code & 1);
}

/* ECX or CX, by address size */
static uint32_t count(const struct guest *guest, const struct instruction *insn)
{
    return guest->reg[ECX] & mask_of(insn->decoded.address_width);
}

static void set_count(struct guest *guest, const struct instruction *insn, uint32_t value)
{
    memcpy(&guest->reg[ECX], &value, insn->decoded.address_width / 8);
}

static bool jumps(struct guest *guest, const struct instruction *insn)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_JMP: return true;
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_JECXZ: return count(guest, insn) == 0;
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
        set_count(guest, insn, count(guest, insn) - 1);
        if (!count(guest, insn)) return false;
        return d->mnemonic == ZYDIS_MNEMONIC_LOOP ||
               (d->mnemonic == ZYDIS_MNEMONIC_LOOPE) == !!(guest->flags & FLAG_ZF);
    default: return condition_holds(guest->flags, d->opcode);
    }
}

static uint32_t target(struct guest *guest, const struct instruction *insn, uint32_t next)
{
    const ZydisDecodedOperand *o = &insn->operands[0];
    if (insn->decoded.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) host32_die("is not near", "a jump");
    uint32_t to = read_operand(guest, insn, 0);
    if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) to += next;
    return to & mask_of(insn->decoded.operand_width);
}

static void interrupt(struct guest *guest, unsigned number, uint32_t next)
{
    if (number != TRAP_BP && number != TRAP_OF && number != 0x80) step_protect(number * 8 + 2);
    guest->eip = next;
    if (number == 0x80)
        calls_do(guest);
    else
        step_stop(number == TRAP_BP ? SIGTRAP : SIGSEGV, SI_KERNEL, number, 0);
}

/* ---- decimal arithmetic ---- */

static void set_al_flags(struct guest *guest, bool carry, bool adjust)
{
    uint8_t al = (uint8_t)guest->reg[EAX];
    guest->flags &= ~(uint32_t)(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF);
    guest->flags |= (carry ? FLAG_CF : 0) | (adjust ? FLAG_AF : 0) | (al ? 0 : FLAG_ZF) | (al & 0x80 ? FLAG_SF : 0) |
                    (__builtin_parity(al) ? 0 : FLAG_PF);
}

static void set_ax(struct guest *guest, uint32_t ax) { memcpy(&guest->reg[EAX], &ax, 2); }

/* DAA, DAS */
static void adjust_decimal(struct guest *guest, int sign)
{
    uint8_t al = (uint8_t)guest->reg[EAX], old = al;
    bool adjust = (al & 15) > 9 || guest->flags & FLAG_AF, carry = old > 0x99 || guest->flags & FLAG_CF;
    if (adjust) al = (uint8_t)(al + 6 * sign);
    if (carry) al = (uint8_t)(al + 0x60 * sign);
    if (sign < 0 && adjust && !carry) carry = old < 6; /* DAS borrows */
    guest->reg[EAX] = (guest->reg[EAX] & ~0xffu) | al;
    set_al_flags(guest, carry, adjust);
}

/* AAA, AAS */
static void adjust_ascii(struct guest *guest, int sign)
{
    uint32_t ax = guest->reg[EAX] & 0xffff;
    bool adjust = (ax & 15) > 9 || guest->flags & FLAG_AF;
    if (adjust) ax += (uint32_t)(0x106 * sign);
    set_ax(guest, ax & 0xff0f);
    set_al_flags(guest, adjust, adjust);
}

static void divide_decimal(struct guest *guest, uint8_t base)
{
    uint8_t al = (uint8_t)guest->reg[EAX];
    if (!base) step_stop(SIGFPE, FPE_INTDIV, 0, 0);
    set_ax(guest, (uint32_t)(al / base) << 8 | al % base);
    set_al_flags(guest, false, false);
}

/* ---- the rest ---- */

static void bound(struct guest *guest, const struct instruction *insn)
{
    unsigned bits = insn->decoded.operand_width, shift = 32 - bits;
    uint32_t at = emulate_address(guest, insn, &insn->operands[1]);
    int32_t index = (int32_t)(read_operand(guest, insn, 0) << shift);
    int32_t low = (int32_t)(read_memory(at, bits) << shift),
            high = (int32_t)(read_memory(at + bits / 8, bits) << shift);
    if (index < low || index > high) step_stop(SIGSEGV, SI_KERNEL, TRAP_BR, 0);
}

static void adjust_privilege(struct guest *guest, const struct instruction *insn)
{
    uint32_t to = read_operand(guest, insn, 0), from = read_operand(guest, insn, 1);
    bool raises = (to & 3) < (from & 3);
    if (raises) write_operand(guest, insn, 0, (to & ~3u) | (from & 3));
    guest->flags = (guest->flags & ~(uint32_t)FLAG_ZF) | (raises ? FLAG_ZF : 0);
}

static void load_far(struct guest *guest, const struct instruction *insn, unsigned segment)
{
    unsigned bits = insn->decoded.operand_width;
    uint32_t at = emulate_address(guest, insn, &insn->operands[1]);
    uint32_t offset = read_memory(at, bits), selector = read_memory(at + bits / 8, 16);
    load_segment(guest, segment, selector);
    write_operand(guest, insn, 0, offset);
}

/* Without what needs more state than FXSAVE's: AVX and its like. */
static void identify(struct guest *guest)
{
    uint32_t *r = guest->reg, leaf = r[EAX];
    __cpuid_count(leaf, r[ECX], r[EAX], r[EBX], r[ECX], r[EDX]);
    if (leaf == 1) r[ECX] &= ~(uint32_t)(bit_XSAVE | bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C);
    if (leaf == 7 || leaf == 13) r[EAX] = r[EBX] = r[ECX] = r[EDX] = 0;
}

/* In 64-bit mode it would store XMM8 to XMM15 as well. */
static void save_floats(struct guest *guest, const struct instruction *insn)
{
    enum { BYTES = 288 };
    uint32_t at = emulate_address(guest, insn, &insn->operands[0]);
    if (at & 15) step_protect(0);
    volatile uint8_t *last = guest_pointer(at + BYTES - 1);
    *last = *last;
    memcpy(guest_pointer(at), &guest->fp, BYTES);
}

static bool names_segment(const ZydisDecodedOperand *o)
{
    return o->type == ZYDIS_OPERAND_TYPE_REGISTER && o->reg.value >= ZYDIS_REGISTER_ES &&
           o->reg.value <= ZYDIS_REGISTER_GS;
}

bool emulate_wants(const struct instruction *insn)
{
    if (insn->decoded.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE) return true;
    switch (insn->decoded.mnemonic) {
    case ZYDIS_MNEMONIC_MOV: return names_segment(&insn->operands[0]) || names_segment(&insn->operands[1]);
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP:
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD:
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_LEAVE:
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT1:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_INTO:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_BOUND:
    case ZYDIS_MNEMONIC_ARPL:
    case ZYDIS_MNEMONIC_DAA:
    case ZYDIS_MNEMONIC_DAS:
    case ZYDIS_MNEMONIC_AAA:
    case ZYDIS_MNEMONIC_AAS:
    case ZYDIS_MNEMONIC_AAM:
    case ZYDIS_MNEMONIC_AAD:
    case ZYDIS_MNEMONIC_SALC:
    case ZYDIS_MNEMONIC_LDS:
    case ZYDIS_MNEMONIC_LES:
    case ZYDIS_MNEMONIC_LFS:
    case ZYDIS_MNEMONIC_LGS:
    case ZYDIS_MNEMONIC_LSS:
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_FXSAVE: return true;
    case ZYDIS_MNEMONIC_XLAT: return insn->decoded.address_width == 16;
    default: return false;
    }
}

static void jump_or_call(struct guest *guest, const struct instruction *insn, uint32_t next)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    unsigned bits = d->operand_width;
    uint32_t to;
    if (d->mnemonic == ZYDIS_MNEMONIC_RET) {
        if (d->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) host32_die("is not near", "a return");
        to = top(guest, bits);
        guest->reg[ESP] += bits / 8 + (d->opcode == 0xc2 ? read_operand(guest, insn, 0) : 0);
    } else if (d->mnemonic == ZYDIS_MNEMONIC_CALL) {
        to = target(guest, insn, next);
        push(guest, bits, next);
    } else {
        to = jumps(guest, insn) ? target(guest, insn, next) : next;
    }
    guest->eip = to;
}

void emulate(struct guest *guest, const struct instruction *insn, uint32_t next)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    unsigned bits = d->operand_width;
    if (d->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE) {
        jump_or_call(guest, insn, next);
        return;
    }
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_INT: interrupt(guest, read_operand(guest, insn, 0) & 0xff, next); return; /* EIP is set there */
    case ZYDIS_MNEMONIC_INT3: interrupt(guest, TRAP_BP, next); return;
    case ZYDIS_MNEMONIC_INTO:
        if (guest->flags & FLAG_OF) interrupt(guest, TRAP_OF, next);
        break;
    case ZYDIS_MNEMONIC_MOV: write_operand(guest, insn, 0, read_operand(guest, insn, 1)); break;
    case ZYDIS_MNEMONIC_PUSH: push(guest, bits, read_operand(guest, insn, 0)); break;
    case ZYDIS_MNEMONIC_POP: pop(guest, insn, bits); break;
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD: push_all(guest, bits); break;
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD: pop_all(guest, bits); break;
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD: push(guest, bits, guest->flags & ~(uint32_t)FLAG_RF); break;
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD: pop_flags(guest, bits); break;
    case ZYDIS_MNEMONIC_ENTER: enter(guest, insn, bits); break;
    case ZYDIS_MNEMONIC_LEAVE: leave(guest, bits); break;
    case ZYDIS_MNEMONIC_BOUND: bound(guest, insn); break;
    case ZYDIS_MNEMONIC_ARPL: adjust_privilege(guest, insn); break;
    case ZYDIS_MNEMONIC_DAA: adjust_decimal(guest, 1); break;
    case ZYDIS_MNEMONIC_DAS: adjust_decimal(guest, -1); break;
    case ZYDIS_MNEMONIC_AAA: adjust_ascii(guest, 1); break;
    case ZYDIS_MNEMONIC_AAS: adjust_ascii(guest, -1); break;
    case ZYDIS_MNEMONIC_AAM: divide_decimal(guest, (uint8_t)read_operand(guest, insn, 0)); break;
    case ZYDIS_MNEMONIC_AAD:
        set_ax(guest, (guest->reg[EAX] + (guest->reg[EAX] >> 8 & 0xff) * read_operand(guest, insn, 0)) & 0xff);
        set_al_flags(guest, false, false);
        break;
    case ZYDIS_MNEMONIC_SALC: guest->reg[EAX] = (guest->reg[EAX] & ~0xffu) | (guest->flags & FLAG_CF ? 0xff : 0); break;
    case ZYDIS_MNEMONIC_XLAT: {
        uint32_t at = ((guest->reg[EBX] + (guest->reg[EAX] & 0xff)) & 0xffff);
        guest->reg[EAX] = (guest->reg[EAX] & ~0xffu) | read_memory(at, 8);
        break;
    }
    case ZYDIS_MNEMONIC_LES: load_far(guest, insn, ES); break;
    case ZYDIS_MNEMONIC_LSS: load_far(guest, insn, SS); break;
    case ZYDIS_MNEMONIC_LDS: load_far(guest, insn, DS); break;
    case ZYDIS_MNEMONIC_LFS: load_far(guest, insn, FS); break;
    case ZYDIS_MNEMONIC_LGS: load_far(guest, insn, GS); break;
    case ZYDIS_MNEMONIC_CPUID: identify(guest); break;
    case ZYDIS_MNEMONIC_FXSAVE: save_floats(guest, insn); break;
    default: host32_die("is not emulated", ZydisMnemonicGetString(d->mnemonic));
    }
    guest->eip = next;
}

void emulate_string_step(struct guest *guest, const struct instruction *insn, unsigned slot, uint32_t next)
{
    const ZydisDecodedInstruction *d = &insn->decoded;
    bool while_equal = d->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE);
    bool repeats = while_equal || d->attributes & ZYDIS_ATTRIB_HAS_REPNE;
    bool compares = d->cpu_flags != NULL && d->cpu_flags->modified & ZYDIS_CPUFLAG_ZF;
    uint32_t mask = mask_of(d->address_width);
    if (repeats && !count(guest, insn)) {
        guest->eip = next;
        return;
    }
    struct guest after = *guest;
    after.reg[ESI] &= mask;
    after.reg[EDI] &= mask;
    step_native(&after, insn, slot, true);
    after.reg[ESI] = (guest->reg[ESI] & ~mask) | (after.reg[ESI] & mask);
    after.reg[EDI] = (guest->reg[EDI] & ~mask) | (after.reg[EDI] & mask);
    if (repeats) set_count(&after, insn, count(&after, insn) - 1);
    bool again = repeats && count(&after, insn) && (!compares || while_equal == !!(after.flags & FLAG_ZF));
    after.eip = again ? guest->eip : next;
    *guest = after;
}
