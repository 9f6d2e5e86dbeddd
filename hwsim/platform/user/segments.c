/* segments.c -- the descriptors that a user program can load: Linux's flat segments, three of its own in the GDT
 * (thread storage), and a local table (SDM vol. 3, 3.4.5). */
#include <stdlib.h>

#include "hwsim/platform/user/snapshot.h"

enum { LDT_ENTRIES = 8192, SEGMENT_CS = 1, SEGMENT_SS = 2 };
/* struct user_desc: flag bits of its fourth word. */
enum {
    UD_32BIT = 1,
    UD_CONTENTS = 6,
    UD_CODE = 4,
    UD_READ_EXEC_ONLY = 8,
    UD_IN_PAGES = 16,
    UD_NOT_PRESENT = 32,
    UD_USEABLE = 64
};

static const struct descriptor flat_code = {.used = true, .present = true, .size32 = true, .limit = UINT32_MAX};
static const struct descriptor flat_data = {
    .used = true, .present = true, .data = true, .writable = true, .size32 = true, .limit = UINT32_MAX};

static const struct descriptor *find(const struct user *user, uint16_t selector)
{
    unsigned index = selector >> 3;
    if (selector & 4)
        return user->process->space->ldt && user->process->space->ldt[index].used ? &user->process->space->ldt[index]
                                                                                  : NULL;
    if (index == USER_CS >> 3) return &flat_code;
    if (index == USER_DS >> 3) return &flat_data;
    if (index >= GDT_TLS_FIRST && index < GDT_TLS_FIRST + GDT_TLS_COUNT &&
        user->thread->tls[index - GDT_TLS_FIRST].used)
        return &user->thread->tls[index - GDT_TLS_FIRST];
    return NULL;
}

static bool refuse(struct hw_fault *fault, unsigned vector, uint16_t selector)
{
    *fault = (struct hw_fault){.vector = (uint8_t)vector, .error = selector & 0xfffcu};
    return false;
}

bool segment_lookup(struct user *user, unsigned segment, uint16_t selector, struct hw_segment *out,
                    struct hw_fault *fault)
{
    bool null = selector < 4;
    if (null && segment != SEGMENT_SS && segment != SEGMENT_CS) {
        *out = (struct hw_segment){0};
        return true;
    }
    const struct descriptor *found = null ? NULL : find(user, selector);
    if (!found) return refuse(fault, VECTOR_GP, null ? 0 : selector);
    bool fits = segment == SEGMENT_CS   ? !found->data && (selector & 3) == 3
                : segment == SEGMENT_SS ? found->data && found->writable && (selector & 3) == 3
                                        : true;
    if (!fits) return refuse(fault, VECTOR_GP, selector);
    if (!found->present) return refuse(fault, segment == SEGMENT_SS ? VECTOR_SS : VECTOR_NP, selector);
    *out = (struct hw_segment){.base = found->base,
                               .limit = found->limit,
                               .executable = !found->data,
                               .writable = found->data && found->writable,
                               .size32 = found->size32,
                               .available = found->raw[2] & UD_USEABLE};
    return true;
}

/* Where a segment's selector lies in SEL_LOW, SEL_HIGH, and its base: ES CS SS DS FS GS in both. */
uint16_t segment_selector(const struct user *user, unsigned segment)
{
    const struct hw_state *state = hw_state(user->core);
    return (uint16_t)(state->r[segment < 4 ? HOME_SEL_LOW : HOME_SEL_HIGH] >> segment % 4 * 16);
}

void segment_load(struct user *user, unsigned segment, uint16_t selector)
{
    struct hw_segment descriptor;
    struct hw_fault fault;
    if (!segment_lookup(user, segment, selector, &descriptor, &fault)) {
        descriptor = (struct hw_segment){0};
        selector = 0;
    }
    uint64_t *home = user_reg(user, segment < 4 ? HOME_SEL_LOW : HOME_SEL_HIGH);
    unsigned shift = segment % 4 * 16;
    *home = (*home & ~(UINT64_C(0xffff) << shift)) | (uint64_t)selector << shift;
    *user_reg(user, (enum home)(HOME_ES_BASE + segment)) = descriptor.base;
}

/* ---- system calls ---- */

static struct descriptor make_descriptor(const uint32_t desc[4])
{
    uint32_t flags = desc[3], limit = desc[2] & 0xfffff;
    /* Linux takes two forms as "clear this entry": all zero, and the one that its own LDT code calls empty. */
    bool zero = !desc[1] && !desc[2] && !(flags & ~(uint32_t)UD_USEABLE);
    bool empty = !desc[1] && !desc[2] && (flags & 63) == (UD_READ_EXEC_ONLY | UD_NOT_PRESENT);
    if (zero || empty) return (struct descriptor){.used = false};
    return (struct descriptor){
        .used = true,
        .present = !(flags & UD_NOT_PRESENT),
        .data = !(flags & UD_CODE),
        .writable = !(flags & UD_READ_EXEC_ONLY),
        .size32 = flags & UD_32BIT,
        .base = desc[1],
        .limit = flags & UD_IN_PAGES ? limit << 12 | 0xfff : limit,
        .raw = {desc[1], desc[2], flags & 127},
    };
}

/* Segment registers that hold a selector whose descriptor changed are loaded again, as Linux does on the way out. */
static void reload(struct user *user, uint16_t selector)
{
    for (unsigned segment = 0; segment < 6; segment++)
        if (segment != SEGMENT_CS && segment != SEGMENT_SS && (segment_selector(user, segment) | 3) == (selector | 3))
            segment_load(user, segment, segment_selector(user, segment));
}

/* As in Linux: 32-bit segments only, no code segments, nothing not present unless empty. */
static bool may_be_tls(const uint32_t desc[4])
{
    struct descriptor descriptor = make_descriptor(desc);
    return !descriptor.used || (descriptor.size32 && descriptor.data && descriptor.present);
}

int segment_get_tls(struct user *user, uint32_t address, uint32_t desc[4])
{
    if (!user_get(user, address, desc, 16)) return -EFAULT;
    return may_be_tls(desc) && desc[0] - GDT_TLS_FIRST < GDT_TLS_COUNT ? 0 : -EINVAL;
}

void segment_set_tls(struct user *user, const uint32_t desc[4])
{
    user->thread->tls[desc[0] - GDT_TLS_FIRST] = make_descriptor(desc);
    reload(user, (uint16_t)(desc[0] << 3));
}

int64_t sys_set_thread_area(struct user *user, const uint32_t *a)
{
    uint32_t desc[4];
    if (!user_get(user, a[0], desc, sizeof desc)) return -EFAULT;
    if (!may_be_tls(desc)) return -EINVAL;
    unsigned index = 0;
    if (desc[0] == UINT32_MAX) {
        while (index < GDT_TLS_COUNT && user->thread->tls[index].used) index++;
        if (index == GDT_TLS_COUNT) return -ESRCH;
        desc[0] = GDT_TLS_FIRST + index;
        if (!user_put(user, a[0], &desc[0], sizeof desc[0])) return -EFAULT;
    }
    if (desc[0] - GDT_TLS_FIRST >= GDT_TLS_COUNT) return -EINVAL;
    segment_set_tls(user, desc);
    return 0;
}

int64_t sys_get_thread_area(struct user *user, const uint32_t *a)
{
    uint32_t number;
    if (!user_get(user, a[0], &number, sizeof number)) return -EFAULT;
    if (number - GDT_TLS_FIRST >= GDT_TLS_COUNT) return -EINVAL;
    const struct descriptor *d = &user->thread->tls[number - GDT_TLS_FIRST];
    uint32_t desc[4] = {number, d->raw[0], d->raw[1], d->used ? d->raw[2] : UD_READ_EXEC_ONLY | UD_NOT_PRESENT};
    return user_put(user, a[0], desc, sizeof desc) ? 0 : -EFAULT;
}

struct descriptor *segment_copy_ldt(const struct descriptor *ldt)
{
    struct descriptor *copy = ldt ? malloc(LDT_ENTRIES * sizeof *copy) : NULL;
    if (copy) memcpy(copy, ldt, LDT_ENTRIES * sizeof *copy);
    return copy;
}

/* A descriptor as the processor keeps it (SDM figure 3-8). */
static uint64_t encode(const struct descriptor *d)
{
    if (!d->used) return 0;
    uint64_t base = d->raw[0], limit = d->raw[1] & 0xfffff, flags = d->raw[2];
    uint64_t type = 0x10 | (flags & UD_CODE ? 8 : 0) | (flags & 2 ? 4 : 0) | (flags & UD_READ_EXEC_ONLY ? 0 : 2) | 1;
    uint64_t access = type | 3 << 5 | (flags & UD_NOT_PRESENT ? 0 : 0x80);
    uint64_t granularity = (flags & UD_IN_PAGES ? 8 : 0) | (flags & UD_32BIT ? 4 : 0) | (flags & UD_USEABLE ? 1 : 0);
    return (limit & 0xffff) | (base & 0xffffff) << 16 | access << 40 | (limit >> 16) << 48 | granularity << 52 |
           (base >> 24) << 56;
}

static int64_t ldt_read(struct user *user, uint32_t address, uint32_t bytes)
{
    if (!user->process->space->ldt) return 0;
    if (bytes > LDT_ENTRIES * 8) bytes = LDT_ENTRIES * 8;
    if (space_accessible(user, address, bytes, true) != bytes) return -EFAULT;
    for (uint32_t at = 0; at < bytes; at += 8) {
        uint64_t word = encode(&user->process->space->ldt[at / 8]);
        user_put(user, address + at, &word, bytes - at < 8 ? bytes - at : 8);
    }
    return bytes;
}

static int64_t ldt_write(struct user *user, uint32_t address, uint32_t bytes, bool old)
{
    uint32_t desc[4];
    if (bytes != sizeof desc) return -EINVAL;
    if (!user_get(user, address, desc, sizeof desc)) return -EFAULT;
    if (desc[0] >= LDT_ENTRIES) return -EINVAL;
    if ((desc[3] & UD_CONTENTS) == UD_CONTENTS && (old || !(desc[3] & UD_NOT_PRESENT))) return -EINVAL;
    if (old) desc[3] &= ~(uint32_t)UD_USEABLE;
    if (!user->process->space->ldt) user->process->space->ldt = calloc(LDT_ENTRIES, sizeof *user->process->space->ldt);
    if (!user->process->space->ldt) return -ENOMEM;
    user->process->space->ldt[desc[0]] = make_descriptor(desc);
    reload(user, (uint16_t)(desc[0] << 3 | 4));
    return 0;
}

int64_t sys_modify_ldt(struct user *user, const uint32_t *a)
{
    static const uint8_t zeroes[128];
    switch (a[0]) {
    case 0: return ldt_read(user, a[1], a[2]);
    case 1: return ldt_write(user, a[1], a[2], true);
    case 2: {
        uint32_t bytes = a[2] < sizeof zeroes ? a[2] : sizeof zeroes;
        return user_put(user, a[1], zeroes, bytes) ? (int64_t)bytes : -EFAULT;
    }
    case 0x11: return ldt_write(user, a[1], a[2], false);
    default: return -ENOSYS;
    }
}

struct descriptor *segments_snapshot(struct user_snapshot *u, struct descriptor *ldt)
{
    if (!snapshot_bool(u->to, ldt)) return NULL;
    if (u->to->loading) ldt = malloc(LDT_ENTRIES * sizeof *ldt);
    if (!ldt) hw_panic(u->user->core, "no host memory for a descriptor table of the guest's");
    snapshot_bytes(u->to, ldt, LDT_ENTRIES * sizeof *ldt);
    return ldt;
}
