/* helpers.c -- instructions too tangled for IR (translate/x86/helpers.def), in C. A helper checks everything first;
 * then it changes the guest's state, or it faults and has changed nothing.
 */
#include "cms/state.h"

enum { EFLAGS_NT = 1 << 14, EFLAGS_ONE = 2 };

static enum helped fault_with(struct help *help, unsigned vector, uint32_t error)
{
    help->fault = (struct hw_fault){.vector = (uint8_t)vector, .error = error};
    return HELP_FAULTED;
}

/* ---- the processor about itself ---- */

static uint32_t four(const char *name)
{
    return (uint32_t)(uint8_t)name[0] | (uint32_t)(uint8_t)name[1] << 8 | (uint32_t)(uint8_t)name[2] << 16 |
           (uint32_t)(uint8_t)name[3] << 24;
}

/* It has what it says it has, no more and no less (SDM volume 2, CPUID; AMD64 manual volume 3, appendix E). The caches
 * are the same whatever memory.l1d and memory.l2 say: programs choose their copying loops by them, and points of a
 * sweep shall compare equal work. */
static enum helped help_cpuid(struct cms *cms, struct help *help)
{
    enum { HIGHEST = 1, EXTENDED = 0x80000000, EXTENDED_SIGNATURE, L1 = 0x80000005, L2 };
    enum { REPEATED = 0x0183f3ff /* of leaf 1's EDX in the extended signature */ };
    enum { L1_64K_2WAYS_64 = 64 << 24 | 2 << 16 | 1 << 8 | 64, L2_512K_16WAYS_64 = 512 << 16 | 8 << 12 | 1 << 8 | 64 };
    struct cpu_features features = cpu_features(CPUS - 1 - CONTEXT_GET(cms->root->context, WITHOUT));
    const char *vendor = features.vendor;
    uint64_t *r = cms->state->r;
    uint32_t leaf = (uint32_t)r[HOME_EAX];
    (void)help;
    r[HOME_EAX] = r[HOME_EBX] = r[HOME_ECX] = r[HOME_EDX] = 0;
    if (leaf == 0 || leaf == EXTENDED) {
        r[HOME_EAX] = leaf ? L2 : HIGHEST;
        r[HOME_EBX] = four(vendor), r[HOME_EDX] = four(vendor + 4), r[HOME_ECX] = four(vendor + 8);
    } else if (leaf < EXTENDED) {
        /* Beyond the highest basic leaf comes the highest basic leaf. */
        r[HOME_EAX] = features.signature;
        r[HOME_EDX] = features.edx;
        r[HOME_ECX] = features.ecx;
    } else if (leaf == EXTENDED_SIGNATURE) {
        r[HOME_EAX] = features.signature;
        r[HOME_EDX] = features.edx & REPEATED;
    } else if (leaf == L1) {
        r[HOME_ECX] = r[HOME_EDX] = L1_64K_2WAYS_64;
    } else if (leaf == L2) {
        r[HOME_ECX] = L2_512K_16WAYS_64;
    }
    return HELPED;
}

static enum helped help_rdtsc(struct cms *cms, struct help *help)
{
    uint64_t stamp = hw_time_stamp(cms->core);
    (void)help;
    cms->state->r[HOME_EAX] = (uint32_t)stamp;
    cms->state->r[HOME_EDX] = stamp >> 32;
    return HELPED;
}

/* ---- segment registers ---- */

static void write_selector(struct cms *cms, unsigned segment, uint64_t selector)
{
    uint64_t *home = &cms->state->r[segment < 4 ? HOME_SEL_LOW : HOME_SEL_HIGH];
    unsigned low = segment % 4 * 16;
    *home = (*home & ~(UINT64_C(0xffff) << low)) | (selector & 0xffff) << low;
}

static enum helped load_segment(struct cms *cms, struct help *help, unsigned segment, uint64_t selector)
{
    struct hw_segment descriptor;
    if (!hw_segment(cms->core, segment, (uint16_t)selector, &descriptor)) {
        help->fault = hw_fault(cms->core);
        return HELP_FAULTED;
    }
    write_selector(cms, segment, selector);
    cms->state->r[HOME_ES_BASE + segment] = descriptor.base;
    help->shadow = segment == X86_SS;
    return HELPED;
}

static enum helped help_mov_seg(struct cms *cms, struct help *help)
{
    return load_segment(cms, help, (unsigned)help->c, help->a);
}

static enum helped help_pop_seg(struct cms *cms, struct help *help)
{
    if (load_segment(cms, help, (unsigned)help->c, help->a) == HELP_FAULTED) return HELP_FAULTED;
    cms->state->r[HOME_ESP] = help->b;
    return HELPED;
}

static enum helped help_load_far(struct cms *cms, struct help *help)
{
    if (load_segment(cms, help, help->c & 0xff, help->a) == HELP_FAULTED) return HELP_FAULTED;
    cms->state->r[help->c >> 8 & 7] = help->b;
    return HELPED;
}

/* ---- far transfers, at the same privilege ---- */

static enum helped check_code(struct cms *cms, struct help *help, uint64_t selector, uint64_t offset,
                              struct hw_segment *code)
{
    if (!hw_segment(cms->core, X86_CS, (uint16_t)selector, code)) {
        help->fault = hw_fault(cms->core);
        return HELP_FAULTED;
    }
    return offset > code->limit ? fault_with(help, VECTOR_GP, 0) : HELPED;
}

static void enter_code(struct cms *cms, struct help *help, uint64_t selector, uint64_t offset,
                       const struct hw_segment *code)
{
    unsigned privilege = (unsigned)CONTEXT_GET(cms->root->context, CPL);
    write_selector(cms, X86_CS, (selector & 0xfffc) | privilege);
    cms->state->r[HOME_CS_BASE] = code->base;
    help->next = offset;
}

static enum helped help_far_jump(struct cms *cms, struct help *help)
{
    struct hw_segment code;
    if (check_code(cms, help, help->a, (uint32_t)help->b, &code) == HELP_FAULTED) return HELP_FAULTED;
    enter_code(cms, help, help->a, (uint32_t)help->b, &code);
    return HELPED;
}

/* The address `below` bytes under the stack pointer, and the stack pointer moved there. */
static uint64_t stack_address(const struct cms *cms, uint64_t below, uint64_t *moved)
{
    uint64_t esp = cms->state->r[HOME_ESP], down = esp - below;
    bool wide = CONTEXT_GET(cms->root->context, STACK32);
    *moved = wide ? (uint32_t)down : (esp & ~UINT64_C(0xffff)) | (down & 0xffff);
    return (uint32_t)((wide ? *moved : *moved & 0xffff) + cms->state->r[HOME_SS_BASE]);
}

static enum helped help_far_call(struct cms *cms, struct help *help)
{
    struct hw_segment code;
    unsigned bytes = (unsigned)help->c, size = bytes == 2 ? SIZE_16 : SIZE_32;
    uint64_t esp, moved, old_cs = cms->state->r[HOME_SEL_LOW] >> 16 * X86_CS & 0xffff;
    if (check_code(cms, help, help->a, (uint32_t)help->b, &code) == HELP_FAULTED) return HELP_FAULTED;
    uint64_t cs_at = stack_address(cms, bytes, &moved), eip_at = stack_address(cms, 2u * bytes, &esp);
    if (!guest_probe(cms, cs_at, size, &help->fault) || !guest_probe(cms, eip_at, size, &help->fault))
        return HELP_FAULTED;
    if (!guest_store(cms, cs_at, size, old_cs, &help->fault) ||
        !guest_store(cms, eip_at, size, help->next, &help->fault)) {
        hw_panic(cms->core, "a store faulted that had been probed");
    }
    cms->state->r[HOME_ESP] = esp;
    enter_code(cms, help, help->a, (uint32_t)help->b, &code);
    return HELPED;
}

static enum helped check_return(struct cms *cms, struct help *help, uint64_t offset, struct hw_segment *code)
{
    unsigned privilege = (unsigned)CONTEXT_GET(cms->root->context, CPL);
    if ((help->a & 3) != privilege) return fault_with(help, VECTOR_GP, help->a & 0xfffc);
    return check_code(cms, help, help->a, offset, code);
}

static enum helped help_far_return(struct cms *cms, struct help *help)
{
    struct hw_segment code;
    if (check_return(cms, help, (uint32_t)help->b, &code) == HELP_FAULTED) return HELP_FAULTED;
    cms->state->r[HOME_ESP] = help->c;
    enter_code(cms, help, help->a, (uint32_t)help->b, &code);
    return HELPED;
}

static enum helped help_iret(struct cms *cms, struct help *help)
{
    struct hw_segment code;
    uint32_t eflags = (uint32_t)(help->b >> 32);
    if (cms->state->r[HOME_EFL] & EFLAGS_NT) return fault_with(help, VECTOR_GP, 0);
    if (check_return(cms, help, (uint32_t)help->b, &code) == HELP_FAULTED) return HELP_FAULTED;
    cms->state->r[HOME_ESP] = help->c;
    cms->state->r[HOME_EFL] = (eflags & ~(uint32_t)ATOM_FLAGS) | EFLAGS_ONE;
    cms->state->f[0] = (uint16_t)(eflags & ATOM_FLAGS);
    enter_code(cms, help, help->a, (uint32_t)help->b, &code);
    return HELPED;
}

/* ---- questions about descriptors: the answer is ZF ---- */

static enum helped answer(struct cms *cms, bool yes)
{
    cms->state->f[0] = (uint16_t)((cms->state->f[0] & ~FLAG_ZF) | (yes ? FLAG_ZF : 0));
    return HELPED;
}

/* A code or data segment that the present privilege may see. Null selectors name none. */
static bool visible(struct cms *cms, uint64_t selector, struct hw_segment *descriptor)
{
    if (!(selector & 0xfffc)) return false;
    return hw_segment(cms->core, X86_ES, (uint16_t)selector, descriptor) ||
           hw_segment(cms->core, X86_CS, (uint16_t)selector, descriptor);
}

static void write_register(struct cms *cms, uint64_t place, uint64_t value)
{
    uint64_t *home = &cms->state->r[place & 7];
    *home = place >> 8 == 2 ? (*home & ~UINT64_C(0xffff)) | (value & 0xffff) : value & UINT32_MAX;
}

/* The second doubleword of the descriptor, as far as a user segment can differ (SDM volume 2, LAR; volume 3, 3.4.5). */
static enum helped help_lar(struct cms *cms, struct help *help)
{
    enum {
        PRESENT_USER_ACCESSED = 0xf100,
        CODE_READABLE = 0x0a00,
        WRITABLE = 0x0200,
        AVAILABLE = 1 << 20,
        SIZE = 1 << 22,
        GRANULARITY = 1 << 23
    };
    struct hw_segment segment;
    if (!visible(cms, help->a, &segment)) return answer(cms, false);
    uint32_t rights = PRESENT_USER_ACCESSED | (segment.executable ? CODE_READABLE : segment.writable ? WRITABLE : 0);
    if (segment.available) rights |= AVAILABLE;
    if (segment.size32) rights |= SIZE;
    if (segment.limit > 0xfffff) rights |= GRANULARITY;
    write_register(cms, help->c, rights);
    return answer(cms, true);
}

static enum helped help_lsl(struct cms *cms, struct help *help)
{
    struct hw_segment segment;
    if (!visible(cms, help->a, &segment)) return answer(cms, false);
    write_register(cms, help->c, segment.limit);
    return answer(cms, true);
}

static enum helped help_verr(struct cms *cms, struct help *help)
{
    struct hw_segment segment;
    return answer(cms, help->a & 0xfffc && hw_segment(cms->core, X86_ES, (uint16_t)help->a, &segment));
}

static enum helped help_verw(struct cms *cms, struct help *help)
{
    struct hw_segment segment;
    return answer(cms, visible(cms, help->a, &segment) && segment.writable && !segment.executable);
}

enum helped helper_run(struct cms *cms, unsigned helper, struct help *help)
{
    switch ((enum x86_helper)helper) {
    case X86_HELPER_CPUID: return help_cpuid(cms, help);
    case X86_HELPER_RDTSC: return help_rdtsc(cms, help);
    case X86_HELPER_MOV_SEG: return help_mov_seg(cms, help);
    case X86_HELPER_POP_SEG: return help_pop_seg(cms, help);
    case X86_HELPER_LOAD_FAR: return help_load_far(cms, help);
    case X86_HELPER_FAR_JUMP: return help_far_jump(cms, help);
    case X86_HELPER_FAR_CALL: return help_far_call(cms, help);
    case X86_HELPER_FAR_RETURN: return help_far_return(cms, help);
    case X86_HELPER_IRET: return help_iret(cms, help);
    case X86_HELPER_LAR: return help_lar(cms, help);
    case X86_HELPER_LSL: return help_lsl(cms, help);
    case X86_HELPER_VERR: return help_verr(cms, help);
    case X86_HELPER_VERW: return help_verw(cms, help);
    case X86_HELPER_X87_STATE: return x87_state(cms, help);
    case X86_HELPERS: break;
    }
    hw_panic(cms->core, "no helper %u", helper);
}
