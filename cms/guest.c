/* guest.c -- guest memory as the interpreter and its helpers reach it. A store into protected code is let through once
 * coherence has dropped what was made from that code.
 */
#include "cms/state.h"

static bool refused(struct cms *cms, enum hw_access access, uint64_t address, struct hw_fault *fault)
{
    if (access != HW_FAULTED)
        hw_panic(cms->core, "interpreted access to I/O space at %llx", (unsigned long long)address);
    *fault = hw_fault(cms->core);
    return false;
}

bool guest_load(struct cms *cms, uint64_t address, unsigned size, uint64_t *value, struct hw_fault *fault)
{
    enum hw_access access = hw_load(cms->core, address, size, cms->user, value);
    return LIKELY(access == HW_OK) || refused(cms, access, address, fault);
}

bool guest_store(struct cms *cms, uint64_t address, unsigned size, uint64_t value, struct hw_fault *fault)
{
    enum hw_access access = hw_store(cms->core, address, size, cms->user, value);
    /* At most two chunks, each perhaps in a page of its own, can be in the way. */
    for (unsigned tries = 0; UNLIKELY(access == HW_PROTECTED); tries++) {
        if (tries == 4) hw_panic(cms->core, "a store stays protected at %llx", (unsigned long long)address);
        coherence_store(cms, hw_fault(cms->core).address);
        access = hw_store(cms->core, address, size, cms->user, value);
    }
    return LIKELY(access == HW_OK) || refused(cms, access, address, fault);
}

bool guest_probe(struct cms *cms, uint64_t address, unsigned size, struct hw_fault *fault)
{
    enum hw_access access = hw_probe(cms->core, address, size, cms->user, true);
    return LIKELY(access == HW_OK) || access == HW_PROTECTED || refused(cms, access, address, fault);
}

/* SSE's operands in memory must be aligned, whatever the page (SDM vol. 1, 11.6). */
static bool misaligned(uint64_t address, bool aligned, struct hw_fault *fault)
{
    if (!aligned || !(address & 15)) return false;
    *fault = (struct hw_fault){.vector = VECTOR_GP};
    return true;
}

bool guest_load_vector(struct cms *cms, uint64_t address, unsigned bytes, bool aligned, struct vreg *value,
                       struct hw_fault *fault)
{
    if (misaligned(address, aligned, fault)) return false;
    enum hw_access access = hw_load_vector(cms->core, address, bytes, cms->user, value);
    return LIKELY(access == HW_OK) || refused(cms, access, address, fault);
}

bool guest_store_vector(struct cms *cms, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value,
                        struct hw_fault *fault)
{
    if (misaligned(address, aligned, fault)) return false;
    enum hw_access access = hw_store_vector(cms->core, address, bytes, cms->user, value);
    for (unsigned tries = 0; UNLIKELY(access == HW_PROTECTED); tries++) { /* as guest_store */
        if (tries == 4) hw_panic(cms->core, "a store stays protected at %llx", (unsigned long long)address);
        coherence_store(cms, hw_fault(cms->core).address);
        access = hw_store_vector(cms->core, address, bytes, cms->user, value);
    }
    return LIKELY(access == HW_OK) || refused(cms, access, address, fault);
}
