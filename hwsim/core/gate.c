/* gate.c -- the gated store buffer: stores since the checkpoint, held back until the commit, and committed ones on
 * their way to the data cache. Guest memory changes at the commit; what is drained later is the cache's knowledge of
 * it.
 *
 * Drains are evaluated lazily: whoever wants the data port at a cycle first lets the buffer use the idle cycles before
 * it. Loads go first; a store drains in a cycle in which a port is idle.
 */
#include "hwsim/core/core.h"

static struct gate_entry *entry_at(const struct gate *gate, uint64_t number)
{
    return &gate->entries[number & gate->mask];
}

/* A store is done in a cycle where its line is there, else when that arrives. */
static uint64_t drain_line(struct cache *l1d, uint64_t address, uint64_t cycle)
{
    bool hit = cache_hits(l1d, address, cycle) && !l1d->write_through && !l1d->perfect;
    if (LIKELY(hit)) {
        cache_write_hit(l1d, address);
        return cycle + 1;
    }
    uint64_t ready = cache_access(l1d, address, true, cycle, &hit);
    return hit ? cycle + 1 : ready;
}

/* The oldest waiting store goes to the cache at `start`. It keeps its entry until its line is there. */
static void drain_one(struct hw_core *core, uint64_t start)
{
    struct gate *gate = &core->gate;
    struct gate_entry *entry = entry_at(gate, gate->drain++);
    uint64_t line = (uint64_t)core->params->l1d_line - 1, free = gate->last_free;
    for (uint64_t address = entry->physical; address < entry->physical + entry->bytes; address = (address | line) + 1) {
        uint64_t ready = drain_line(&core->l1d, address, start++);
        if (ready > free) free = ready;
    }
    entry->free_cycle = free;
    gate->last_free = free;
    gate->drain_cycle = start;
}

static uint64_t drain_start(const struct gate *gate)
{
    uint64_t release = entry_at(gate, gate->drain)->release_cycle;
    return release > gate->drain_cycle ? release : gate->drain_cycle;
}

void gate_catch_up(struct hw_core *core, uint64_t cycle)
{
    struct gate *gate = &core->gate;
    while (gate->drain != gate->open && drain_start(gate) < cycle) drain_one(core, drain_start(gate));
}

/* Entries whose stores have reached the cache by `cycle` are free. */
static void retire(struct hw_core *core, uint64_t cycle)
{
    struct gate *gate = &core->gate;
    gate_catch_up(core, cycle);
    while (gate->head != gate->drain && entry_at(gate, gate->head)->free_cycle <= cycle) gate->head++;
}

/* Stops the machine until the committed entry `number`, and all before it, are free. */
static void wait_free(struct hw_core *core, uint64_t number)
{
    struct gate *gate = &core->gate;
    while (gate->drain <= number) {
        uint64_t start = drain_start(gate);
        drain_one(core, start > core->cycle ? start : core->cycle);
    }
    core_stall(core, CAUSE_STORE, entry_at(gate, number)->free_cycle);
    retire(core, core->cycle);
}

static bool is_full(struct hw_core *core)
{
    const struct gate *gate = &core->gate;
    if (gate->tail - gate->head < gate->capacity) return false;
    retire(core, core->cycle);
    return gate->tail - gate->head >= gate->capacity;
}

/* Waits until an entry is free. False: uncommitted stores fill the buffer, or the key says to roll back. */
static bool make_room(struct hw_core *core)
{
    if (core->gate.head == core->gate.open || core->params->gate_overflow == 1) return false;
    wait_free(core, core->gate.head);
    return true;
}

bool gate_store(struct hw_core *core, const struct place *place, const void *value)
{
    const uint8_t *from = value;
    bool was_full = false;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned done = 0; done < place->bytes[i];) {
            unsigned rest = place->bytes[i] - done, bytes = rest < 8 ? rest : 8;
            uint64_t part = 0;
            bool full = is_full(core);
            core->stats.gate_full += full && !was_full;
            was_full |= full;
            if (full && !make_room(core)) return false;
            memcpy(&part, from, bytes);
            gate_push(&core->gate, place->physical[i] + done, place->host[i] + done, bytes, part);
            from += bytes;
            done += bytes;
        }
    }
    return true;
}

/* ---- forwarding ---- */

/* Bytes of [address, address + bytes) that the entry has, as a mask from `address` on; copied into *value if wanted. */
static unsigned overlay(const struct gate_entry *entry, uint64_t address, unsigned bytes, uint8_t *value)
{
    unsigned mask = 0;
    if (entry->physical >= address + bytes || address >= entry->physical + entry->bytes) return 0;
    for (unsigned i = 0; i < bytes; i++) {
        uint64_t at = address + i - entry->physical;
        if (at >= entry->bytes) continue;
        mask |= 1u << i;
        if (value) value[i] = (uint8_t)(entry->value >> 8 * at);
    }
    return mask;
}

enum gate_answer gate_forward(struct hw_core *core, const struct place *place, void *value)
{
    struct gate *gate = &core->gate;
    unsigned have = 0, sources = 0;
    retire(core, core->cycle);
    for (uint64_t number = gate->head; number != gate->tail; number++) {
        const struct gate_entry *entry = entry_at(gate, number);
        bool open = number >= gate->open;
        unsigned got = 0;
        for (unsigned i = 0; i < 2 && place->bytes[i]; i++) {
            unsigned before = i ? place->bytes[0] : 0;
            uint8_t *to = open ? (uint8_t *)value + before : NULL; /* memory has committed bytes already */
            got |= overlay(entry, place->physical[i], place->bytes[i], to) << before;
        }
        if (!got) continue;
        if (!core->params->gate_forward) {
            if (open) return GATE_REFUSED;
            wait_free(core, number);
            continue;
        }
        have |= got;
        sources++;
    }
    if (!have) return GATE_NONE;
    bool all = have == bits_mask(place->bytes[0] + place->bytes[1]);
    core->stats.forwards++;
    core->stats.forwards_mixed += !all || sources > 1;
    return all ? GATE_ALL : GATE_SOME;
}

/* ---- commit and rollback ---- */

static void note_granules(struct gate *gate, const struct gate_entry *entry)
{
    gate->bloom |= UINT64_C(1) << (entry->physical >> 3 & 63) | UINT64_C(1)
                                                                    << ((entry->physical + entry->bytes - 1) >> 3 & 63);
}

static void note_committed(struct gate *gate)
{
    gate->bloom = 0;
    for (uint64_t number = gate->head; number != gate->open; number++) note_granules(gate, entry_at(gate, number));
}

void gate_release(struct hw_core *core, uint64_t cycle)
{
    struct gate *gate = &core->gate;
    if (!gate->bloom) return; /* empty */
    retire(core, core->cycle);
    uint64_t in_use = gate->tail - gate->head;
    if (in_use > core->stats.gate_peak) core->stats.gate_peak = in_use;
    note_committed(gate);
    for (; gate->open != gate->tail; gate->open++) {
        struct gate_entry *entry = entry_at(gate, gate->open);
        entry->release_cycle = cycle;
        memcpy(entry->host, &entry->value, entry->bytes);
        core_tell_stored(core, entry->physical, entry->bytes);
        note_granules(gate, entry);
    }
}

void gate_drop(struct gate *gate)
{
    gate->tail = gate->open;
    note_committed(gate);
}
