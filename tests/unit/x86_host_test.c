/* x86_host_test.c -- each row against the host's own processor: random instances, run both by ir_eval and, through a
 * far jump into a 32-bit code segment of this very process, by the silicon. Registers, flags, memory, exceptions with
 * error code and address, and where control went are compared.
 *
 * Rows run in flat segments, in segments with a base (of the LDT), on a 16-bit stack and in a 16-bit code segment.
 *
 * An instruction stands in a page of INT3, so that every run ends in a signal that shows the processor's state. Where
 * the host has no 32-bit segments only what 64-bit code does alike is run: x87, MMX and SSE, with 32-bit addresses.
 * Flags that the manual leaves undefined are not compared, unless COVM_HOST_STRICT is set (atom_eval.h claims to follow
 * AMD's Zen family).
 */
#define _GNU_SOURCE
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <asm/ldt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "hwsim/core/core.h"
#include "tests/unit/x86_host_float.h"
#include "translate/ir/ir_text.h"
#include "translate/x86/rows.h"

/* Low memory, all ours:
 *
 *     STUBS   the way in and the way out (64-bit code), the frame and the FXSAVE image with what they load
 *     CODE    one page of INT3 with the instruction in its middle
 *     DATA    16 pages to read and write, one to read only, then a hole
 */
enum {
    STUBS = 0x20000000, FRAME = STUBS + 0x800, IMAGE = STUBS + 0xa00, CODE = 0x20100000, INSN = 0x800, PAGE = 0x1000,
    DATA = 0x20200000, WRITABLE = 16 * PAGE, READABLE = 17 * PAGE,
    CS_32 = 0x23, CS_64 = 0x33, DS_FLAT = 0x2b,
    DS_BASED = 0x07, SS_16 = 0x0f, CS_16 = 0x17, /* LDT: data at DATA, a 16-bit stack there, 16-bit code at CODE */
    TRAP_INT3 = 3, TRAP_GP = 13, TRAP_PF = 14, FETCHED = 16,
};

struct frame {
    uint64_t host_rsp, flags;
    uint32_t r[8];
    uint32_t offset;
    uint16_t selector, ds, es, gs, ss;
};
static struct frame *const frame = (struct frame *)(uintptr_t)FRAME;
static struct fx_image *const image = (struct fx_image *)(uintptr_t)IMAGE;

/* What a run shows: state at its end, and why it ended. */
struct outcome {
    uint32_t r[8], eip, flags; /* flags: all of EFLAGS */
    unsigned vector, error;    /* TRAP_INT3: it ran; eip is where control went */
    uint32_t address;          /* page faults */
    struct float_state floats;
};

static struct outcome host; /* filled by the signal handler */
static bool strict, skipped, has_ldt;
static bool long_mode; /* no 32-bit segments */
static uint8_t shadow[READABLE];
static unsigned runs_made, runs_completed; /* completed: without a fault */

/* ---- running on the host ---- */

/* A handler keeps AC, which POPF may have set: then the compiler's own accesses may fault. Below the red zone. */
static inline void allow_misaligned(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andl $~0x40000, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::: "cc", "memory");
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    allow_misaligned();
    static const uint8_t order[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};
    ucontext_t *u = context;
    greg_t *g = u->uc_mcontext.gregs;
    if (g[REG_RIP] >> 32 || (g[REG_CSGSFS] & 0xffff) != frame->selector) { /* ours, or no 32-bit segment there */
        skipped = true;
        if (g[REG_RIP] < STUBS || g[REG_RIP] >= STUBS + PAGE) abort();
    }
    for (unsigned i = 0; i < 8; i++) host.r[i] = (uint32_t)g[order[i]];
    host.eip = (uint32_t)g[REG_RIP];
    host.flags = (uint32_t)g[REG_EFL];
    host.vector = (unsigned)g[REG_TRAPNO];
    host.error = (unsigned)g[REG_ERR];
    host.address = (uint32_t)g[REG_CR2];
    struct fx_image *floats = (struct fx_image *)u->uc_mcontext.fpregs;
    float_from_image(floats, &host.floats);
    floats->fcw = FX_FCW, floats->fsw = 0, floats->ftw = 0, floats->mxcsr = FX_MXCSR;
    g[REG_RIP] = STUBS + 0x400;
    g[REG_RSP] = (greg_t)frame->host_rsp;
    g[REG_CSGSFS] = CS_64 | (greg_t)DS_FLAT << 48;
    g[REG_EFL] = 0x202;
    (void)number, (void)info;
}

static uint8_t *emit_absolute(uint8_t *to, const char *opcode, unsigned bytes, size_t offset)
{
    uint32_t address = FRAME + (uint32_t)offset;
    memcpy(to, opcode, bytes);
    memcpy(to + bytes, &address, 4);
    return to + bytes + 4;
}

static void write_stubs(void)
{
    static const char loads[8][3] = {"\x8b\x04\x25", "\x8b\x0c\x25", "\x8b\x14\x25", "\x8b\x1c\x25",
                                     "\x8b\x24\x25", "\x8b\x2c\x25", "\x8b\x34\x25", "\x8b\x3c\x25"};
    uint8_t *to = (uint8_t *)(uintptr_t)STUBS;
    memcpy(to, "\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57", 10), to += 10; /* push rbx rbp r12 r13 r14 r15 */
    to = emit_absolute(to, "\x48\x89\x24\x25", 4, offsetof(struct frame, host_rsp));
    to = emit_absolute(to, "\x0f\xae\x0c\x25", 4, IMAGE - FRAME); /* fxrstor */
    to = emit_absolute(to, "\x8e\x1c\x25", 3, offsetof(struct frame, ds));
    to = emit_absolute(to, "\x8e\x04\x25", 3, offsetof(struct frame, es));
    to = emit_absolute(to, "\x8e\x2c\x25", 3, offsetof(struct frame, gs));
    to = emit_absolute(to, "\xff\x34\x25", 3, offsetof(struct frame, flags));
    *to++ = 0x9d; /* popf */
    to = emit_absolute(to, "\x8e\x14\x25", 3, offsetof(struct frame, ss));
    for (unsigned reg = 0; reg < 8; reg++) to = emit_absolute(to, loads[reg], 3, offsetof(struct frame, r) + 4 * reg);
    to = emit_absolute(to, "\xff\x2c\x25", 3, offsetof(struct frame, offset)); /* jmp far m16:32 */
    memcpy((uint8_t *)(uintptr_t)STUBS + 0x400, "\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3", 11); /* pop all; ret */
}

static void *map(uintptr_t at, size_t bytes, int protection)
{
    void *to = mmap((void *)at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (to != (void *)at) skipped = true;
    return to;
}

static bool write_descriptor(unsigned selector, uint32_t base, bool code, bool size32)
{
    struct user_desc desc = {.entry_number = selector >> 3, .base_addr = base, .limit = 0xfffff, .limit_in_pages = 1,
                             .seg_32bit = size32, .contents = code ? 2 : 0, .useable = 1};
    return syscall(SYS_modify_ldt, 1, &desc, sizeof desc) == 0;
}

/* Again in each test: cmocka puts its own handlers in front of it. */
static void catch_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    for (unsigned i = 0; i < LENGTH(signals); i++) sigaction(signals[i], &action, NULL);
}

/* Do we come into the frame's code segment, and back? */
static void try_segment(void)
{
    frame->r[0] = 12345;
    *image = (struct fx_image){.fcw = FX_FCW, .mxcsr = FX_MXCSR};
    skipped = false;
    ((void (*)(void))(uintptr_t)STUBS)();
    if (host.vector != TRAP_INT3 || host.eip != CODE + INSN + 1 || host.r[0] != 12345) skipped = true;
}

static int open_host(void **state)
{
    (void)state;
    static uint8_t stack[64 * 1024];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    strict = getenv("COVM_HOST_STRICT") != NULL;
    map(STUBS, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    map(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    map(DATA, READABLE, PROT_READ | PROT_WRITE);
    if (skipped) return 0;
    write_stubs();
    memset((void *)(uintptr_t)CODE, 0xcc, PAGE);
    sigaltstack(&alternate, NULL);
    catch_signals();
    mprotect((void *)(uintptr_t)(DATA + WRITABLE), PAGE, PROT_READ);
    has_ldt = write_descriptor(DS_BASED, DATA, false, true) && write_descriptor(SS_16, DATA, false, false) &&
              write_descriptor(CS_16, CODE, true, false);
    *frame = (struct frame){.flags = 2, .offset = CODE + INSN, .selector = CS_32,
                            .ds = DS_FLAT, .es = DS_FLAT, .ss = DS_FLAT};
    try_segment();
    if (!skipped) return 0;
    long_mode = true, has_ldt = false;
    frame->selector = CS_64;
    try_segment();
    return 0;
}

static void run_host(const struct outcome *start, const uint8_t *bytes, unsigned length)
{
    uint8_t *at = (uint8_t *)(uintptr_t)(CODE + INSN);
    memcpy(at, bytes, length);
    if (long_mode) at[-1] = 0x67, frame->offset = CODE + INSN - 1;
    memcpy(frame->r, start->r, sizeof frame->r);
    frame->flags = start->flags;
    float_to_image(&start->floats, image);
    ((void (*)(void))(uintptr_t)STUBS)();
    memset(at - 1, 0xcc, length + 1);
    if (long_mode && host.eip == CODE + INSN - 1) host.eip++;
    if (long_mode) frame->offset = CODE + INSN;
    /* an INT3, or a fetch from where no code is: the instruction before it went there */
    if (host.vector == TRAP_INT3) host.eip--;
    if (host.vector == TRAP_PF && host.error & FETCHED) host.vector = TRAP_INT3;
}

/* ---- running by ir_eval ---- */

struct guest {
    struct outcome fault; /* of the access that was refused */
    bool elsewhere;       /* touched our own pages, or ran over the segment's limit of 4 GiB: not comparable */
    uint32_t stored;      /* where the last store of an integer went */
    bool split;           /* an access crossed a cache line: not to be locked */
};

static bool refuse(struct guest *guest, uint32_t address, bool write, bool present)
{
    guest->fault = (struct outcome){.vector = TRAP_PF, .error = 4 | write << 1 | present, .address = address};
    return false;
}

static bool reach(struct guest *guest, uint64_t address, unsigned bytes, bool write)
{
    uint32_t at = (uint32_t)address;
    if ((at & 63) + bytes > 64) guest->split = true;
    if (at + bytes - 1 < at || (at < DATA && at + bytes > DATA))
        guest->elsewhere = true; /* from a base of 0, or of DATA */
    for (unsigned i = 0; i < bytes; i++) {
        uint32_t byte = at + i, offset = byte - DATA;
        if (byte >> 12 == STUBS >> 12 || byte >> 12 == CODE >> 12) guest->elsewhere = true;
        if (byte >= 0x7fff0000 && byte < 0x90000000) guest->elsewhere = true; /* the address sanitizer's */
        if (offset >= READABLE) return refuse(guest, byte, write, false);
        if (write && offset >= WRITABLE) return refuse(guest, byte, write, true);
    }
    return true;
}

static bool load(void *cookie, uint64_t address, unsigned size, uint64_t *value)
{
    if (!reach(cookie, address, 1u << size, false)) return false;
    *value = 0;
    memcpy(value, shadow + ((uint32_t)address - DATA), 1u << size);
    return true;
}

static bool store(void *cookie, uint64_t address, unsigned size, uint64_t value)
{
    struct guest *guest = cookie;
    if (!reach(guest, address, 1u << size, true)) return false;
    guest->stored = (uint32_t)address;
    memcpy(shadow + ((uint32_t)address - DATA), &value, 1u << size);
    return true;
}

static bool probe(void *cookie, uint64_t address, unsigned size) { return reach(cookie, address, 1u << size, true); }

static bool is_misaligned(struct guest *guest, uint64_t address, bool aligned)
{
    if (!aligned || !(address & 15)) return false;
    guest->fault = (struct outcome){.vector = TRAP_GP};
    return true;
}

static bool load_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, struct vreg *value)
{
    if (is_misaligned(cookie, address, aligned) || !reach(cookie, address, bytes, false)) return false;
    *value = (struct vreg){{0, 0}};
    memcpy(value, shadow + ((uint32_t)address - DATA), bytes);
    return true;
}

static bool store_vector(void *cookie, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value)
{
    if (is_misaligned(cookie, address, aligned) || !reach(cookie, address, bytes, true)) return false;
    memcpy(shadow + ((uint32_t)address - DATA), value, bytes);
    return true;
}

/* Of the core, vector atoms look at this parameter alone. */
static bool vector(void *cookie, struct vector_atom *atom)
{
    static const struct machine_params params = {.transcendental = 1}; /* the host's own functions */
    static struct hw_core core = {.params = &params};
    (void)cookie;
    return hw_vector(&core, atom);
}

static uint8_t arena_memory[1 << 20];

static void lift(struct ir_region *region, const struct x86_insn *insn, uint64_t context)
{
    static struct arena arena;
    arena_init(&arena, arena_memory, sizeof arena_memory);
    assert_true(ir_region_init(region, &arena, 2000, 4, context));
    x86_lift(region, insn, frame->offset);
    ir_ref at;
    const char *wrong = ir_verify(region, &at);
    if (wrong) {
        print_error("%s %s: %s at %%%u\n", x86_rows[insn->row].mnemonic, x86_rows[insn->row].form, wrong, at);
        ir_print(stderr, region);
        fail();
    }
}

static void put_floats(const struct float_state *floats, uint64_t *r, struct vreg *v)
{
    r[HOME_FCW] = floats->fcw, r[HOME_FSW] = floats->fsw, r[HOME_FTW] = floats->ftw, r[HOME_MXCSR] = floats->mxcsr;
    memcpy(v, floats->xmm, sizeof floats->xmm);
    memcpy(v + HOME_X87_R0 - HOME_XMM0, floats->r, sizeof floats->r);
}

static void get_floats(struct float_state *floats, const uint64_t *r, const struct vreg *v)
{
    memset(floats, 0, sizeof *floats);
    floats->fcw = (uint16_t)r[HOME_FCW], floats->fsw = (uint16_t)r[HOME_FSW], floats->ftw = (uint16_t)r[HOME_FTW];
    floats->mxcsr = (uint32_t)r[HOME_MXCSR];
    memcpy(floats->xmm, v, sizeof floats->xmm);
    memcpy(floats->r, v + HOME_X87_R0 - HOME_XMM0, sizeof floats->r);
}

static struct outcome run_guest(const struct ir_region *region, const struct x86_insn *insn,
                                const struct outcome *start, struct guest *guest)
{
    static uint64_t values[2000];
    static uint16_t flags[2000];
    uint64_t r[HOME_INTEGERS] = {0};
    uint16_t f0 = start->flags & ATOM_FLAGS;
    static struct vreg vectors[2000];
    struct vreg v[HOME_COUNT - HOME_INTEGERS] = {0};
    struct ir_machine machine = {r, &f0, guest, load, store, probe, v, vectors, load_vector, store_vector, vector};
    struct ir_eval_result result;
    struct outcome end = {.vector = TRAP_INT3};
    for (unsigned i = 0; i < 8; i++) r[i] = start->r[i];
    r[HOME_EFL] = (start->flags & ~(uint32_t)ATOM_FLAGS) | 0x202;
    r[HOME_ES_BASE] = frame->es == DS_FLAT ? 0 : DATA;
    r[HOME_CS_BASE] = frame->selector == CS_16 ? CODE : 0;
    r[HOME_SS_BASE] = frame->ss == DS_FLAT ? 0 : DATA;
    r[HOME_DS_BASE] = frame->ds == DS_FLAT ? 0 : DATA;
    r[HOME_GS_BASE] = DATA;
    r[HOME_SEL_LOW] = frame->es | frame->selector << 16 | (uint64_t)frame->ss << 32 | (uint64_t)frame->ds << 48;
    r[HOME_SEL_HIGH] = (uint64_t)frame->gs << 16;
    put_floats(&start->floats, r, v);
    enum ir_outcome how;
    do how = ir_eval(region->insns, region->count, &machine, values, flags, &result);
    while (how == IR_EXITED && region->insns[result.at].op == IR_EXIT && region->insns[result.at].kind == IR_REPEAT);
    const struct ir_insn *last = &region->insns[result.at];
    if (how == IR_FLOAT_ERROR) how = x86_float_error(region->insns, region->count, &machine, values, flags, &result);
    end.eip = frame->offset;
    switch (how) {
    case IR_FELL_THROUGH: end.eip = frame->offset + insn->length; break;
    case IR_EXITED:
        end.eip = (uint32_t)result.value;
        if (last->op != IR_EXIT || last->kind != IR_SOFTINT) break;
        end.vector = (unsigned)last->imm;
        end.eip = frame->offset + insn->length - (end.vector == TRAP_INT3);
        break;
    case IR_TRAPPED: end.vector = result.value & 0xff, end.error = (unsigned)result.value >> 8; break;
    case IR_REFUSED: end = guest->fault, end.eip = frame->offset; break;
    default: fail();
    }
    for (unsigned i = 0; i < 8; i++) end.r[i] = (uint32_t)r[i];
    end.flags = (uint32_t)r[HOME_EFL] | f0;
    get_floats(&end.floats, r, v);
    return end;
}

/* ---- what may not be compared ---- */

static bool left_out(unsigned row)
{
    return x86_left_out(X86_TEST_HOST, row) || (!strict && x86_left_out(X86_TEST_HOST_LOOSE, row)) ||
           (long_mode && x86_shapes[row].map < MAP_0F_NP);
}

/* Flags that the manual leaves undefined for this instance. */
static uint32_t undefined_flags(const struct x86_insn *insn, const struct outcome *start)
{
    const struct row_shape *shape = &x86_shapes[insn->row];
    unsigned mask = x86_rows[insn->row].flags_undefined, bits = 8u << insn->operand_size;
    bool shifts = shape->op >= ATOM_SHL && shape->op <= ATOM_SHRD && mask;
    if (shifts) {
        unsigned count = (shape->immediate == IMM_NO ? start->r[HOME_ECX] : (unsigned)insn->immediate) & 31;
        if (count == 0) return 0;
        if (count == 1) mask &= ~(unsigned)MASK_O;
        if (count >= bits && (shape->op == ATOM_SHL || shape->op == ATOM_SHR)) mask |= MASK_C;
        if (count > bits) mask = MASK_ALL;
    }
    return flag_bits(mask);
}

static bool undefined_result(const struct x86_insn *insn, const struct outcome *start)
{
    const struct row_shape *shape = &x86_shapes[insn->row];
    unsigned count = shape->immediate == IMM_NO ? start->r[HOME_ECX] : (unsigned)insn->immediate;
    return (shape->op == ATOM_SHLD || shape->op == ATOM_SHRD) && insn->operand_size == SIZE_16 && (count & 31) > 16 &&
           !strict;
}

/* ---- one instance ---- */

static uint32_t random_value(struct prng *prng)
{
    static const uint32_t corners[] = {0,      1,      2,      0x7f,       0x80,       0xff,
                                       0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    uint64_t bits = prng_next(prng);
    switch (bits >> 60) {
    case 0: case 1: case 2: return corners[(bits >> 8) % LENGTH(corners)];
    case 3: return (uint32_t)bits & 31;
    case 4: case 5: return (uint32_t)(bits & 0x0f0f0f0f);
    default: return (uint32_t)bits;
    }
}

/* `base`: of the segment through which it will be used. */
static uint32_t random_pointer(struct prng *prng, uint32_t base)
{
    uint64_t kind = prng_below(prng, 16);
    uint32_t data = DATA - base;
    if (kind == 0) return data + WRITABLE - 16 + (uint32_t)prng_below(prng, 32); /* around the read-only page */
    if (kind == 1) return data + READABLE - 16 + (uint32_t)prng_below(prng, 32);
    if (kind == 2) return data - 16 + (uint32_t)prng_below(prng, 32);
    return data + 0x400 + (uint32_t)prng_below(prng, WRITABLE - 0x800);
}

static void random_start(struct prng *prng, struct outcome *start, bool down)
{
    uint32_t base = frame->ds == DS_FLAT ? 0 : DATA, stack_base = frame->ss == DS_FLAT ? 0 : DATA;
    for (unsigned i = 0; i < 8; i++)
        start->r[i] = prng_below(prng, 3) ? random_value(prng) : random_pointer(prng, base);
    start->r[HOME_ESP] = random_pointer(prng, stack_base) & ~(uint32_t)(prng_below(prng, 4) ? 3 : 0);
    if (prng_below(prng, 8))
        start->r[HOME_ESI] = random_pointer(prng, base), start->r[HOME_EDI] = random_pointer(prng, base);
    if (prng_below(prng, 8)) start->r[HOME_EBP] = random_pointer(prng, stack_base);
    if (prng_below(prng, 2)) start->r[HOME_EBX] = random_pointer(prng, base);
    if (stack_base && prng_below(prng, 2)) start->r[HOME_ESP] |= (uint32_t)prng_next(prng) & 0xffff0000;
    start->flags = ((uint32_t)prng_next(prng) & ATOM_FLAGS) | 0x202 | (down ? 0x400 : 0);
    float_random(prng, &start->floats);
}

/* Makes the address of a 16-byte operand a multiple of that, mostly, as far as a base register of its own allows. */
static void align(struct prng *prng, const struct x86_insn *insn, struct outcome *start)
{
    bool alone = insn->base >= 0 && insn->base != insn->index;
    if (!insn->memory || x86_shapes[insn->row].size != WIDTH_X || !alone || !prng_below(prng, 8)) return;
    uint32_t address = start->r[insn->base] + (uint32_t)insn->displacement;
    if (insn->index >= 0) address += start->r[insn->index] << insn->scale;
    start->r[insn->base] -= address & 15;
}

static void prepare(struct prng *prng, const struct x86_insn *insn, struct outcome *start)
{
    const char *mnemonic = x86_rows[insn->row].mnemonic;
    if (x86_rows[insn->row].properties & X86_REPEATS && (insn->rep || insn->repne)) {
        start->r[HOME_ECX] = (uint32_t)prng_below(prng, 40) | (insn->address_size == SIZE_16 ? 0x50000 : 0);
    }
    align(prng, insn, start);
    uint32_t esp = frame->ss == DS_FLAT ? start->r[HOME_ESP] - DATA : start->r[HOME_ESP] & 0xffff;
    if (!strncmp(mnemonic, "POPF", 4) && esp < WRITABLE - 4) { /* no TF, NT, AC: they would act on the test itself */
        uint32_t value = random_value(prng) & ~UINT32_C(0x44100);
        memcpy(shadow + esp, &value, 4);
        memcpy((uint8_t *)(uintptr_t)(DATA + esp), &value, 4);
    }
}

/* Instructions of many accesses: processors may have done some of them when a later one faults. Ours have done none. */
static bool in_parts(unsigned row)
{
    return row == ROW_PUSHAD || row == ROW_PUSHA || row == ROW_POPAD || row == ROW_POPA || row == ROW_ENTER ||
           row == ROW_FNSTENV || row == ROW_FLDENV;
}

/* What passes the end of 64 KiB that 16-bit addresses have may go on there or at its start. */
static bool may_wrap(const struct x86_insn *insn, const struct outcome *start)
{
    bool implied = insn->row == ROW_MASKMOVQ_PQ_NQ || insn->row == ROW_MASKMOVDQU_VX_UX;
    bool large = insn->row == ROW_FNSTENV || insn->row == ROW_FLDENV || (insn->memory && x86_shapes[insn->row].size == WIDTH_T);
    uint32_t offset = implied ? start->r[HOME_EDI] : (uint32_t)insn->displacement;
    if (!(implied || large) || insn->address_size != SIZE_16) return false;
    if (!implied && insn->base >= 0) offset += start->r[insn->base];
    if (!implied && insn->index >= 0) offset += start->r[insn->index];
    return (offset & 0xffff) > 0x10000 - 28;
}

/* Control went to where there is no INT3: into the stubs, or the middle of the instruction. */
static bool goes_astray(const struct outcome *end, const struct x86_insn *insn)
{
    bool jumps = x86_rows[insn->row].properties & X86_ENDS_REGION && insn->row != ROW_INT3 && insn->row != ROW_INT_IB;
    uint32_t linear = end->eip + (frame->selector == CS_16 ? CODE : 0);
    if (end->vector != TRAP_INT3 || !jumps) return false;
    return linear >> 12 == STUBS >> 12 || (linear >= CODE + INSN && linear < (uint32_t)CODE + INSN + insn->length);
}

/* RCPPS and its like promise 12 bits, and ours are others than the host's; about the least normal number one may be
 * zero. */
static bool approximate(unsigned row)
{
    return x86_shapes[row].op == ATOM_VFRCP || x86_shapes[row].op == ATOM_VFRSQRT;
}

static bool nearly_same(const struct vreg *a, const struct vreg *b)
{
    float x[4], y[4];
    memcpy(x, a, sizeof x), memcpy(y, b, sizeof y);
    for (unsigned i = 0; i < 4; i++) {
        float difference = fabsf(x[i] - y[i]);
        if (!(difference <= fabsf(x[i]) / 1024 || difference <= FLT_MIN) && memcmp(&x[i], &y[i], 4)) return false;
    }
    return true;
}

/* Where an MMX instruction faults that has an XMM operand, or stores under a mask, AMD's processors have set TOP to 0.
 */
static void forgive(unsigned row, const struct outcome *ours)
{
    unsigned op = x86_shapes[row].op;
    bool mixed = row == ROW_MASKMOVQ_PQ_NQ || op == ATOM_VPIPS || op == ATOM_VPSPI || op == ATOM_VPDDQ;
    if (mixed && ours->vector != TRAP_INT3 && !(host.floats.ftw >> 8)) host.floats.ftw = ours->floats.ftw;
    for (unsigned i = 0; i < 8 && approximate(row); i++) {
        if (nearly_same(&ours->floats.xmm[i], &host.floats.xmm[i])) host.floats.xmm[i] = ours->floats.xmm[i];
    }
}

/* The pointers of an environment, four of its words: AMD's processors forget them when the state is saved while no
 * exception is pending, and a kernel may do that at any time. */
static void forgive_pointers(const struct guest *guest, unsigned size)
{
    uint32_t offset = guest->stored - (3u << size) - DATA;
    if (guest->fault.vector || guest->stored < DATA + (3u << size) || offset + (4u << size) > WRITABLE) return;
    memcpy((void *)(uintptr_t)(DATA + offset), shadow + offset, 4u << size);
}

/* Faults whose details processors may choose: the order of CMPS's two loads (AMD's REPE CMPSB starts with the source,
 * its other forms with the destination); ARPL stores only what differs, ours whatever it has. */
static bool fault_may_differ(unsigned row, const struct outcome *ours)
{
    if (in_parts(row)) return ours->vector == TRAP_PF && host.vector == TRAP_PF;
    if (row == ROW_CMPSB || row == ROW_CMPSD || row == ROW_CMPSW)
        return ours->vector == TRAP_PF && host.vector == TRAP_PF;
    if (row == ROW_LDMXCSR && host.floats.mxcsr >> 17) return true; /* misaligned SSE mode, AMD's */
    return row == ROW_ARPL_EW_GW && ours->vector == TRAP_PF && ours->error == 7;
}

static bool same(const struct outcome *a, const struct outcome *b, uint32_t ignored)
{
    enum { COMPARED = ATOM_FLAGS | 0x247700 }; /* TF IF DF IOPL NT AC ID */
    if (a->vector != b->vector || a->eip != b->eip || memcmp(a->r, b->r, sizeof a->r)) return false;
    if ((a->flags ^ b->flags) & COMPARED & ~ignored) return false;
    if (a->vector == TRAP_PF && (a->error != b->error || a->address != b->address)) return false;
    if (!float_same(&a->floats, &b->floats)) return false;
    return a->vector == TRAP_INT3 || a->vector == TRAP_PF || a->error == b->error;
}

static void show(const char *who, const struct outcome *o)
{
    print_error("  %-5s", who);
    for (unsigned i = 0; i < 8; i++) print_error(" %08x", o->r[i]);
    print_error(" eip %08x flags %06x vector %u error %x address %08x\n", o->eip, o->flags, o->vector, o->error,
                o->address);
    print_error("        fcw %04x fsw %04x ftw %03x mxcsr %04x", o->floats.fcw, o->floats.fsw, o->floats.ftw,
                o->floats.mxcsr);
    for (unsigned i = 0; i < 16; i++) {
        const struct vreg *v = i < 8 ? &o->floats.r[i] : &o->floats.xmm[i - 8];
        const char *name = i < 8 ? "r" : "xmm";
        print_error("%s%s%u %016llx.%016llx", i % 4 ? "  " : "\n        ", name, i % 8, (unsigned long long)v->half[1],
                    (unsigned long long)v->half[0]);
    }
    print_error("\n");
}

static void report(const uint8_t *bytes, const struct x86_insn *insn, const struct ir_region *region,
                   const struct outcome *start, const struct outcome *ours, bool memory)
{
    print_error("%s %s:", x86_rows[insn->row].mnemonic, x86_rows[insn->row].form);
    for (unsigned i = 0; i < insn->length; i++) print_error(" %02x", bytes[i]);
    print_error("%s\n", memory ? "  (memory differs)" : "");
    show("start", start), show("host", &host), show("ours", ours);
    ir_print(stderr, region);
}

static void fill_data(struct prng *prng)
{
    mprotect((void *)(uintptr_t)DATA, READABLE, PROT_READ | PROT_WRITE);
    for (unsigned at = 0; at < READABLE; at += 16) {
        struct vreg value = float_vector(prng);
        for (unsigned part = 0; part < 16; part += 4) memcpy(shadow + at + part, &(uint32_t){random_value(prng)}, 4);
        if (prng_below(prng, 2)) memcpy(shadow + at, &value, 16);
    }
    memcpy((void *)(uintptr_t)DATA, shadow, READABLE);
    mprotect((void *)(uintptr_t)(DATA + WRITABLE), PAGE, PROT_READ);
}

/* Returns false where processor and evaluator differ. */
static bool check(struct prng *prng, unsigned row, const struct x86_generate_options *options, uint64_t context)
{
    uint8_t bytes[32];
    struct x86_insn insn;
    struct ir_region region;
    struct guest guest = {0};
    struct outcome start;
    unsigned length = x86_generate(row, prng, options, bytes);
    if (!length) return true;
    assert_int_equal(x86_decode(bytes, length, context, &insn), X86_OK);
    if (row == ROW_INT_IB && insn.immediate == 0x80) return true;
    random_start(prng, &start, row_context(context, ROW_CONTEXT_DF));
    prepare(prng, &insn, &start);
    if (undefined_result(&insn, &start) || may_wrap(&insn, &start)) return true;
    if (row == ROW_PREFETCHW && !insn.memory) return true; /* #UD on AMD's, NOP on Intel's */
    context |= (uint64_t)start.floats.ftw << ROW_CONTEXT_FPU_STACK;
    context |= (uint64_t)(start.floats.fsw >> 7 & 1) << ROW_CONTEXT_FPU_ERROR;
    lift(&region, &insn, context);
    struct outcome ours = run_guest(&region, &insn, &start, &guest);
    bool locked = insn.lock || row == ROW_XCHG_EB_GB || row == ROW_XCHG_EV_GV;
    bool runs = !guest.elsewhere && !(locked && guest.split) && !goes_astray(&ours, &insn);
    if (runs) run_host(&start, bytes, length);
    if (runs && row == ROW_FNSTENV) forgive_pointers(&guest, insn.operand_size);
    bool memory = memcmp(shadow, (void *)(uintptr_t)DATA, WRITABLE) != 0;
    if (memory) memcpy((void *)(uintptr_t)DATA, shadow, WRITABLE);
    if (!runs) return true;
    runs_made++;
    runs_completed += host.vector == TRAP_INT3;
    uint32_t ignored = strict ? 0 : undefined_flags(&insn, &start);
    if (fault_may_differ(row, &ours)) return true;
    forgive(row, &ours);
    if (same(&host, &ours, ignored) && !memory) return true;
    report(bytes, &insn, &region, &start, &ours, memory);
    return false;
}

enum { INSTANCES = 400, REPORTS = 3 };

enum mode { DOWN = 1, BASED = 2, STACK16 = 4, CODE16 = 8 };

static uint64_t set_mode(unsigned mode, struct x86_generate_options *options)
{
    bool based = mode & BASED, stack16 = mode & STACK16, code16 = mode & CODE16;
    if (has_ldt) options->segments |= 1u << X86_GS;
    options->code16 = code16;
    frame->gs = has_ldt ? DS_BASED : 0;
    frame->ds = frame->es = based ? DS_BASED : DS_FLAT;
    frame->ss = stack16 ? SS_16 : DS_FLAT;
    frame->selector = code16 ? CS_16 : long_mode ? CS_64 : CS_32;
    options->no_address16 = long_mode;
    if (long_mode) options->segments = 0;
    frame->offset = code16 ? INSN : CODE + INSN;
    return (uint64_t)!code16 << ROW_CONTEXT_CODE32 | (uint64_t)!stack16 << ROW_CONTEXT_STACK32 |
           UINT64_C(3) << ROW_CONTEXT_CPL | (uint64_t)(mode & DOWN) << ROW_CONTEXT_DF |
           (uint64_t)based << ROW_CONTEXT_BASE_DS | (uint64_t)based << ROW_CONTEXT_BASE_ES |
           (uint64_t)stack16 << ROW_CONTEXT_BASE_SS | (uint64_t)code16 << ROW_CONTEXT_BASE_CS;
}

static void compare_rows(uint64_t seed, unsigned mode)
{
    if (skipped || (mode & ~(unsigned)DOWN && !has_ldt)) skip();
    struct x86_generate_options options = {.bases = 0xff,
                                           .segments = 1u << X86_DS | 1u << X86_ES | 1u << X86_SS | 1u << X86_CS,
                                           .scaled = true,
                                           .displacement_low = -300,
                                           .displacement_high = 300,
                                           .branch_low = 16,
                                           .branch_high = 100};
    struct prng prng;
    unsigned failed = 0;
    runs_made = runs_completed = 0;
    uint64_t context = set_mode(mode, &options);
    prng_seed(&prng, seed);
    catch_signals();
    fill_data(&prng);
    for (unsigned row = 0; row < x86_row_count; row++) {
        unsigned wrong = 0;
        if (left_out(row)) continue;
        for (unsigned i = 0; i < INSTANCES && wrong < REPORTS; i++) wrong += !check(&prng, row, &options, context);
        failed += wrong != 0;
        if (row % 32 == 0) fill_data(&prng);
    }
    print_message("%u runs, %u without a fault\n", runs_made, runs_completed);
    assert_int_equal(failed, 0);
    assert_true(runs_completed > runs_made / 2);
}

static void flat(void **state) { (void)state, compare_rows(1, 0); }
static void downwards(void **state) { (void)state, compare_rows(2, DOWN); }
static void based(void **state) { (void)state, compare_rows(3, BASED); }
static void stack16(void **state) { (void)state, compare_rows(4, BASED | STACK16); }
static void code16(void **state) { (void)state, compare_rows(5, BASED | STACK16 | CODE16); }

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(flat), cmocka_unit_test(downwards), cmocka_unit_test(based),
                                       cmocka_unit_test(stack16), cmocka_unit_test(code16)};
    return cmocka_run_group_tests(tests, open_host, NULL);
}
