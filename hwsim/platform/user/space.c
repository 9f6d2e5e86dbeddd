/* space.c -- the guest's address space: mappings as Linux keeps them, and the real page tables that they amount to.
 *
 * Pages come in on demand, a few neighbours at a time, when the guest or a system call touches them; the guest cannot
 * tell. Only physical_write and page_map change guest memory. A page of a mapping that allows nothing keeps its frame
 * in an entry that is not present. A frame belongs to the mapping, but for a shared one's, which belongs to its
 * backing. Private mappings of a parent and its children may hold a frame together: it is read-only in all of them
 * until one writes, which takes a copy. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hwsim/platform/user/internal.h"

enum { PTE_KEPT = 1 << 9, FAULT_PAGES = 16 };
#define PTE_FRAME UINT64_C(0x000ffffffffff000)
#define PAGE_MASK (~(uint32_t)(PAGE_BYTES - 1))

/* ---- the list of mappings ---- */

unsigned space_above(const struct user *user, uint32_t address)
{
    const struct mappings *space = user->process->space;
    unsigned low = 0, high = space->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (space->vmas[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct vma *space_at(const struct user *user, uint32_t address)
{
    const struct mappings *space = user->process->space;
    unsigned i = space_above(user, address);
    return i < space->count && space->vmas[i].start <= address ? &space->vmas[i] : NULL;
}

static void vma_insert(struct user *user, unsigned at, struct vma vma)
{
    struct mappings *space = user->process->space;
    if (space->count == space->capacity) {
        space->capacity = space->capacity ? 2 * space->capacity : 32;
        struct vma *more = realloc(space->vmas, space->capacity * sizeof *more);
        if (!more) hw_panic(user->core, "no host memory for the guest's list of mappings");
        space->vmas = more;
    }
    memmove(space->vmas + at + 1, space->vmas + at, (space->count - at) * sizeof vma);
    space->vmas[at] = vma;
    space->count++;
}

static void vma_remove(struct user *user, unsigned at)
{
    struct mappings *space = user->process->space;
    backing_release(user, space->vmas[at].backing);
    space->count--;
    memmove(space->vmas + at, space->vmas + at + 1, (space->count - at) * sizeof space->vmas[0]);
}

/* Makes `address` a border between mappings. */
static void vma_split(struct user *user, uint32_t address)
{
    unsigned i = space_above(user, address);
    if (i == user->process->space->count || user->process->space->vmas[i].start >= address) return;
    struct vma upper = user->process->space->vmas[i];
    upper.offset += address - upper.start;
    upper.start = address;
    if (upper.backing) upper.backing->references++;
    user->process->space->vmas[i].end = address;
    vma_insert(user, i + 1, upper);
}

/* Mappings of System V shared memory are counted, and stay what they are. */
static bool vma_mergeable(const struct vma *a, const struct vma *b)
{
    return a->end == b->start && a->prot == b->prot && a->shared == b->shared && a->read_only == b->read_only &&
           !a->growth && !b->growth && a->backing == b->backing && !(a->backing && a->backing->segment) &&
           (!a->backing || a->offset + (a->end - a->start) == b->offset);
}

static void vma_merge_around(struct user *user, uint32_t start, uint32_t end)
{
    unsigned i = space_above(user, start ? start - 1 : 0);
    while (i + 1 < user->process->space->count && user->process->space->vmas[i].start <= end) {
        if (vma_mergeable(&user->process->space->vmas[i], &user->process->space->vmas[i + 1])) {
            user->process->space->vmas[i].end = user->process->space->vmas[i + 1].end;
            vma_remove(user, i + 1);
        } else {
            i++;
        }
    }
}

/* ---- pages ---- */

static uint64_t entry_of(const struct user *user, uint32_t linear)
{
    return page_entry(user->physical, PAGING_PAE, user->process->space->cr3, linear);
}

static uint64_t entry_for(const struct user *user, const struct vma *vma, uint64_t frame)
{
    bool write = vma->prot & PROT_WRITE && (vma->shared || !physical_is_shared(user->physical, frame));
    if (!(vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC))) return frame << PAGE_BITS | PTE_KEPT;
    return frame << PAGE_BITS | PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0) |
           (vma->prot & PROT_EXEC ? 0 : PTE_NO_EXECUTE);
}

static bool set_entry(struct user *user, uint32_t linear, uint64_t entry)
{
    return page_map(user->physical, PAGING_PAE, user->process->space->cr3, linear, entry);
}

static uint64_t offset_of(const struct vma *vma, uint32_t page) { return vma->offset + (page - vma->start); }

static void changed(struct user *user, uint32_t linear, uint32_t bytes)
{
    core_space_changed(user->core, user->process->space->id, linear, bytes);
}

/* A page of a shared mapping that was written to is to reach its file. */
static void note_dirty(const struct vma *vma, uint32_t page, uint64_t entry)
{
    if (vma->shared && vma->backing && entry & PTE_DIRTY) backing_dirty(vma->backing, offset_of(vma, page));
}

/* Moves *page up to the next page below `end` that has a frame. */
static bool page_above(const struct user *user, uint32_t *page, uint32_t end)
{
    for (uint64_t at = *page; at < end; at += PAGE_BYTES) {
        if (entry_of(user, (uint32_t)at)) {
            *page = (uint32_t)at;
            return true;
        }
    }
    return false;
}

/* Drops the pages of [start, end), which lies in one mapping; the contents of private ones are gone. */
static void drop_pages(struct user *user, const struct vma *vma, uint32_t start, uint32_t end)
{
    bool any = false;
    for (uint32_t page = start; page_above(user, &page, end); page += PAGE_BYTES) {
        uint64_t entry = entry_of(user, page);
        note_dirty(vma, page, entry);
        set_entry(user, page, 0);
        any = true;
        if (!vma->shared) physical_release(user->physical, (entry & PTE_FRAME) >> PAGE_BITS);
    }
    if (any) changed(user, start, end - start);
}

/* The frame of a page that is not there yet; 0: no memory. */
static uint64_t find_frame(struct user *user, const struct vma *vma, uint32_t page)
{
    if (!vma->backing) return physical_allocate(user->physical);
    return vma->shared ? backing_share(user, vma->backing, offset_of(vma, page))
                       : backing_copy(user, vma->backing, offset_of(vma, page));
}

static enum populate bring_in(struct user *user, const struct vma *vma, uint32_t page)
{
    if (vma->backing && offset_of(vma, page) >= backing_size(vma->backing)) return POPULATE_BEYOND;
    uint64_t frame = find_frame(user, vma, page);
    if (!frame) return POPULATE_NO_MEMORY;
    if (!set_entry(user, page, entry_for(user, vma, frame))) {
        if (!vma->shared) physical_release(user->physical, frame);
        return POPULATE_NO_MEMORY;
    }
    user->stats.pages_mapped++;
    return POPULATED;
}

/* A write to a page whose frame others may hold: it gets a frame of its own. */
static enum populate take_copy(struct user *user, const struct vma *vma, uint32_t page, uint64_t entry)
{
    uint64_t frame = (entry & PTE_FRAME) >> PAGE_BITS, own = frame;
    if (physical_is_shared(user->physical, frame)) {
        own = physical_allocate(user->physical);
        if (!own) return POPULATE_NO_MEMORY;
        physical_write(user->physical, own << PAGE_BITS, physical_frame(user->physical, frame), PAGE_BYTES);
        physical_release(user->physical, frame);
        user->stats.pages_copied++;
    }
    set_entry(user, page, entry_for(user, vma, own));
    changed(user, page, PAGE_BYTES);
    return POPULATED;
}

/* The rights that an access needs: on i386 whatever is mapped at all can be read. */
static bool allowed(const struct vma *vma, unsigned access)
{
    if (access & ACCESS_WRITE) return vma->prot & PROT_WRITE;
    if (access & ACCESS_FETCH) return vma->prot & PROT_EXEC;
    return vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

enum populate space_populate(struct user *user, uint32_t linear, unsigned access)
{
    const struct vma *vma = space_at(user, linear);
    if (!vma) return POPULATE_UNMAPPED;
    if (!allowed(vma, access)) return POPULATE_DENIED;
    uint32_t page = linear & PAGE_MASK;
    uint64_t entry = entry_of(user, page);
    if (entry && access & ACCESS_WRITE && !(entry & PTE_WRITE)) return take_copy(user, vma, page, entry);
    if (entry) return POPULATED;
    enum populate result = bring_in(user, vma, page);
    if (result != POPULATED) return result;
    /* Neighbours spare later faults; where there is no room for them, they can wait. */
    uint32_t group = page & ~(uint32_t)(FAULT_PAGES * PAGE_BYTES - 1);
    for (unsigned i = 0; i < FAULT_PAGES; i++) {
        uint32_t near = group + i * PAGE_BYTES;
        if (near >= vma->start && near < vma->end && !entry_of(user, near) && bring_in(user, vma, near) != POPULATED)
            break;
    }
    return POPULATED;
}

/* ---- mapping and unmapping ---- */

void space_unmap(struct user *user, uint32_t start, uint32_t end)
{
    vma_split(user, start);
    vma_split(user, end);
    unsigned i = space_above(user, start);
    while (i < user->process->space->count && user->process->space->vmas[i].start < end) {
        drop_pages(user, &user->process->space->vmas[i], user->process->space->vmas[i].start,
                   user->process->space->vmas[i].end);
        vma_remove(user, i);
    }
}

void space_map(struct user *user, struct vma vma)
{
    if (user->process->space->read_implies_exec && vma.prot & PROT_READ) vma.prot |= PROT_EXEC;
    space_unmap(user, vma.start, vma.end);
    vma_insert(user, space_above(user, vma.start), vma);
    vma_merge_around(user, vma.start, vma.end);
}

bool space_is_mapped(const struct user *user, uint32_t start, uint32_t end)
{
    uint32_t at = start;
    for (unsigned i = space_above(user, start); at < end; i++) {
        if (i == user->process->space->count || user->process->space->vmas[i].start > at) return false;
        at = user->process->space->vmas[i].end;
    }
    return true;
}

bool space_is_free(const struct user *user, uint32_t start, uint32_t end)
{
    unsigned i = space_above(user, start);
    return i == user->process->space->count || user->process->space->vmas[i].start >= end;
}

void space_protect(struct user *user, uint32_t start, uint32_t end, unsigned prot)
{
    vma_split(user, start);
    vma_split(user, end);
    bool any = false;
    for (unsigned i = space_above(user, start);
         i < user->process->space->count && user->process->space->vmas[i].start < end; i++) {
        struct vma *vma = &user->process->space->vmas[i];
        if (vma->prot == prot) continue;
        vma->prot = (uint8_t)prot;
        for (uint32_t page = vma->start; page_above(user, &page, vma->end); page += PAGE_BYTES) {
            uint64_t entry = entry_of(user, page);
            set_entry(user, page,
                      entry_for(user, vma, (entry & PTE_FRAME) >> PAGE_BITS) | (entry & (PTE_ACCESSED | PTE_DIRTY)));
            any = true;
        }
    }
    vma_merge_around(user, start, end);
    if (any) changed(user, start, end - start);
}

uint32_t space_gap(const struct user *user, uint32_t bytes)
{
    uint32_t top = ELF_ADDRESS_MAX;
    for (unsigned i = user->process->space->count; i-- > 0;) {
        const struct vma *vma = &user->process->space->vmas[i];
        if (vma->start >= top) continue;
        if (vma->end <= top && top - vma->end >= bytes) return top - bytes;
        top = vma->start;
    }
    return top >= ELF_ADDRESS_MIN && top - ELF_ADDRESS_MIN >= bytes ? top - bytes : 0;
}

void space_move(struct user *user, uint32_t from, uint32_t bytes, uint32_t to, uint32_t grown)
{
    vma_split(user, from);
    vma_split(user, from + bytes);
    struct vma moved = *space_at(user, from);
    if (moved.backing) moved.backing->references++;
    moved.start = to;
    moved.end = to + grown;
    space_map(user, moved);
    bool any = false;
    for (uint32_t page = from; page_above(user, &page, from + bytes); page += PAGE_BYTES) {
        uint64_t entry = entry_of(user, page);
        if (!set_entry(user, to + (page - from), entry)) {
            if (!moved.shared) physical_release(user->physical, (entry & PTE_FRAME) >> PAGE_BITS);
            user_end(user, USER_KILLED, SIGKILL, "guest memory is full");
        }
        set_entry(user, page, 0);
        any = true;
    }
    if (any) changed(user, from, bytes);
    space_unmap(user, from, from + bytes);
}

void space_discard(struct user *user, uint32_t start, uint32_t end)
{
    vma_split(user, start);
    vma_split(user, end);
    for (unsigned i = space_above(user, start);
         i < user->process->space->count && user->process->space->vmas[i].start < end; i++)
        drop_pages(user, &user->process->space->vmas[i], user->process->space->vmas[i].start,
                   user->process->space->vmas[i].end);
    vma_merge_around(user, start, end);
}

void space_flush(struct user *user, uint32_t start, uint32_t end)
{
    const struct mappings *space = user->process->space;
    for (unsigned i = space_above(user, start); i < space->count && space->vmas[i].start < end; i++) {
        const struct vma *vma = &space->vmas[i];
        uint32_t last = vma->end < end ? vma->end : end;
        if (!vma->shared || !vma->backing) continue;
        for (uint32_t page = vma->start < start ? start : vma->start; page_above(user, &page, last); page += PAGE_BYTES)
            note_dirty(vma, page, entry_of(user, page));
        backing_flush(user, vma->backing);
    }
}

static void forget(struct user *user, const struct backing *backing, uint64_t offset)
{
    const struct mappings *space = user->process->space;
    for (unsigned i = 0; i < space->count; i++) {
        const struct vma *vma = &space->vmas[i];
        uint64_t first = offset > vma->offset ? offset - vma->offset : 0;
        if (vma->backing == backing && first < vma->end - vma->start)
            drop_pages(user, vma, vma->start + (uint32_t)first, vma->end);
    }
}

void space_forget(struct user *user, const struct backing *backing, uint64_t offset)
{
    struct process *running = user->process;
    for (unsigned i = 0; i < user->process_count; i++) {
        user->process = user->processes[i];
        if (user->process->space) forget(user, backing, offset);
    }
    user->process = running;
}

bool space_is_resident(const struct user *user, uint32_t linear) { return entry_of(user, linear) != 0; }

bool space_physical(const struct user *user, uint32_t linear, uint64_t *physical)
{
    uint64_t entry = entry_of(user, linear);
    *physical = (entry & PTE_FRAME) | linear % PAGE_BYTES;
    return entry;
}

/* ---- whole spaces ---- */

/* The lowest identifier that no space has. */
static uint16_t free_id(const struct user *user)
{
    uint16_t id = 1;
    for (unsigned i = 0; i < user->process_count;) {
        const struct mappings *space = user->processes[i++]->space;
        if (!space || space->id != id) continue;
        id++;
        i = 0;
    }
    return id;
}

static struct mappings *new_space(struct user *user)
{
    struct mappings *space = calloc(1, sizeof *space);
    uint64_t frame = space ? physical_allocate(user->physical) : 0;
    if (!frame) {
        free(space);
        return NULL;
    }
    space->references = 1;
    space->id = free_id(user);
    space->cr3 = frame << PAGE_BITS;
    return space;
}

void space_enter(struct user *user)
{
    const struct mappings *space = user->process->space;
    struct core_space now = core_get_space(user->core);
    if (space && (now.space != space->id || now.cr3 != space->cr3))
        core_set_space(user->core, space->id, PAGING_PAE, space->cr3);
}

bool space_create(struct user *user)
{
    struct mappings *space = new_space(user);
    user->process->space = space;
    if (space) core_set_space(user->core, space->id, PAGING_PAE, space->cr3);
    return space;
}

static void free_space(struct user *user, struct mappings *space)
{
    for (unsigned i = 0; i < space->count; i++) {
        struct vma *vma = &space->vmas[i];
        for (uint32_t page = vma->start; page_above(user, &page, vma->end); page += PAGE_BYTES) {
            uint64_t entry = entry_of(user, page);
            note_dirty(vma, page, entry);
            if (!vma->shared) physical_release(user->physical, (entry & PTE_FRAME) >> PAGE_BITS);
        }
        backing_release(user, vma->backing);
    }
    page_tables_release(user->physical, PAGING_PAE, space->cr3);
    core_space_changed(user->core, space->id, 0, UINT64_C(1) << 32);
    free(space->vmas);
    free(space->ldt);
    free(space);
}

void space_release(struct user *user, struct process *process)
{
    struct mappings *space = process->space;
    struct process *running = user->process;
    user->process = process;
    if (space && --space->references == 0) free_space(user, space);
    process->space = NULL;
    user->process = running;
}

static void copy_mappings(struct user *user, struct mappings *to)
{
    const struct mappings *from = user->process->space;
    to->vmas = malloc(from->capacity * sizeof *to->vmas);
    if (!to->vmas) hw_panic(user->core, "no host memory for the guest's list of mappings");
    memcpy(to->vmas, from->vmas, from->count * sizeof *to->vmas);
    to->count = from->count;
    to->capacity = from->capacity;
    for (unsigned i = 0; i < to->count; i++)
        if (to->vmas[i].backing) to->vmas[i].backing->references++;
    memcpy(to->arguments, from->arguments, sizeof to->arguments);
    memcpy(to->environment, from->environment, sizeof to->environment);
    memcpy(to->auxiliary, from->auxiliary, sizeof to->auxiliary);
    to->break_start = from->break_start;
    to->program_break = from->program_break;
    to->read_implies_exec = from->read_implies_exec;
    to->ldt = segment_copy_ldt(from->ldt);
}

/* Lets the copy hold all frames too; those of private mappings become read-only here as well. */
static bool share_pages(struct user *user, struct mappings *to)
{
    const struct mappings *from = user->process->space;
    bool fits = true;
    for (unsigned i = 0; i < from->count && fits; i++) {
        const struct vma *vma = &from->vmas[i];
        for (uint32_t page = vma->start; fits && page_above(user, &page, vma->end); page += PAGE_BYTES) {
            uint64_t entry = entry_of(user, page), frame = (entry & PTE_FRAME) >> PAGE_BITS;
            if (!vma->shared) physical_share(user->physical, frame);
            if (!vma->shared && entry & PTE_WRITE) set_entry(user, page, entry & ~(uint64_t)PTE_WRITE);
            fits = page_map(user->physical, PAGING_PAE, to->cr3, page, entry_for(user, vma, frame));
            if (!fits && !vma->shared) physical_release(user->physical, frame);
        }
    }
    changed(user, 0, UINT32_MAX);
    return fits;
}

bool space_lend(struct user *user, struct process *child, bool shared)
{
    if (shared) {
        child->space = user->process->space;
        child->space->references++;
        return true;
    }
    child->space = new_space(user);
    if (!child->space) return false;
    copy_mappings(user, child->space);
    if (share_pages(user, child->space)) return true;
    space_release(user, child);
    return false;
}

/* ---- the spaces of others ---- */

uint64_t space_resident(const struct user *user, const struct mappings *space, const struct vma *vma)
{
    uint64_t bytes = 0;
    for (uint64_t page = vma->start; page < vma->end; page += PAGE_BYTES)
        if (page_entry(user->physical, PAGING_PAE, space->cr3, page)) bytes += PAGE_BYTES;
    return bytes;
}

size_t space_peek(const struct user *user, const struct mappings *space, uint32_t address, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        uint32_t at = address + (uint32_t)done;
        uint64_t entry = page_entry(user->physical, PAGING_PAE, space->cr3, at);
        size_t piece = PAGE_BYTES - at % PAGE_BYTES < bytes - done ? PAGE_BYTES - at % PAGE_BYTES : bytes - done;
        if (!entry || !physical_read(user->physical, (entry & PTE_FRAME) + at % PAGE_BYTES, (char *)to + done, piece))
            break;
        done += piece;
    }
    return done;
}

/* ---- guest buffers ---- */

size_t space_accessible(struct user *user, uint32_t address, size_t bytes, bool write)
{
    size_t done = 0;
    while (done < bytes) {
        uint64_t linear = (uint64_t)address + done;
        if (linear >= UINT32_MAX || space_populate(user, (uint32_t)linear, write ? ACCESS_WRITE : 0) != POPULATED)
            break;
        done += PAGE_BYTES - (size_t)(linear % PAGE_BYTES);
    }
    return done < bytes ? done : bytes;
}

bool user_get(struct user *user, uint32_t address, void *to, size_t bytes)
{
    return space_accessible(user, address, bytes, false) == bytes && core_guest_read(user->core, address, to, bytes);
}

bool user_put(struct user *user, uint32_t address, const void *from, size_t bytes)
{
    return space_accessible(user, address, bytes, true) == bytes && core_guest_write(user->core, address, from, bytes);
}

int user_get_string(struct user *user, uint32_t address, char *to, size_t capacity)
{
    size_t length = 0;
    while (length < capacity) {
        uint32_t at = address + (uint32_t)length;
        size_t piece = PAGE_BYTES - at % PAGE_BYTES;
        piece = piece < capacity - length ? piece : capacity - length;
        if (!user_get(user, at, to + length, piece)) return -EFAULT;
        const char *end = memchr(to + length, 0, piece);
        if (end) return (int)(end - to);
        length += piece;
    }
    return -ENAMETOOLONG;
}
