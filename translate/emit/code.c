/* code.c -- bundles gathered, laid out and encoded */
#include "translate/emit/code.h"

enum { TABLE_ALIGN = 16 };

bool code_init(struct code *code, struct arena *arena, const struct machine_desc *machine, unsigned atoms,
               unsigned labels, unsigned entries)
{
    *code = (struct code){.arena = arena, .machine = machine, .atom_capacity = atoms, .bundle_capacity = atoms,
                          .label_capacity = labels, .entry_capacity = entries};
    code->atoms = ARENA_NEW(arena, struct code_atom, atoms + 1); /* the last one takes what does not fit */
    code->bundles = ARENA_NEW(arena, struct code_bundle, atoms + 1);
    code->labels = ARENA_NEW(arena, uint32_t, labels + 1);
    code->entries = ARENA_NEW(arena, struct commit_entry, entries + 1);
    return code->atoms && code->bundles && code->labels && code->entries;
}

/* The index of a new element, or the spare one behind the last when there is no more room. */
static unsigned take(struct code *code, unsigned *count, unsigned capacity)
{
    if (*count < capacity) return (*count)++;
    code->full = true;
    return capacity;
}

unsigned code_label(struct code *code) { return take(code, &code->label_count, code->label_capacity); }
void code_bind(struct code *code, unsigned label) { code->labels[label] = code->bundle_count; }

unsigned code_entry(struct code *code, struct commit_entry entry)
{
    unsigned number = take(code, &code->entry_count, code->entry_capacity);
    code->entries[number] = entry;
    return number;
}

void code_begin(struct code *code)
{
    code->bundles[take(code, &code->bundle_count, code->bundle_capacity)] =
        (struct code_bundle){.first = code->atom_count};
    code->time++;
}

struct code_atom *code_add(struct code *code, struct atom atom)
{
    struct code_atom *added = &code->atoms[take(code, &code->atom_count, code->atom_capacity)];
    *added = (struct code_atom){.atom = atom};
    if (code->bundle_count) code->bundles[code->bundle_count - 1].count++;
    uint32_t there = code->time - 1 + code->machine->latency_cycles[atom_table[atom.op].unit];
    if (there > code->landing) code->landing = there;
    return added;
}

struct code_atom *code_add_first(struct code *code, struct atom atom)
{
    struct code_atom *added = code_add(code, atom), *first = &code->atoms[code->bundles[code->bundle_count - 1].first],
                     made = *added;
    *added = *first;
    *first = made;
    return first;
}

bool code_writes(const struct code *code, unsigned reg)
{
    const struct code_bundle *bundle = &code->bundles[code->bundle_count - 1];
    bool writes = false;
    for (unsigned i = 0; i < bundle->count; i++) {
        const struct atom *atom = &code->atoms[bundle->first + i].atom;
        writes |= ir_has_value(&(struct ir_insn){.op = atom->op}) && atom->rd == reg;
    }
    return writes;
}

bool code_fits(const struct code *code, unsigned unit_class)
{
    const struct code_bundle *bundle = &code->bundles[code->bundle_count - 1];
    uint8_t classes[BUNDLE_ATOMS_MAX];
    if (!code->bundle_count || bundle->count >= code->machine->issue_width || bundle->count >= BUNDLE_ATOMS_MAX)
        return false;
    for (unsigned i = 0; i < bundle->count; i++) classes[i] = atom_table[code->atoms[bundle->first + i].atom.op].unit;
    classes[bundle->count] = (uint8_t)unit_class;
    return machine_fits(code->machine, classes, bundle->count + 1);
}

void code_settle(struct code *code, uint32_t early)
{
    while (code->machine->exposed && code->landing > code->time + early) code_begin(code);
}

/* ---- layout ---- */

static void resolve(const struct code *code, uint32_t here, uint32_t table, struct code_atom *atom)
{
    switch (atom->reference) {
    case CODE_JUMP: atom->atom.imm = (int64_t)code->bundles[code->labels[atom->number]].offset - here; break;
    case CODE_PUSH: atom->atom.target = (int64_t)code->bundles[code->labels[atom->number]].offset - here; break;
    case CODE_COMMIT:
        atom->atom.imm = (int64_t)table + (int64_t)(atom->number * sizeof(struct commit_entry)) - here;
        break;
    default: break;
    }
}

/* Encodes a bundle at `to` (room for the longest) and returns its bytes; 0 if an atom cannot be encoded. */
static unsigned encode_bundle(const struct code *code, const struct code_bundle *bundle, uint32_t table, uint32_t *to)
{
    unsigned words = 0, slots = code->machine->padded ? code->machine->issue_width : 1;
    if (slots < bundle->count) slots = bundle->count;
    for (unsigned i = 0; i < slots; i++) {
        struct atom nop = {.op = ATOM_NOP}, *atom = &nop;
        if (i < bundle->count) {
            struct code_atom *in = &code->atoms[bundle->first + i];
            resolve(code, bundle->offset, table, in);
            in->word = (uint8_t)words;
            atom = &in->atom;
        }
        atom->stop = i == slots - 1;
        unsigned made = atom_encode(atom, &to[words]);
        if (!made) return 0;
        words += made;
    }
    return words * 4;
}

/* Displacements take their shortest form, and the length of a bundle moves those behind it. With all bundles at 0 each
 * displacement is as short as can be; from there lengths only grow, so this ends. Returns the bytes of all bundles, 0
 * if one cannot be encoded. */
static uint32_t lay_out(struct code *code)
{
    uint32_t scratch[BUNDLE_ATOMS_MAX * ATOM_WORDS_MAX], end = 0;
    for (bool moved = true; moved;) {
        uint32_t table = (uint32_t)round_up(end, TABLE_ALIGN);
        for (unsigned i = 0; i < code->bundle_count; i++) {
            code->bundles[i].bytes = encode_bundle(code, &code->bundles[i], table, scratch);
            if (!code->bundles[i].bytes) return 0;
        }
        end = 0;
        moved = false;
        for (unsigned i = 0; i < code->bundle_count; i++) {
            moved |= code->bundles[i].offset != end;
            code->bundles[i].offset = end;
            end += code->bundles[i].bytes;
        }
        moved |= table != (uint32_t)round_up(end, TABLE_ALIGN);
    }
    return end;
}

enum tr_reason code_finish(struct code *code, struct tr_result *result)
{
    uint32_t bytes = code->full ? 0 : lay_out(code);
    if (!bytes) return TR_ARENA_FULL;
    uint32_t table = (uint32_t)round_up(bytes, TABLE_ALIGN),
             entries = code->entry_count * (uint32_t)sizeof(struct commit_entry);
    char *to = arena_alloc(code->arena, table + entries);
    if (!to) return TR_ARENA_FULL;
    for (unsigned i = 0; i < code->bundle_count; i++) {
        const struct code_bundle *bundle = &code->bundles[i];
        encode_bundle(code, bundle, table, (uint32_t *)(to + bundle->offset));
        result->atoms += bundle->count;
        unsigned slots = code->machine->padded ? code->machine->issue_width : 1;
        if (bundle->count < slots) result->nops += slots - bundle->count;
    }
    memset(to + bytes, 0, table - bytes);
    memcpy(to + table, code->entries, entries);
    result->code = to;
    result->code_bytes = bytes;
    result->bytes = table + entries;
    result->bundles = code->bundle_count;
    return TR_OK;
}
