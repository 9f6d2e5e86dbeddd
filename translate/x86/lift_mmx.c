/* lift_mmx.c -- what passes between MMX and XMM registers, and the end of MMX. The rest of MMX shares lift_sse.c. */
#include "translate/x86/lift_vector.h"

static unsigned mmx(unsigned n) { return HOME_X87_R0 + n; }
static unsigned xmm(unsigned n) { return HOME_XMM0 + n; }

void lift_emms(struct lift *l)
{
    if (!vector_begin(l)) return;
    uint16_t before = l->region->fpu;
    l->region->fpu = 0;
    x87_put_stack(l, before);
}

void lift_movdq2q(struct lift *l)
{
    if (!vector_begin(l)) return;
    struct ir_insn move = {.op = ATOM_VMOV, .kind = IR_HALF, .b = build_get(l, xmm(l->insn->rm))};
    build_put(l, mmx(l->insn->reg), ir_append(l->region, move));
    vector_end(l);
}

void lift_movq2dq(struct lift *l)
{
    if (!vector_begin(l)) return;
    build_put(l, xmm(l->insn->reg), build_vector(l, ATOM_VLOW, 0, 0, build_get(l, mmx(l->insn->rm))));
    vector_end(l);
}

/* CVTPI2PS, CVTPI2PD from a register: the operation's result is no MMX value. */
void lift_cvt_from_mmx(struct lift *l)
{
    if (!vector_begin(l)) return;
    unsigned home = xmm(l->insn->reg);
    ir_ref value = build_operation(l, build_get(l, home), build_get(l, mmx(l->insn->rm)), false);
    build_put(l, home, value);
    vector_end(l);
}

/* CVTPS2PI and its like. */
void lift_cvt_to_mmx(struct lift *l)
{
    if (!vector_begin(l)) return;
    ir_ref b = l->insn->memory ? build_load_vector(l, build_address(l), l->width, l->width == 16)
                               : build_get(l, xmm(l->insn->rm));
    build_put(l, mmx(l->insn->reg), build_operation(l, 0, b, true));
    vector_end(l);
}
