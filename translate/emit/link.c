/* link.c -- exits patched into jumps and back, calls aimed at what they return to. Each atom keeps its length; what follows
 * in the bundle stays. */
#include "translate/emit/emit.h"

static void patch(void *bundle, struct atom atom)
{
    uint32_t words[ATOM_WORDS_MAX];
    struct atom old;
    memcpy(words, bundle, EXIT_BYTES);
    atom_decode(words, EXIT_BYTES / 4, &old);
    atom.stop = old.stop;
    atom_encode(&atom, words);
    memcpy(bundle, words, EXIT_BYTES);
}

void tr_link(void *bundle, int32_t displacement)
{
    patch(bundle, (struct atom){.op = ATOM_BR, .imm = displacement});
}

void tr_unlink(void *bundle, enum exit_reason reason, uint32_t number)
{
    patch(bundle, (struct atom){.op = ATOM_EXIT, .imm = number, .target = reason});
}

uint32_t tr_aim_push(void *bundle, unsigned word, int32_t displacement)
{
    uint32_t words[ATOM_WORDS_MAX], *at = (uint32_t *)bundle + word;
    struct atom atom;
    unsigned count = atom_decode(at, ATOM_WORDS_MAX, &atom);
    atom.target = displacement;
    atom_encode(&atom, words);
    memcpy(at, words, count * sizeof *words);
    return (word + count) * (uint32_t)sizeof *words;
}
