/* x87_state.c -- states in memory: FNSAVE, FRSTOR, FXSAVE, FXRSTOR (SDM vol. 1, 8.1.10, 8.1.11, 10.5; vol. 2). Memory is
 * probed first, then written; loads change nothing before the last byte is there.
 *
 * FCS and FDS are 0, the upper halves of 32-bit environment words all ones. FXSAVE's instruction and data pointers are
 * stored whether an exception is pending or not.
 */
#include "cms/state.h"

enum { ENV32_BYTES = 28, ENV16_BYTES = 14, REGISTER_BYTES = 10, FX_BYTES = 512, STATE_MAX = FX_BYTES };
enum { FX_ST = 32, FX_XMM = 160, FX_STORED = 288, FX_REGISTER_BYTES = 16, FX_XMMS = 8 };
enum { FSW_TOP = 0x3800, FSW_ERROR = 0x8080, EXCEPTIONS = 63, FCW_WRITABLE = 0x1f3f, FCW_ONE = 0x40, FCW_INITIAL = 0x37f };
enum { MXCSR_MASK = 0xffff };

struct image {
    uint8_t bytes[STATE_MAX];
};

static void put16(uint8_t *to, uint64_t value) { memcpy(to, &(uint16_t){(uint16_t)value}, 2); }
static void put32(uint8_t *to, uint64_t value) { memcpy(to, &(uint32_t){(uint32_t)value}, 4); }

static uint32_t get16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static uint32_t get32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static unsigned top_of(const struct hw_state *state) { return state->r[HOME_FTW] >> 8 & 7; }
static struct vreg *physical(struct hw_state *state, unsigned i) { return &state->v[HOME_X87_R0 - HOME_INTEGERS + (i & 7)]; }

/* ---- the words ---- */

/* Two bits a physical register: 0 valid, 1 zero, 2 special, 3 empty. */
static unsigned full_tags(struct hw_state *state)
{
    unsigned tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        const struct vreg *v = physical(state, i);
        unsigned exponent = v->half[1] & 0x7fff, tag = 0;
        if (!(state->r[HOME_FTW] >> i & 1)) tag = 3;
        else if (!exponent && !v->half[0]) tag = 1;
        else if (!exponent || exponent == 0x7fff || !(v->half[0] >> 63)) tag = 2;
        tags |= tag << 2 * i;
    }
    return tags;
}

static unsigned valid_bits(unsigned full)
{
    unsigned valid = 0;
    for (unsigned i = 0; i < 8; i++) valid |= (unsigned)((full >> 2 * i & 3) != 3) << i;
    return valid;
}

static uint64_t status_word(const struct hw_state *state) { return state->r[HOME_FSW] | (uint64_t)top_of(state) << 11; }

/* Which exceptions are pending follows from the masks. */
static void load_words(struct hw_state *state, unsigned fcw, unsigned fsw, unsigned valid)
{
    state->r[HOME_FCW] = (fcw & FCW_WRITABLE) | FCW_ONE;
    state->r[HOME_FSW] = fsw & 0xffffu & ~(unsigned)(FSW_TOP | FSW_ERROR);
    if (state->r[HOME_FSW] & ~state->r[HOME_FCW] & EXCEPTIONS) state->r[HOME_FSW] |= FSW_ERROR;
    state->r[HOME_FTW] = valid | (fsw >> 11 & 7) << 8;
}

/* ---- environments ---- */

static void store_environment(struct hw_state *state, uint8_t *to, bool wide)
{
    const uint64_t words[7] = {state->r[HOME_FCW],
                               status_word(state),
                               full_tags(state),
                               state->r[HOME_FIP],
                               state->r[HOME_FIP] >> 48 << 16,
                               state->r[HOME_FDP],
                               0};
    static const uint32_t upper[7] = {0xffff0000, 0xffff0000, 0xffff0000, 0, 0, 0, 0xffff0000};
    for (unsigned i = 0; i < 7; i++) {
        if (wide) put32(to + 4 * i, words[i] | upper[i]);
        else put16(to + 2 * i, i == 4 ? 0 : words[i]);
    }
}

static void load_environment(struct hw_state *state, const uint8_t *from, bool wide)
{
    uint32_t words[7];
    for (unsigned i = 0; i < 7; i++) words[i] = wide ? get32(from + 4 * i) : get16(from + 2 * i);
    load_words(state, words[0], words[1], valid_bits(words[2]));
    state->r[HOME_FIP] = words[3] | (wide ? (uint64_t)(words[4] >> 16 & 0x7ff) << 48 : 0);
    state->r[HOME_FDP] = words[5];
}

static void initialise(struct hw_state *state)
{
    state->r[HOME_FCW] = FCW_INITIAL;
    state->r[HOME_FSW] = state->r[HOME_FTW] = state->r[HOME_FIP] = state->r[HOME_FDP] = 0;
}

/* ---- registers, ST(0) first ---- */

static void store_stack(struct hw_state *state, uint8_t *to, unsigned stride)
{
    for (unsigned i = 0; i < 8; i++) memcpy(to + i * stride, physical(state, top_of(state) + i), REGISTER_BYTES);
}

static void load_stack(struct hw_state *state, const uint8_t *from, unsigned stride)
{
    for (unsigned i = 0; i < 8; i++) {
        struct vreg *v = physical(state, top_of(state) + i);
        v->half[1] = 0;
        memcpy(v, from + i * stride, REGISTER_BYTES);
    }
}

/* ---- FXSAVE ---- */

static void store_fx(struct hw_state *state, uint8_t *to)
{
    put16(to, state->r[HOME_FCW]);
    put16(to + 2, status_word(state));
    to[4] = (uint8_t)state->r[HOME_FTW];
    put16(to + 6, state->r[HOME_FIP] >> 48);
    put32(to + 8, state->r[HOME_FIP]);
    put32(to + 16, state->r[HOME_FDP]);
    put32(to + 24, state->r[HOME_MXCSR]);
    put32(to + 28, MXCSR_MASK);
    store_stack(state, to + FX_ST, FX_REGISTER_BYTES);
    memcpy(to + FX_XMM, state->v, FX_XMMS * sizeof *state->v);
}

static void load_fx(struct hw_state *state, const uint8_t *from)
{
    load_words(state, get16(from), get16(from + 2), from[4]);
    state->r[HOME_FIP] = get32(from + 8) | (uint64_t)(get16(from + 6) & 0x7ff) << 48;
    state->r[HOME_FDP] = get32(from + 16);
    state->r[HOME_MXCSR] = get32(from + 24);
    load_stack(state, from + FX_ST, FX_REGISTER_BYTES);
    memcpy(state->v, from + FX_XMM, FX_XMMS * sizeof *state->v);
}

/* ---- memory, in pieces that end where the address is aligned to their size ---- */

static unsigned piece(uint64_t address, unsigned left)
{
    unsigned size = SIZE_32;
    while (size && (address & ((1u << size) - 1) || left < 1u << size)) size--;
    return size;
}

static bool read_all(struct cms *cms, uint64_t address, uint8_t *to, unsigned bytes, struct hw_fault *fault)
{
    for (unsigned done = 0; done < bytes;) {
        unsigned size = piece(address + done, bytes - done);
        uint64_t value;
        if (!guest_load(cms, (uint32_t)(address + done), size, &value, fault)) return false;
        memcpy(to + done, &value, (size_t)1 << size);
        done += 1u << size;
    }
    return true;
}

static bool write_all(struct cms *cms, uint64_t address, const uint8_t *from, unsigned bytes, struct hw_fault *fault)
{
    for (unsigned pass = 0; pass < 2; pass++) { /* probes, then stores */
        for (unsigned done = 0; done < bytes;) {
            unsigned size = piece(address + done, bytes - done);
            uint64_t value = 0;
            memcpy(&value, from + done, (size_t)1 << size);
            if (!(pass ? guest_store(cms, (uint32_t)(address + done), size, value, fault)
                       : guest_probe(cms, (uint32_t)(address + done), size, fault)))
                return false;
            done += 1u << size;
        }
    }
    return true;
}

/* ---- the instructions ---- */

static bool store_state(struct cms *cms, uint64_t address, unsigned what, bool wide, struct hw_fault *fault)
{
    struct image image;
    unsigned environment = wide ? ENV32_BYTES : ENV16_BYTES;
    if (what == X87_FXSAVE) {
        /* bytes 288.. are not written */
        memset(&image, 0, sizeof image);
        store_fx(cms->state, image.bytes);
        return write_all(cms, address, image.bytes, FX_STORED, fault);
    }
    store_environment(cms->state, image.bytes, wide);
    store_stack(cms->state, image.bytes + environment, REGISTER_BYTES);
    if (!write_all(cms, address, image.bytes, environment + 8 * REGISTER_BYTES, fault)) return false;
    initialise(cms->state);
    return true;
}

static bool load_state(struct cms *cms, uint64_t address, unsigned what, bool wide, struct hw_fault *fault)
{
    struct image image;
    unsigned environment = wide ? ENV32_BYTES : ENV16_BYTES;
    unsigned bytes = what == X87_FXRSTOR ? FX_STORED : environment + 8 * REGISTER_BYTES;
    if (!read_all(cms, address, image.bytes, bytes, fault)) return false;
    if (what == X87_FXRSTOR) {
        *fault = (struct hw_fault){.vector = VECTOR_GP};
        if (get32(image.bytes + 24) & ~(uint32_t)MXCSR_MASK) return false;
        load_fx(cms->state, image.bytes);
        return true;
    }
    load_environment(cms->state, image.bytes, wide);
    load_stack(cms->state, image.bytes + environment, REGISTER_BYTES);
    return true;
}

enum helped x87_state(struct cms *cms, struct help *help)
{
    unsigned what = help->c & 0xff;
    bool wide = help->c >> 8 != SIZE_16, loads = what == X87_FRSTOR || what == X87_FXRSTOR;
    uint64_t address = (uint32_t)help->a;
    help->fault = (struct hw_fault){.vector = VECTOR_GP};
    if (what >= X87_FXSAVE && address & 15) return HELP_FAULTED;
    bool done = (loads ? load_state : store_state)(cms, address, what, wide, &help->fault);
    return done ? HELPED : HELP_FAULTED;
}
