/* access.c -- from addresses to host memory, and what it costs: TLB, page walks, alignment, data cache. Shared by the
 * memory atoms and by the CMS's own loads and stores. */
#include "hwsim/core/core.h"

/* ---- translation ---- */

void soft_flush(struct hw_core *core)
{
    for (unsigned i = 0; i < SOFT_ENTRIES; i++) core->soft[i].tag = SOFT_FREE;
}

static struct soft_entry *soft_entry(struct hw_core *core, uint64_t linear)
{
    return &core->soft[linear >> PAGE_BITS & (SOFT_ENTRIES - 1)];
}

/* The soft entry repeats a TLB entry for user accesses of the present space. */
static void soft_fill(struct hw_core *core, uint64_t linear, unsigned slot, uint8_t *host)
{
    const struct tlb_entry *entry = &core->tlb.entries[slot];
    bool write = entry->user && entry->write && entry->dirty && *physical_chunks(core->physical, entry->frame) == 0;
    *soft_entry(core, linear) = (struct soft_entry){
        .tag = (linear & SOFT_PAGE) | (entry->user ? 0 : SOFT_NO_READ) | (write ? 0 : SOFT_NO_WRITE),
        .host = host,
        .physical = entry->frame << PAGE_BITS,
        .slot = slot,
    };
}

static bool refuse(struct hw_core *core, enum hw_exit_kind why, struct hw_fault fault)
{
    core->refusal = (uint8_t)why;
    core->fault = fault;
    return false;
}

/* A walker reads one entry after another through the data cache, one walk after another. */
static uint64_t walk_cycle(struct hw_core *core, const struct page_walk *walk)
{
    if (core->params->tlb_perfect || walk->levels == 0) return core->cycle;
    uint64_t cycle = core->cycle > core->walker_free ? core->cycle : core->walker_free;
    cycle += (uint64_t)core->params->tlb_walk;
    for (unsigned i = 0; i < walk->levels; i++) {
        bool hit;
        cycle = cache_access(&core->l1d, walk->entry[i], false, cycle, &hit);
    }
    core->tlb.misses++;
    core->tlb.walk_reads += walk->levels;
    core->walker_free = cycle;
    if (cycle > core->fault_clear) core->fault_clear = cycle;
    return cycle;
}

static unsigned tlb_insert(struct hw_core *core, uint64_t page, const struct page_walk *walk, bool write,
                           uint64_t ready)
{
    struct tlb *tlb = &core->tlb;
    unsigned slot = tlb_victim(tlb, page, core->space);
    struct tlb_entry *entry = &tlb->entries[slot];
    struct soft_entry *soft = soft_entry(core, entry->page << PAGE_BITS);
    if (soft->slot == slot) soft->tag = SOFT_FREE;
    *entry = (struct tlb_entry){page, walk->frame, core->space, ready, walk->user, walk->write, write};
    return slot;
}

/* One page of an access. `*known`: cycle at which the translation is known, where it is later than now. */
static bool resolve_page(struct hw_core *core, uint64_t linear, bool user, bool write, uint64_t *physical,
                         uint64_t *known)
{
    uint64_t page = linear >> PAGE_BITS;
    int slot = tlb_find(&core->tlb, page, core->space);
    const struct tlb_entry *entry = slot >= 0 ? &core->tlb.entries[slot] : NULL;
    if (!entry || (user && !entry->user) || (write && !(entry->write && entry->dirty))) {
        struct page_walk walk;
        unsigned access = (write ? ACCESS_WRITE : 0) | (user ? ACCESS_USER : 0);
        bool mapped = page_walk(core->physical, core->paging, core->cr3, linear, access, &walk);
        uint64_t cycle = walk_cycle(core, &walk);
        if (!mapped) {
            core_stall(core, CAUSE_TLB, cycle);
            return refuse(core, HW_FAULT, (struct hw_fault){VECTOR_PF, walk.error, linear});
        }
        slot = (int)tlb_insert(core, page, &walk, write, cycle);
        entry = &core->tlb.entries[slot];
    }
    tlb_use(&core->tlb, (unsigned)slot);
    uint8_t *host = physical_frame(core->physical, entry->frame);
    *physical = entry->frame << PAGE_BITS | (linear & (PAGE_BYTES - 1));
    if (!host) return refuse(core, HW_IO, (struct hw_fault){.address = *physical});
    if (entry->ready <= core->cycle)
        soft_fill(core, linear, (unsigned)slot, host);
    else if (entry->ready > *known)
        *known = entry->ready;
    return true;
}

static uint32_t chunks_of(uint64_t physical, unsigned bytes)
{
    unsigned first = (unsigned)(physical & (PAGE_BYTES - 1)) / CHUNK_BYTES;
    unsigned last = (unsigned)((physical & (PAGE_BYTES - 1)) + bytes - 1) / CHUNK_BYTES;
    return (uint32_t)(bits_mask(last - first + 1) << first);
}

/* Host address and protection of a piece of guest physical memory. Where it is protected, the first such byte is named. */
static bool resolve_piece(struct hw_core *core, struct place *place, unsigned i, bool write)
{
    uint64_t physical = place->physical[i];
    uint8_t *frame = physical_frame(core->physical, physical >> PAGE_BITS);
    if (!frame) return refuse(core, HW_IO, (struct hw_fault){.address = physical});
    place->host[i] = frame + (physical & (PAGE_BYTES - 1));
    if (!write) return true;
    uint32_t chunks = *physical_chunks(core->physical, physical >> PAGE_BITS) & chunks_of(physical, place->bytes[i]);
    if (!chunks) return true;
    uint64_t chunk = (physical & ~(uint64_t)(PAGE_BYTES - 1)) + (unsigned)__builtin_ctz(chunks) * CHUNK_BYTES;
    return refuse(core, HW_PROTECT, (struct hw_fault){.address = physical > chunk ? physical : chunk});
}

static bool resolve_concealed(struct hw_core *core, uint64_t offset, unsigned bytes, struct place *place)
{
    if (offset > core->concealed_bytes - bytes)
        hw_panic(core, "access to concealed memory at %#llx, beyond its end", (unsigned long long)offset);
    *place = (struct place){{CONCEALED_ADDRESS | offset}, {core->concealed + offset}, {(uint8_t)bytes}, core->cycle};
    return true;
}

bool access_resolve(struct hw_core *core, unsigned space, uint64_t linear, unsigned bytes, bool write,
                    struct place *place)
{
    if (space == SPACE_CONCEALED) return resolve_concealed(core, linear, bytes, place);
    unsigned first = (unsigned)(PAGE_BYTES - (linear & (PAGE_BYTES - 1)));
    if (first > bytes) first = bytes;
    *place = (struct place){.bytes = {(uint8_t)first, (uint8_t)(bytes - first)}, .known = core->cycle};
    uint64_t second = linear + first;
    /* past the limit of a flat segment (SDM vol. 3, 5.3); of the stack segment it is #SS, which the CMS knows */
    if (space != SPACE_PHYSICAL && !core_in_long_mode(core) && linear + bytes - 1 > UINT32_MAX)
        return refuse(core, HW_FAULT, (struct hw_fault){.vector = VECTOR_GP});
    place->physical[0] = linear;
    place->physical[1] = second;
    bool user = space == SPACE_USER;
    if (space != SPACE_PHYSICAL) {
        if (!resolve_page(core, linear, user, write, &place->physical[0], &place->known)) return false;
        if (place->bytes[1] && !resolve_page(core, second, user, write, &place->physical[1], &place->known))
            return false;
    }
    return resolve_piece(core, place, 0, write) && (!place->bytes[1] || resolve_piece(core, place, 1, write));
}

/* ---- data ---- */

uint64_t place_read(const struct place *place)
{
    uint64_t value = 0;
    memcpy(&value, place->host[0], place->bytes[0]);
    if (place->bytes[1]) memcpy((uint8_t *)&value + place->bytes[0], place->host[1], place->bytes[1]);
    return value;
}

struct vreg place_read_vector(const struct place *place)
{
    struct vreg value = {{0, 0}};
    memcpy(&value, place->host[0], place->bytes[0]);
    if (place->bytes[1]) memcpy((uint8_t *)&value + place->bytes[0], place->host[1], place->bytes[1]);
    return value;
}

/* ---- timing ---- */

void access_alignment(struct hw_core *core, uint64_t linear, unsigned bytes)
{
    if (access_is_aligned(linear, bytes)) return;
    uint64_t line = (uint64_t)core->params->l1d_line - 1;
    int64_t cost;
    if ((linear & (PAGE_BYTES - 1)) + bytes > PAGE_BYTES) {
        cost = core->params->page_cross;
        core->stats.page_crosses++;
    } else if ((linear & line) + bytes > line + 1) {
        cost = core->params->line_cross;
        core->stats.line_crosses++;
    } else {
        cost = core->params->unaligned;
        core->stats.unaligned++;
    }
    core_stall(core, CAUSE_UNALIGNED, core->cycle + (uint64_t)cost);
}

/* Calls the data cache for each line of a place; returns the last ready cycle. */
static uint64_t each_line(struct hw_core *core, const struct place *place, bool write, uint64_t known, bool *hit)
{
    uint64_t line_mask = (uint64_t)core->params->l1d_line - 1, last = 0;
    *hit = true;
    for (unsigned i = 0; i < 2 && place->bytes[i]; i++) {
        uint64_t address = place->physical[i], end = address + place->bytes[i];
        for (; address < end; address = (address | line_mask) + 1) {
            bool there;
            uint64_t start = known > core->cycle ? known : core->cycle;
            uint64_t accepted = cache_accepts(&core->l1d, address, start);
            if (accepted > start) {
                core_stall(core, CAUSE_MSHR, accepted);
                start = accepted;
            }
            uint64_t ready = cache_access(&core->l1d, address, write, start, &there);
            if (ready > last) last = ready;
            *hit &= there;
        }
    }
    return last;
}

static void take_port(struct hw_core *core)
{
    gate_catch_up(core, core->cycle);
    gate_take_port(&core->gate, core->cycle);
}

uint64_t access_read(struct hw_core *core, const struct place *place)
{
    take_port(core);
    bool hit;
    uint64_t ready = each_line(core, place, false, place->known, &hit);
    enum hw_cause cause = !hit ? CAUSE_DMISS : place->known > core->cycle ? CAUSE_TLB : CAUSE_LOAD;
    return ready << 4 | cause;
}

void access_write(struct hw_core *core, const struct place *place, const void *value)
{
    take_port(core);
    bool hit;
    each_line(core, place, true, place->known, &hit);
    memcpy(place->host[0], value, place->bytes[0]);
    core_tell_stored(core, place->physical[0], place->bytes[0]);
    if (!place->bytes[1]) return;
    memcpy(place->host[1], (const uint8_t *)value + place->bytes[0], place->bytes[1]);
    core_tell_stored(core, place->physical[1], place->bytes[1]);
}
