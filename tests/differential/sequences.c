/* sequences.c -- random instruction sequences from the rows of x86_insns.def itself, run on the host's processor and on
 * covm, compared, and shrunk where they differ.
 *
 *     sequences generate SEED COUNT FILE
 *     sequences check COVM HOST32 RUNNER SEED COUNT [covm options]      exit 1 at a difference
 *     sequences floats COVM HOST32 RUNNER SEED COUNT [covm options]     the same, most of them with floating point
 *     sequences show|showfloats SEED INDEX                        the sequence, disassembled
 *     sequences rows                                              how often each row comes up, per 100,000 sequences
 *
 * A sequence is a list of units; a unit is an instruction, or a few that belong together (a jump and the address it
 * takes). Each unit is made from a seed of its own, so that leaving others out does not change it: that is how a failing
 * sequence is shrunk. Flags that the architecture leaves undefined never reach a value (a CMP is put before whatever
 * would read them), and are masked in the comparison.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Zydis/Zydis.h>

#include "hwsim/base/prng.h"
#include "tests/differential/enter.h"
#include "tests/differential/format.h"
#include "translate/x86/x86.h"

enum { UNITS_MAX = 24, UNIT_BYTES = 48, SEQUENCE_BYTES = 2048, RUNS = 6, PER_FILE = 4000, DIFFERENCES_MAX = 16, EXIT_UNSUPPORTED = 4, EXIT_UNABLE = 125 /* host32's */ };
static const uint64_t context32 = UINT64_C(1) << 18; /* CODE32 of context.def */

struct unit {
    uint8_t bytes[UNIT_BYTES];
    unsigned length;
    unsigned skips;           /* a branch: how many units it jumps over; its displacement is the last `relative` bytes */
    unsigned relative;
    uint8_t flags_read, flags_written, flags_undefined;
    bool may_keep_flags;      /* a count of zero leaves the flags alone */
    unsigned row;
};

/* ---- rows ---- */

enum kind { INTEGERS, X87, MMX, SSE, KINDS };
/* Of 100 instructions in a sequence of each sort. */
static const struct mix {
    unsigned odds, percent[KINDS];
} mixes[] = {{8, {100, 0, 0, 0}}, {4, {70, 14, 4, 12}}, {4, {25, 70, 3, 2}}, {4, {20, 2, 8, 70}}};

/* Rows that leave bits of FSW undefined which processors set differently. */
enum { FSW_C1 = 0x200, FSW_CONDITIONS = 0x4700 };
static const struct {
    const char *prefix, *reason;
    uint16_t bits;
} status_undefined[] = {
    {"FCMOV", "C1 is defined for stack underflow alone; AMD's keep it otherwise", FSW_C1},
    {"FCOMI", "as FCMOVcc", FSW_C1},
    {"FUCOMI", "as FCMOVcc", FSW_C1},
    {"FFREE", "documented so; AMD's clear C1", FSW_C1},
};

static uint16_t undefined_status(const struct x86_row *row)
{
    uint16_t bits = 0;
    for (unsigned i = 0; i < sizeof status_undefined / sizeof *status_undefined; i++)
        if (!strncmp(row->mnemonic, status_undefined[i].prefix, strlen(status_undefined[i].prefix)))
            bits |= status_undefined[i].bits;
    return bits;
}

static enum kind row_kind(const struct x86_row *row)
{
    if (row->properties & X86_FLOAT) return row->mnemonic[0] == 'F' ? X87 : MMX;
    return row->properties >> X86_CPU_SHIFT >= CPU_SSE2 ? SSE : INTEGERS;
}

/* ---- units ---- */

static bool named(const struct x86_row *row, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(row->mnemonic, *names)) return true;
    return false;
}

static void append(struct unit *unit, const void *bytes, unsigned count)
{
    memcpy(unit->bytes + unit->length, bytes, count);
    unit->length += count;
}

static void append_word(struct unit *unit, uint8_t opcode, uint32_t word)
{
    append(unit, &opcode, 1);
    append(unit, &word, 4);
}

/* PUSH, POP and the like keep ESP near the window; an address register is set to a place in the window most of the time. */
static void append_pointer(struct unit *unit, struct prng *prng, unsigned reg, bool aligned)
{
    uint32_t place = WINDOW_MIDDLE - 128 + (uint32_t)prng_below(prng, 256);
    append_word(unit, (uint8_t)(0xb8 + reg), aligned ? place & ~15u : place); /* MOV reg, imm32 */
}

static void make_row_unit(struct unit *unit, struct prng *prng, unsigned row)
{
    const struct x86_row *r = &x86_rows[row];
    uint8_t bytes[X86_INSN_BYTES_MAX];
    unsigned base = 3 + (unsigned)prng_below(prng, 5);
    bool wild = prng_below(prng, 12) == 0, aligned = row_kind(r) != INTEGERS && prng_below(prng, 4);
    struct x86_generate_options options = {
        .bases = (uint8_t)(wild ? 0xff : 1u << base),
        .segments = (uint8_t)(1 << X86_ES | 1 << X86_SS | 1 << X86_DS | 1 << X86_CS | wild << X86_FS /* null */),
        .spared = (uint8_t)(prng_below(prng, 4) ? 1u << 4 : 0), .scaled = wild, .no_address16 = prng_below(prng, 8) != 0,
        .displacement_low = -64, .displacement_high = 64, .branch_low = 0, .branch_high = 0,
    };
    if (aligned) options.displacement_low = options.displacement_high = 16 * ((int)prng_below(prng, 8) - 4);
    unsigned length = x86_generate(row, prng, &options, bytes);
    struct x86_insn insn;
    if (!length || x86_decode(bytes, length, context32, &insn) != X86_OK || insn.lock) return;
    /* ARPL that changes nothing writes nothing on a processor; ours writes what was there, which may fault */
    if ((wild || insn.segment == X86_CS) && insn.memory && !strcmp(r->mnemonic, "ARPL")) return;
    /* Linux emulates it (UMIP), and faults in its own way */
    if (insn.memory && !strcmp(r->mnemonic, "SMSW")) return;
    bool string = r->properties & X86_REPEATS;
    /* which of the two loads faults first is the processor's choice */
    if (!strncmp(r->mnemonic, "CMPS", 4) && (wild || insn.address_size == SIZE_16)) return;
    /* host32 executes it with EDI, whatever the address size */
    if (!strncmp(r->mnemonic, "MASKMOV", 7) && insn.address_size == SIZE_16) return;
    if (!wild && insn.memory && insn.base >= 0) append_pointer(unit, prng, (unsigned)insn.base, aligned);
    if (!strcmp(r->mnemonic, "ENTER")) { /* where its copies fault, what it wrote before is undefined */
        append_pointer(unit, prng, 5, false);
        append_pointer(unit, prng, 4, false);
    }
    if (!wild && string) {
        append_pointer(unit, prng, 6, false);
        append_pointer(unit, prng, 7, false);
        if (insn.rep || insn.repne) append_word(unit, 0xb9, (uint32_t)prng_below(prng, 20));
    }
    if (r->mnemonic[0] == 'J' || !strncmp(r->mnemonic, "LOOP", 4)) { /* to be patched: branch_low..high say zero */
        bool near_form = length >= 4 && bytes[length - 2] == 0;
        unit->relative = near_form ? (insn.operand_size == SIZE_16 ? 2 : 4) : 1;
        if (unit->relative == 2) { /* a 16-bit target cuts EIP: leave those to cases made by hand */
            unit->length = unit->relative = 0;
            return;
        }
        unit->skips = (unsigned)prng_below(prng, 3);
    }
    append(unit, bytes, length);
    /* FCOMI and its like: where an exception is not masked, AMD's set the flags and Intel's do not. FWAIT raises it. */
    if (row_kind(r) == X87 && r->flags_written) append(unit, (uint8_t[]){0x9b}, 1);
    unit->flags_read = r->flags_read;
    unit->flags_written = r->flags_written;
    unit->flags_undefined = r->flags_undefined;
    static const char *const counted[] = {"SHL", "SHR", "SAR", "SAL", "ROL", "ROR", "RCL", "RCR", "SHLD", "SHRD", NULL};
    unit->may_keep_flags = string || named(r, counted);
}

/* FNSTENV, and the pointers that it stored overwritten. */
static void append_environment(struct unit *unit, struct prng *prng)
{
    append_word(unit, 0xb8, WINDOW_MIDDLE - 128 + (uint32_t)prng_below(prng, 256));            /* MOV EAX, place */
    append(unit, (uint8_t[]){0xd9, 0x30}, 2);                                                   /* FNSTENV [EAX] */
    for (uint8_t at = 12; at < 28; at += 4) append(unit, (uint8_t[]){0xc7, 0x40, at, 0, 0, 0, 0}, 7); /* MOV [EAX+at], 0 */
}

/* Indirect transfers and returns to the next unit, POPF with harmless bits, a jump into nothing. */
static void make_hand_unit(struct unit *unit, struct prng *prng, uint32_t address, bool floats)
{
    static const uint8_t popf[] = {0x81, 0x24, 0x24, 0xd5, 0x0c, 0x00, 0x00, 0x9d}; /* AND [ESP], 0xcd5; POPFD */
    uint8_t reg = (uint8_t)prng_below(prng, 3); /* EAX, ECX or EDX: a string instruction would write where EDI points */
    switch (prng_below(prng, floats ? 9 : 8)) {
    case 0: /* MOV reg, next; JMP reg */
    case 1: /* MOV reg, next; CALL reg */
        append_word(unit, (uint8_t)(0xb8 + reg), address + 7);
        append(unit, (uint8_t[]){0xff, (uint8_t)((prng_below(prng, 2) ? 0xe0 : 0xd0) + reg)}, 2);
        break;
    case 2: /* PUSH next; RET */
        append_word(unit, 0x68, address + 6);
        append(unit, (uint8_t[]){0xc3}, 1);
        break;
    case 3: /* PUSH next; RET 8 */
        append_word(unit, 0x68, address + 8);
        append(unit, (uint8_t[]){0xc2, 8, 0}, 3);
        break;
    case 4: /* PUSH next; JMP [ESP] */
        append_word(unit, 0x68, address + 8);
        append(unit, (uint8_t[]){0xff, 0x24, 0x24}, 3);
        break;
    case 5: /* CALL next */
        append_word(unit, 0xe8, 0);
        break;
    case 6:
        append(unit, popf, sizeof popf);
        unit->flags_written = MASK_ALL;
        break;
    case 8:
        append_environment(unit, prng);
        break;
    default: /* to an address that is not mapped, once in a while */
        if (prng_below(prng, 8)) {
            append_word(unit, 0xe9, 0);
        } else {
            append_word(unit, (uint8_t)(0xb8 + reg), 0x1000 + (uint32_t)prng_below(prng, 4096));
            append(unit, (uint8_t[]){0xff, (uint8_t)(0xe0 + reg)}, 2);
        }
    }
}

/* The rows that sequences may hold, by kind: those of the guest's processor. */
static struct {
    unsigned count, row[1024];
} choice[KINDS];
static enum cpu guest_cpu = CPUS - 1;

static void choose_rows(void)
{
    for (unsigned row = 0; row < x86_row_count; row++) {
        const struct x86_row *r = &x86_rows[row];
        enum kind kind = row_kind(r);
        if (!x86_left_out(X86_TEST_SEQUENCES, row) && r->properties >> X86_CPU_SHIFT <= guest_cpu) choice[kind].row[choice[kind].count++] = row;
    }
}

static unsigned pick_row(struct prng *prng, const struct mix *mix)
{
    unsigned percent = (unsigned)prng_below(prng, 100), kind = 0;
    while (percent >= mix->percent[kind]) percent -= mix->percent[kind++];
    if (!choice[kind].count) kind = INTEGERS;
    for (;;) {
        unsigned row = choice[kind].row[prng_below(prng, choice[kind].count)];
        /* what always faults ends the sequence: seldom */
        bool fatal = x86_rows[row].properties & X86_ENDS_REGION && x86_rows[row].properties & X86_MAY_FAULT;
        if (!fatal || prng_below(prng, 16) == 0) return row;
    }
}

/* ---- sequences ---- */

struct sequence {
    uint64_t seed;
    unsigned index, units;
    uint32_t dropped; /* units left out, by shrinking */
    const struct mix *mix;
};

static bool with_floats;

static const struct mix *pick_mix(struct prng *prng)
{
    unsigned all = 0, i = 0;
    if (!with_floats) return &mixes[0];
    for (unsigned k = 0; k < sizeof mixes / sizeof *mixes; k++) all += mixes[k].odds;
    for (unsigned drawn = (unsigned)prng_below(prng, all); drawn >= mixes[i].odds; i++) drawn -= mixes[i].odds;
    return &mixes[i];
}

static struct sequence sequence_of(uint64_t seed, unsigned index)
{
    struct prng prng;
    prng_seed(&prng, seed * 1000003 + index);
    unsigned units = 2 + (unsigned)prng_below(&prng, UNITS_MAX - 2);
    return (struct sequence){seed, index, units, 0, pick_mix(&prng)};
}

/* FWAIT, FXAM: makes defined what an unmasked exception or `status` leave undefined of the status word. */
static unsigned settle_status(uint8_t *code, uint16_t *status)
{
    static const uint8_t fwait_fxam[] = {0x9b, 0xd9, 0xe5};
    *status = 0;
    memcpy(code, fwait_fxam, 3);
    return 3;
}

/* Puts before an instruction what makes defined what it shows: of the status; of the tags after CVTPS2PI and its like, which AMD's set before they raise an exception. Returns its size. */
static unsigned put_before(const char *mnemonic, uint8_t *code, uint16_t *status)
{
    static const uint8_t movq[] = {0x0f, 0x6f, 0xc0};
    if (!strcmp(mnemonic, "FNSTSW")) return settle_status(code, status);
    if (!strcmp(mnemonic, "FNCLEX")) {
        code[0] = 0x9b;
        return 1;
    }
    bool to_mmx = (!strncmp(mnemonic, "CVT", 3) && (strstr(mnemonic, "2PI") || strstr(mnemonic, "PI2"))) ||
                  !strcmp(mnemonic, "MASKMOVQ");
    if (to_mmx) memcpy(code, movq, 3);
    return to_mmx ? 3 : 0;
}

/* Lays the sequence out at its address; returns its size with header. `rows`, if given, counts instances. */
static uint32_t lay_out(const struct sequence *s, uint32_t address, struct sequence_header *header, unsigned *rows)
{
    unsigned at = 0, start[UNITS_MAX + 1], patch[UNITS_MAX], skip[UNITS_MAX], width[UNITS_MAX];
    uint8_t undefined = 0, ever = 0, owed[UNITS_MAX + 8] = {0};
    uint16_t status = 0, status_ever = 0; /* undefined bits of FSW */
    address += sizeof *header;
    for (unsigned k = 0; k < s->units; k++) {
        struct unit unit = {0};
        struct prng prng;
        prng_seed(&prng, (s->seed * 1000003 + s->index) * 64 + k);
        start[k] = at;
        width[k] = 0;
        undefined |= owed[k];
        bool by_hand = prng_below(&prng, 12) == 0;
        unsigned row = by_hand ? 0 : pick_row(&prng, s->mix);
        if (s->dropped >> k & 1) continue;
        if (!by_hand) make_row_unit(&unit, &prng, row);
        if (rows && !by_hand && unit.length) rows[row]++;
        if (unit.flags_read & undefined) { /* CMP EAX, EBX */
            header->code[at++] = 0x39;
            header->code[at++] = 0xd8;
            undefined = 0;
        }
        if (!by_hand) at += put_before(x86_rows[row].mnemonic, header->code + at, &status);
        if (!by_hand && unit.length) status |= undefined_status(&x86_rows[row]);
        status_ever |= status;
        if (by_hand && status) at += settle_status(header->code + at, &status);
        if (by_hand) make_hand_unit(&unit, &prng, address + at, s->mix != mixes);
        memcpy(header->code + at, unit.bytes, unit.length);
        at += unit.length;
        uint8_t written = unit.may_keep_flags ? 0 : unit.flags_written;
        undefined = (uint8_t)((undefined & ~written) | unit.flags_undefined);
        ever |= undefined;
        if (unit.relative) {
            patch[k] = at - unit.relative;
            width[k] = unit.relative;
            skip[k] = k + 1 + unit.skips < s->units ? k + 1 + unit.skips : s->units;
            for (unsigned j = k + 1; j <= skip[k]; j++) owed[j] |= undefined; /* what the jump brings along */
        }
    }
    undefined |= owed[s->units];
    start[s->units] = at;
    for (unsigned k = 0; k < s->units; k++) {
        int32_t distance = width[k] ? (int32_t)(start[skip[k]] - patch[k] - width[k]) : 0;
        if (width[k]) memcpy(header->code + patch[k], &distance, width[k]);
    }
    int32_t out = (int32_t)(CODE_BASE - (address + at + 5));
    header->code[at++] = 0xe9;
    memcpy(header->code + at, &out, 4);
    at += 4;
    header->bytes = (uint32_t)(sizeof *header + at + 15) & ~15u;
    header->runs = RUNS;
    header->floats = s->mix == mixes ? ENTER_INTEGERS : guest_cpu >= CPU_SSE2 ? ENTER_SSE : ENTER_X87;
    header->status = 0xffffu & ~status_ever;
    header->seed = (uint32_t)(s->seed * 7919 + s->index * 2654435761u);
    header->end_flags = (flag_bits(MASK_ALL) & ~flag_bits(undefined)) | 0x400;
    header->fault_flags = (flag_bits(MASK_ALL) & ~flag_bits(ever)) | 0x400;
    return header->bytes;
}

static void write_file(const char *path, const struct sequence *list, unsigned count)
{
    FILE *to = fopen(path, "wb");
    if (!to) {
        perror(path);
        exit(2);
    }
    uint32_t address = CODE_BASE + CODE_FILE;
    for (unsigned i = 0; i < count; i++) {
        _Alignas(16) uint8_t room[SEQUENCE_BYTES] = {0};
        struct sequence_header *header = (struct sequence_header *)room;
        uint32_t bytes = lay_out(&list[i], address, header, NULL);
        fwrite(room, 1, bytes, to);
        address += bytes;
    }
    fclose(to);
}

static void show(const struct sequence *s)
{
    _Alignas(16) uint8_t room[SEQUENCE_BYTES] = {0};
    struct sequence_header *header = (struct sequence_header *)room;
    uint32_t address = CODE_BASE + CODE_FILE, bytes = lay_out(s, address, header, NULL) - (uint32_t)sizeof *header;
    address += sizeof *header;
    printf("sequence %u of seed %llu\n", s->index, (unsigned long long)s->seed);
    for (uint32_t at = 0; at < bytes;) {
        ZydisDisassembledInstruction text;
        if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LEGACY_32, address + at, header->code + at, bytes - at, &text))) break;
        printf("  %08x  ", address + at);
        for (unsigned i = 0; i < 8; i++) i < text.info.length ? printf("%02x ", header->code[at + i]) : printf("   ");
        printf(" %s\n", text.text);
        at += text.info.length;
        if (text.info.mnemonic == ZYDIS_MNEMONIC_JMP && header->code[at - 5] == 0xe9 && at + 15 >= bytes) break;
    }
}

/* ---- comparing ---- */

struct contest {
    const char *covm, *host32, *runner, *options, *folder;
};

/* Runs a file on one side; the hashes go to `sums`. Returns -1, or the sequence that can't be compared (a wild jump into
 * data finds a loop, or code that covm or host32 does not implement), or `count` after any other trouble. */
static int run_side(const struct contest *c, const char *file, bool on_covm, uint32_t *sums, unsigned count)
{
    char command[2048];
    if (on_covm)
        snprintf(command, sizeof command, "%s run -q --root %s %s -- %s /%s 2>%s/err", c->covm, c->folder, c->options, c->runner, file, c->folder);
    else
        snprintf(command, sizeof command, "setarch -R %s %s %s/%s", c->host32, c->runner, c->folder, file);
    FILE *from = popen(command, "r");
    unsigned got = from ? (unsigned)fread(sums, 4, count, from) : 0;
    int status = from ? pclose(from) : -1;
    if (got == count && status == 0) return -1;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if ((on_covm ? code == EXIT_UNSUPPORTED : code == EXIT_LOOPS || code == EXIT_UNABLE) && got < count) return (int)got;
    printf("%s: status %x after %u of %u sequences\n", on_covm ? "covm" : "host", (unsigned)status, got, count);
    return (int)count;
}

static bool differs(const struct contest *c, const struct sequence *s)
{
    char path[512];
    uint32_t host = 0, ours = 1;
    snprintf(path, sizeof path, "%s/shrink", c->folder);
    write_file(path, s, 1);
    if (run_side(c, "shrink", false, &host, 1) >= 0) return false;
    int trouble = run_side(c, "shrink", true, &ours, 1);
    return trouble > 0 || (trouble < 0 && host != ours);
}

/* Is it one of what covm and the host may do differently? covm keeps code for returns from signals at 0xffffe000, where
 * the host has nothing; the host has its vDSO below 0xf8000000, where covm has nothing. What passes the end of the address
 * space is #GP to covm; AMD's take 80 bits in two parts, of which the first finds no page. AMD's have a bit of MXCSR of
 * their own (17: accesses may be misaligned), which LDMXCSR finds in data. Where the runner itself may not be written, the
 * host tells whether its page has been brought in. Not told apart, and seen once in a million: PUSHA that runs into a page
 * which cannot be written has stored some registers by then on the host, none in covm (the SDM leaves it open). */
static bool may_differ(const struct contest *c, unsigned index)
{
    static const char *const addresses[] = {"address ffffe", "address f7ff", "address fffffff", "error 6 address 08"};
    char command[1024], line[256];
    snprintf(command, sizeof command, "setarch -R %s %s %s/file detail %u", c->host32, c->runner, c->folder, index);
    FILE *from = popen(command, "r");
    bool found = false;
    while (from && fgets(line, sizeof line, from)) {
        for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) found |= strstr(line, addresses[i]) != NULL;
        const char *mxcsr = strstr(line, "mxcsr ");
        found |= mxcsr && strtoul(mxcsr + 6, NULL, 16) >> 17;
    }
    if (from) pclose(from);
    return found;
}

static void report(const struct contest *c, struct sequence s)
{
    char command[2048];
    if (differs(c, &s))
        for (unsigned k = 0; k < s.units; k++) {
            struct sequence less = s;
            less.dropped |= 1u << k;
            if (differs(c, &less)) s = less;
        }
    else
        printf("(alone it agrees: it needs the sequences before it)\n");
    show(&s);
    differs(c, &s);
    snprintf(command, sizeof command, "cd %s; setarch -R %s %s shrink detail 0 >host; %s run -q --root . %s -- %s /shrink detail 0 >covm; diff host covm | head -20",
             c->folder, c->host32, c->runner, c->covm, c->options, c->runner);
    fflush(stdout);
    if (system(command)) printf("(no detail)\n");
}

static int check(struct contest *c, uint64_t seed, unsigned count)
{
    static struct sequence list[PER_FILE];
    static uint32_t host[PER_FILE], ours[PER_FILE];
    unsigned differences = 0, skipped = 0;
    char folder[] = "/tmp/covm-sequences-XXXXXX", file[64];
    char how[1024];
    c->folder = mkdtemp(folder);
    snprintf(how, sizeof how, "%s --how", c->host32);
    if (!c->folder || system(how)) return 2;
    snprintf(file, sizeof file, "%s/file", folder);
    for (unsigned first = 0; first < count && differences < DIFFERENCES_MAX; first += PER_FILE) {
        unsigned n = count - first < PER_FILE ? count - first : PER_FILE;
        int trouble;
        for (unsigned i = 0; i < n; i++) list[i] = sequence_of(seed, first + i);
        for (;; skipped++, n--) {
            write_file(file, list, n);
            memset(ours, 0, sizeof ours);
            trouble = run_side(c, "file", false, host, n);
            if (trouble < 0) trouble = run_side(c, "file", true, ours, n);
            if (trouble < 0 || trouble == (int)n) break;
            memmove(list + trouble, list + trouble + 1, (n - (unsigned)trouble - 1) * sizeof *list);
        }
        differences += trouble >= 0;
        for (unsigned i = 0; i < n && differences < DIFFERENCES_MAX; i++)
            if (host[i] != ours[i] && may_differ(c, i)) {
                skipped++;
            } else if (host[i] != ours[i]) {
                differences++;
                report(c, list[i]);
            }
    }
    char clean[128];
    snprintf(clean, sizeof clean, "rm -r %s", folder);
    if (system(clean)) fprintf(stderr, "could not remove %s\n", folder);
    printf("%u sequences, %u skipped (endless, or told apart by may_differ), %u differences%s\n", count, skipped, differences, differences >= DIFFERENCES_MAX ? " (stopped)" : "");
    return differences != 0 || skipped > count / 1000;
}

static int count_rows(void)
{
    unsigned *rows = calloc(x86_row_count, sizeof *rows), missing = 0;
    for (unsigned i = 0; i < 100000; i++) {
        _Alignas(16) uint8_t room[SEQUENCE_BYTES];
        struct sequence s = sequence_of(1, i);
        lay_out(&s, CODE_BASE + CODE_FILE, (struct sequence_header *)room, rows);
    }
    for (unsigned i = 0; i < x86_row_count; i++) {
        bool wanted = !x86_left_out(X86_TEST_SEQUENCES, i);
        if (wanted || rows[i]) printf("%7u %s %s\n", rows[i], x86_rows[i].mnemonic, x86_rows[i].form);
        missing += wanted && !rows[i];
    }
    free(rows);
    printf("%u rows wanted that never came up\n", missing);
    return missing != 0;
}

/* Of "--set guest.cpu=NAME" among covm's options. */
static enum cpu cpu_of(const char *options)
{
    static const char *const keys[] = {
#define CPU(name, key, ...) key,
#include "hwsim/isa/cpus.def"
#undef CPU
    };
    const char *value = strstr(options, "guest.cpu=");
    for (unsigned cpu = 0; value && cpu < CPUS; cpu++)
        if (!strncmp(value + strlen("guest.cpu="), keys[cpu], strlen(keys[cpu]))) return (enum cpu)cpu;
    return CPUS - 1;
}

int main(int argc, char **argv)
{
    char options[1024] = "";
    for (int i = 7; i < argc; i++) {
        strncat(options, argv[i], sizeof options - strlen(options) - 2);
        strcat(options, " ");
    }
    with_floats = argc > 1 && (strstr(argv[1], "floats") || !strcmp(argv[1], "rows"));
    guest_cpu = cpu_of(options);
    choose_rows();
    if (argc == 5 && !strcmp(argv[1], "generate")) {
        unsigned count = (unsigned)atoi(argv[3]);
        struct sequence *list = calloc(count, sizeof *list);
        for (unsigned i = 0; i < count; i++) list[i] = sequence_of(strtoull(argv[2], NULL, 10), i);
        write_file(argv[4], list, count);
        free(list);
        return 0;
    }
    if (argc >= 7 && (!strcmp(argv[1], "check") || with_floats)) {
        struct contest contest = {argv[2], argv[3], argv[4], options, NULL};
        return check(&contest, strtoull(argv[5], NULL, 10), (unsigned)atoi(argv[6]));
    }
    if (argc == 4 && (!strcmp(argv[1], "show") || with_floats)) {
        struct sequence s = sequence_of(strtoull(argv[2], NULL, 10), (unsigned)atoi(argv[3]));
        show(&s);
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "rows")) return count_rows();
    fprintf(stderr, "usage: sequences generate|check|show|rows ... (see the head of sequences.c)\n");
    return 2;
}
