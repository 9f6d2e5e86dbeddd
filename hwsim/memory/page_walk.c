/* page_walk.c -- one loop walks all three formats: they differ in the number of levels, the bits of index a level
 * takes, and the width of an entry (SDM vol. 3, 4.3 to 4.5). Large pages are 4 MiB in two-level tables, else 2 MiB or
 * 1 GiB. */
#include "hwsim/memory/page_walk.h"

struct format {
    unsigned levels, index_bits, entry_bytes;
};
static const struct format formats[] = {
    [PAGING_NONE] = {0, 0, 0},
    [PAGING_TWO_LEVEL] = {2, 10, 4},
    [PAGING_PAE] = {3, 9, 8},
    [PAGING_FOUR_LEVEL] = {4, 9, 8},
};
/* Physical-address bits of an entry: 52 at most. */
#define FRAME_BITS (((UINT64_C(1) << 52) - 1) & ~UINT64_C(0xfff))

static unsigned level_shift(const struct format *format, unsigned level)
{
    return PAGE_BITS + format->index_bits * (format->levels - 1 - level);
}

/* Address of the entry for `linear` in the table at `table`. PAE's top table has four entries, aligned to 32 bytes. */
static uint64_t entry_address(const struct format *format, uint64_t table, uint64_t linear, unsigned level)
{
    uint64_t index = linear >> level_shift(format, level) & bits_mask(format->index_bits);
    return table + index * format->entry_bytes;
}

static uint64_t table_of_cr3(enum paging mode, uint64_t cr3)
{
    return mode == PAGING_PAE ? cr3 & 0xffffffe0 : cr3 & FRAME_BITS;
}

static uint64_t entry_read(const struct physical *physical, const struct format *format, uint64_t address, bool *backed)
{
    const uint8_t *host = physical_frame(physical, address >> PAGE_BITS);
    *backed = host != NULL;
    if (!host) return 0;
    uint64_t entry = 0;
    memcpy(&entry, host + (address & (PAGE_BYTES - 1)), format->entry_bytes);
    return entry;
}

/* PAE's page-directory pointers have neither rights nor an accessed bit (SDM vol. 3, 4.4.1). */
static bool has_rights(enum paging mode, unsigned level) { return mode != PAGING_PAE || level > 0; }

static bool is_leaf(enum paging mode, unsigned level, const struct format *format, uint64_t entry)
{
    if (level == format->levels - 1) return true;
    if (!(entry & PTE_LARGE)) return false;
    return mode == PAGING_FOUR_LEVEL ? level > 0 : level == format->levels - 2;
}

static uint64_t leaf_frame(const struct format *format, unsigned level, uint64_t entry, uint64_t linear)
{
    uint64_t page = bits_mask(level_shift(format, level));
    uint64_t base = (format->entry_bytes == 4 ? entry & 0xfffff000 : entry & FRAME_BITS) & ~page;
    return (base | (linear & page)) >> PAGE_BITS;
}

/* Without no-execute bits an error code does not tell fetches apart (SDM vol. 3, 4.7). */
static bool refuse(struct page_walk *walk, enum paging mode, unsigned access, bool present)
{
    bool fetch = access & ACCESS_FETCH && mode != PAGING_TWO_LEVEL;
    walk->error = (present ? PF_PRESENT : 0) | (access & ACCESS_WRITE ? PF_WRITE : 0) |
                  (access & ACCESS_USER ? PF_USER : 0) | (fetch ? PF_FETCH : 0);
    return false;
}

static bool is_allowed(const struct page_walk *walk, unsigned access)
{
    return !(access & ACCESS_USER && !walk->user) && !(access & ACCESS_WRITE && !walk->write) &&
           !(access & ACCESS_FETCH && !walk->execute);
}

/* Accessed bits on the way, the dirty bit of the leaf: set where they are not, after the access has been allowed. */
static void set_used_bits(struct physical *physical, enum paging mode, const struct format *format,
                          const struct page_walk *walk, unsigned access)
{
    for (unsigned level = 0; level < walk->levels; level++) {
        if (!has_rights(mode, level)) continue;
        bool backed;
        uint64_t entry = entry_read(physical, format, walk->entry[level], &backed);
        uint64_t bits = PTE_ACCESSED | (level == walk->levels - 1 && access & ACCESS_WRITE ? PTE_DIRTY : 0);
        if ((entry & bits) == bits) continue;
        entry |= bits;
        physical_write(physical, walk->entry[level], &entry, format->entry_bytes);
    }
}

bool page_walk(struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear, unsigned access,
               struct page_walk *walk)
{
    const struct format *format = &formats[mode];
    uint64_t table = table_of_cr3(mode, cr3);
    *walk = (struct page_walk){.user = true, .write = true, .execute = true};
    if (mode == PAGING_NONE) {
        walk->frame = linear >> PAGE_BITS;
        return true;
    }
    for (unsigned level = 0; level < format->levels; level++) {
        uint64_t address = entry_address(format, table, linear, level);
        bool backed;
        uint64_t entry = entry_read(physical, format, address, &backed);
        walk->entry[walk->levels++] = address;
        if (!(entry & PTE_PRESENT)) return refuse(walk, mode, access, false);
        if (has_rights(mode, level)) {
            walk->user &= (entry & PTE_USER) != 0;
            walk->write &= (entry & PTE_WRITE) != 0;
            walk->execute &= format->entry_bytes == 4 || !(entry & PTE_NO_EXECUTE);
        }
        if (is_leaf(mode, level, format, entry)) {
            walk->frame = leaf_frame(format, level, entry, linear);
            break;
        }
        table = format->entry_bytes == 4 ? entry & 0xfffff000 : entry & FRAME_BITS;
    }
    if (!is_allowed(walk, access)) return refuse(walk, mode, access, true);
    set_used_bits(physical, mode, format, walk, access);
    return true;
}

bool page_map(struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear, uint64_t pte)
{
    const struct format *format = &formats[mode];
    uint64_t table = table_of_cr3(mode, cr3);
    for (unsigned level = 0; level < format->levels; level++) {
        uint64_t address = entry_address(format, table, linear, level);
        if (level == format->levels - 1) return physical_write(physical, address, &pte, format->entry_bytes);
        bool backed;
        uint64_t entry = entry_read(physical, format, address, &backed);
        if (!(entry & PTE_PRESENT)) {
            if (pte == 0) return true;
            uint64_t frame = physical_allocate(physical);
            if (frame == 0) return false;
            entry = frame << PAGE_BITS | PTE_PRESENT | (has_rights(mode, level) ? PTE_WRITE | PTE_USER : 0);
            if (!physical_write(physical, address, &entry, format->entry_bytes)) return false;
        }
        table = format->entry_bytes == 4 ? entry & 0xfffff000 : entry & FRAME_BITS;
    }
    return false;
}

static void release_table(struct physical *physical, const struct format *format, uint64_t table, unsigned level)
{
    unsigned entries = PAGE_BYTES / format->entry_bytes;
    bool top_of_pae = format->levels == 3 && level == 0;
    if (level < format->levels - 1) {
        for (unsigned i = 0; i < (top_of_pae ? 4 : entries); i++) {
            bool backed;
            uint64_t entry = entry_read(physical, format, table + i * format->entry_bytes, &backed);
            if (entry & PTE_PRESENT && !(level && entry & PTE_LARGE))
                release_table(physical, format, format->entry_bytes == 4 ? entry & 0xfffff000 : entry & FRAME_BITS,
                              level + 1);
        }
    }
    physical_release(physical, table >> PAGE_BITS);
}

void page_tables_release(struct physical *physical, enum paging mode, uint64_t cr3)
{
    if (mode != PAGING_NONE) release_table(physical, &formats[mode], table_of_cr3(mode, cr3), 0);
}

uint64_t page_entry(const struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear)
{
    const struct format *format = &formats[mode];
    uint64_t table = table_of_cr3(mode, cr3), entry = 0;
    for (unsigned level = 0; level < format->levels; level++) {
        bool backed;
        entry = entry_read(physical, format, entry_address(format, table, linear, level), &backed);
        if (!(entry & PTE_PRESENT)) return level == format->levels - 1 ? entry : 0;
        if (is_leaf(mode, level, format, entry)) break;
        table = format->entry_bytes == 4 ? entry & 0xfffff000 : entry & FRAME_BITS;
    }
    return entry;
}
