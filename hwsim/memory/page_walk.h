/* page_walk.h -- x86 page tables as the hardware reads them (SDM vol. 3, chapter 4). */
#ifndef COVM_PAGE_WALK_H
#define COVM_PAGE_WALK_H

#include "hwsim/memory/physical.h"

enum paging { PAGING_NONE, PAGING_TWO_LEVEL, PAGING_PAE, PAGING_FOUR_LEVEL };
enum { PTE_PRESENT = 1, PTE_WRITE = 2, PTE_USER = 4, PTE_ACCESSED = 32, PTE_DIRTY = 64, PTE_LARGE = 128 };
#define PTE_NO_EXECUTE (UINT64_C(1) << 63)
/* Page-fault error code bits. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };
enum { ACCESS_WRITE = 1, ACCESS_USER = 2, ACCESS_FETCH = 4 };

struct page_walk {
    uint64_t frame;            /* of the 4 KiB page that holds the linear address */
    bool user, write, execute; /* what the tables allow (CR0.WP set) */
    uint32_t error;            /* page-fault error code, where the walk failed or the access is not allowed */
    unsigned levels;           /* table entries read */
    uint64_t entry[4];         /* their physical addresses, for timing */
};

/* Walks for `linear`; sets accessed (and, for a write, dirty) bits as the processor does. False: a page fault. */
bool page_walk(struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear, unsigned access,
               struct page_walk *walk);

/* For who builds tables (the platform): maps or unmaps (pte 0) one page, making tables as needed through
 * physical_write. `pte`: frame << 12 | PTE_ bits. False when there is no memory for a table. */
bool page_map(struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear, uint64_t pte);
/* Gives back the frames of all tables, the top one included; not those that they map. */
void page_tables_release(struct physical *physical, enum paging mode, uint64_t cr3);
/* The leaf entry for `linear`, 0 if none. Changes nothing. */
uint64_t page_entry(const struct physical *physical, enum paging mode, uint64_t cr3, uint64_t linear);

#endif
