/* guest.h -- the parts of host32 (host32.c says what it is) and the i386 program that it runs. The program's memory is
 * this process's own, below 4 GiB, where nothing else lies.
 */
#ifndef ORACLE_GUEST_H
#define ORACLE_GUEST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include <Zydis/Zydis.h>

enum { PAGE = 4096, EXIT_UNABLE = 125 };
enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
enum { ES, CS, SS, DS, FS, GS };
enum { CS_32 = 0x23, DS_32 = 0x2b, TLS_FIRST = 12, TLS_LAST = 14 };
enum {
    FLAG_CF = 1,
    FLAG_PF = 4,
    FLAG_AF = 0x10,
    FLAG_ZF = 0x40,
    FLAG_SF = 0x80,
    FLAG_TF = 0x100,
    FLAG_IF = 0x200,
    FLAG_DF = 0x400,
    FLAG_OF = 0x800,
    FLAG_NT = 0x4000,
    FLAG_RF = 0x10000,
    FLAG_AC = 0x40000,
    FLAG_ID = 0x200000
};
enum { TRAP_DB = 1, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5, TRAP_UD = 6, TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14 };

struct guest {
    uint32_t reg[8], eip, flags;
    uint16_t selector[6];
    uint32_t tls_base[TLS_LAST - TLS_FIRST + 1];
    _Alignas(16) struct _libc_fpstate fp; /* x87, MMX, SSE: as FXSAVE64 leaves it */
};

/* What stopped an instruction. */
struct stop {
    siginfo_t info;
    uint32_t trap, error, address; /* address: CR2 */
};

_Noreturn void host32_die(const char *what, const char *which);
static inline void *guest_pointer(uint32_t address) { return (void *)(uintptr_t)address; }

/* ---- instruct.c: decoded instructions ---- */
enum { INSTRUCTIONS_CACHED = 1 << 14 };
struct instruction {
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint8_t bytes[16];            /* as they lie in the guest's memory */
    uint8_t native[24], once[24]; /* for 64-bit mode; a string instruction also without its REP */
    uint8_t native_length, once_length;
    uint8_t absolute; /* where in `native` the address of the memory operand is to be put, or 0 */
    bool emulated, floats, string, undefined, too_long;
    const ZydisDecodedOperand *memory; /* the operand in memory that ModRM or an offset names, or NULL */
};
/* The instruction at EIP, and its slot of code; stops the guest where it may not be fetched. Valid until the next. */
const struct instruction *instruction_fetch(struct guest *guest, unsigned *slot);

/* ---- step.c: running them ---- */
/* Runs until the program leaves. */
_Noreturn void step_run(struct guest *guest);
void step_install(unsigned slot, const struct instruction *insn);
/* Runs the instruction on the processor; a string instruction without its REP if `once`. */
void step_native(struct guest *guest, const struct instruction *insn, unsigned slot, bool once);
/* These end the instruction in hand: with a signal's number and code, the processor's trap and its error code; with
 * #GP; with what comes of a fetch where there is no code. */
_Noreturn void step_stop(int number, int code, uint32_t trap, uint32_t error);
_Noreturn void step_protect(uint32_t error);
_Noreturn void step_fetch(struct guest *guest, uint32_t at);

/* ---- emulate.c: what 64-bit mode lacks ---- */
bool emulate_wants(const struct instruction *insn);
/* Does it, EIP included. `next`: the address behind it. */
void emulate(struct guest *guest, const struct instruction *insn, uint32_t next);
/* A string instruction without its REP, and ESI, EDI, ECX by address size; EIP stays while it is to be repeated. */
void emulate_string_step(struct guest *guest, const struct instruction *insn, unsigned slot, uint32_t next);
/* #GP where a segment forbids one of the instruction's accesses. */
void emulate_check_segments(struct guest *guest, const struct instruction *insn);
/* A segment ends at 4 GiB: the trap of an access at `address` that goes beyond, or 0. */
unsigned emulate_wraps(const struct guest *guest, const struct instruction *insn, uint32_t address);
/* The linear address of an operand in memory. */
uint32_t emulate_address(struct guest *guest, const struct instruction *insn, const ZydisDecodedOperand *operand);

/* ---- calls.c: system calls ---- */
int64_t calls_map(uint32_t at, uint32_t bytes, int protection, int flags, int descriptor, uint64_t offset);
int64_t calls_protect(uint32_t at, uint32_t bytes, int protection);
void calls_set_break(uint32_t at); /* behind the program */
bool calls_executable(uint32_t at);
/* INT 0x80: EIP is behind it. */
void calls_do(struct guest *guest);

/* ---- signals.c: the guest's signals ---- */
void signals_deliver(struct guest *guest, const struct stop *stop);
bool signals_delivering(void);
/* Ends this program as the signal's default action does. */
_Noreturn void signals_die(int number);
/* One that came from elsewhere waits for the end of the instruction in hand. */
void signals_arrive(int number, siginfo_t *info, void *context);
void signals_poll(struct guest *guest);
void signals_return(struct guest *guest, bool with_info);
int64_t signals_action(uint32_t number, uint32_t action, uint32_t old);
int64_t signals_mask(uint32_t how, uint32_t set, uint32_t old);
int64_t signals_stack(uint32_t stack, uint32_t old);
int64_t signals_queue(uint32_t pid, uint32_t number, uint32_t info);

#endif
