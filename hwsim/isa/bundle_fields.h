/* bundle_fields.h -- the positions of isa.h's encoding, for the encoder and the decoder alone. */
#ifndef COVM_BUNDLE_FIELDS_H
#define COVM_BUNDLE_FIELDS_H

#include "hwsim/isa/isa.h"

/* Lowest bit of each field of an atom's first word. */
enum { FIELD_RD = 7, FIELD_RA = 13, FIELD_RB = 19, FIELD_BRIEF = 25, FIELD_SIZE = 26, FIELD_IMM = 28, FIELD_EXT = 30,
       FIELD_STOP = 31, FIELD_JUMP_COND = 7, FIELD_JUMP_FS = 11, FIELD_JUMP_NEAR = 14, FIELD_TABLE_NEAR = 7 };
enum { JUMP_NEAR_BITS = 14, TABLE_NEAR_BITS = 21 };
enum immediate_mode { IMM_REGISTER, IMM_SHORT, IMM_WORD, IMM_TWO_WORDS };
enum { EXTENSION_BRIEF = MASK_ALL << 6, PROTECT_MAX = 127 };

enum format_kind { KIND_CONTROL, KIND_REGISTER, KIND_MEMORY, KIND_VECTOR };
enum { OPCODE_VECTOR = 127 }; /* in the opcode field; which vector atom it is, is in the extension word */
struct format_fields {
    uint8_t kind;
    bool rd, ra, rb;     /* registers in their own fields (b of a register atom may be immediate instead) */
    bool fs, cond, rc;   /* in the extension word, beside flags */
    bool flags, must_set; /* may write flags; always does */
};
static const struct format_fields format_fields[] = {
    [FORMAT_RB] = {.kind = KIND_REGISTER, .rd = true, .rb = true, .flags = true},
    [FORMAT_RAB] = {.kind = KIND_REGISTER, .rd = true, .ra = true, .rb = true, .flags = true},
    [FORMAT_RABF] = {.kind = KIND_REGISTER, .rd = true, .ra = true, .rb = true, .fs = true, .flags = true},
    [FORMAT_RABC] = {.kind = KIND_REGISTER, .rd = true, .ra = true, .rb = true, .rc = true, .flags = true},
    [FORMAT_RABCOND] = {.kind = KIND_REGISTER, .rd = true, .ra = true, .rb = true, .fs = true, .cond = true},
    [FORMAT_FB] = {.kind = KIND_REGISTER, .rb = true, .flags = true, .must_set = true},
    [FORMAT_LOAD] = {.kind = KIND_MEMORY, .rd = true},
    [FORMAT_STORE] = {.kind = KIND_MEMORY, .rb = true},
    [FORMAT_PROBE] = {.kind = KIND_MEMORY},
    [FORMAT_LOADV] = {.kind = KIND_MEMORY, .rd = true},
    [FORMAT_STOREV] = {.kind = KIND_MEMORY, .rb = true},
    [FORMAT_VECTOR] = {.kind = KIND_VECTOR}, /* the last format: the array covers all, the others are KIND_CONTROL, 0 */
};

#endif
