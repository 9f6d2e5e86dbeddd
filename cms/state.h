/* state.h -- the concealed software's own structures, and what its modules call of each other.
 *
 * Everything that lives in concealed memory refers by 32-bit offset from its start; offset 0 means none. A struct cms
 * holds the host's pointers for one call of cms_run; it lives on the stack and nothing concealed points at it.
 */
#ifndef COVM_CMS_STATE_H
#define COVM_CMS_STATE_H

#include "cms/cms.h"
#include "hwsim/isa/context.h"
#include "translate/x86/x86.h"

enum cms_interpreter { CMS_DECODE, CMS_PREDECODED };
enum cms_replacement { CMS_FLUSH, CMS_FIFO, CMS_FINE, CMS_PREEMPTIVE, CMS_GENERATIONAL, CMS_LRU };

/* ---- what is watched for guest writes and mapping changes ---- */

/* A guest page that holds translated or pre-decoded code, as mapped in one address space. */
struct page {
    uint64_t physical, linear;           /* page numbers */
    uint32_t next_physical, next_linear; /* in their hash chains; next_physical also links free records */
    uint32_t sources;                    /* first struct source */
    uint32_t faults;                     /* stores that hit its protection */
    uint16_t space;
    bool fine; /* protected by chunk, no longer as a whole */
};
/* A translation's or a pre-decoded block's stake in a page. */
struct source {
    uint32_t page, next, previous; /* the list of its page */
    uint32_t owner;                /* struct translation or struct block */
    uint32_t chunks;               /* 128-byte chunks whose bytes it was made from */
};

/* ---- guest addresses where blocks begin ---- */

/* The dispatch map's entry: what is known of (spc, context). It outlives what is made from there. */
struct head {
    uint64_t spc, context;
    uint32_t next; /* in its bucket */
    uint32_t translation, block;
    uint32_t executions; /* interpretations that began here */
    uint32_t threshold;  /* of these, before translating is tried */
    uint32_t counter;    /* counted down by gear 1 code */
    uint16_t insns_max;  /* 0: what the options say */
    uint8_t restraint;   /* enum tr_restraint bits */
    uint8_t gear;        /* at which it is translated next */
    uint8_t failures;    /* attempts to translate it in vain */
    uint8_t rewrites;    /* times its code changed under a translation or block */
    uint8_t evicted;     /* a bit per gear: at which a translation was evicted, and none made since */
};

/* ---- pre-decoded code ---- */

/* An instruction that has to do with vectors lifts to few operations. */
enum { BLOCK_INSNS_MAX = 32, INSN_OPS_MAX = 1024, VECTOR_OPS_MAX = 192 };
enum record_flags {
    RECORD_FLAGS_DIRTY = 1, /* writes f0 */
    RECORD_TRANSFERS = 2,   /* ends a basic block */
    RECORD_REPEATS = 4,     /* a string instruction with REP */
    RECORD_COUNTS_CX = 16,  /* of RECORD_REPEATS: its counter is CX */
    RECORD_FPU = 32,        /* changes the x87 stack: the next one assumes another context */
};
/* A pre-decoded instruction: in the place of operation 0 of its IR, which is unused; operations 1 .. ops-1 follow. */
struct record {
    uint64_t address;
    uint64_t dirty; /* homes that it writes */
    uint16_t ops;
    uint16_t row; /* of x86_rows */
    uint8_t length, flags;
    uint8_t unused[sizeof(struct ir_insn) - 22];
};
_Static_assert(sizeof(struct record) == sizeof(struct ir_insn), "a record takes the place of operation 0");
/* A pre-decoded basic block; its records follow. */
struct block {
    uint32_t bytes; /* records included */
    uint32_t head;
    uint16_t insns;
    bool valid;
    uint32_t unused;          /* keeps the records aligned */
    struct source sources[2]; /* the pages it lies in; page 0: not watched */
};

/* ---- translations ---- */

/* Why a region keeps rolling back, as adaptation counts it. */
enum adapt_cause { ADAPT_ALIAS, ADAPT_FAULT, ADAPT_ASSERT, ADAPT_GATE, ADAPT_PROTECT, ADAPT_IO, ADAPT_CAUSES };

/* Where a translation leaves. */
struct exit_record {
    uint32_t tpc;            /* of its bundle */
    uint32_t owner;          /* struct translation */
    uint32_t target;         /* translation it is linked to */
    uint32_t next, previous; /* the target's list of incoming links */
    uint32_t push;           /* a call returns here: its bundle; 0: none */
    uint16_t number;
    uint8_t push_word; /* of the CALL atom in that bundle */
    uint8_t reason;    /* enum exit_reason */
    bool known;        /* its guest target is fixed */
    uint64_t source; /* guest instruction that leaves */
};
struct guest_range {
    uint64_t address;
    uint32_t bytes;
};
/* Lives in the record space of its unit; exits, sources and ranges follow it there. */
struct translation {
    uint32_t unit, older, younger; /* the list of its unit */
    uint32_t bytes;  /* of this record with all that follows */
    uint32_t region; /* id */
    uint32_t head;
    uint32_t tpc, code_bytes; /* bundles and commit table */
    uint32_t bundles, atoms, nops;
    uint32_t exits, sources, ranges;
    uint32_t incoming; /* first exit_record linked to it */
    uint16_t exit_count, source_count, range_count;
    uint16_t guest_insns, insns_longest;
    uint8_t gear;
    bool alive;
    bool on_trial;    /* no link leads to it, no JTLB entry: whoever wants it comes by the dispatcher */
    uint32_t entries; /* by the dispatcher while on probation */
    uint16_t rollbacks[ADAPT_CAUSES]; /* since `window` */
    uint64_t window;                  /* guest instructions retired when they began to be counted */
};
/* Code space and record space of the code cache that are filled together. */
struct unit {
    uint32_t part;
    uint32_t code, code_bytes, code_used; /* used: where the next one goes, unless it would not fit there */
    uint32_t records, record_bytes, records_used;
    uint32_t oldest, youngest; /* the translations in it, dead ones as well (lru: by when they were last seen) */
};
/* The code cache, or that of one gear. */
enum { PARTS_MAX = 2 };
struct part {
    uint32_t bytes, live; /* of code space: all, and taken by live translations */
    uint32_t current;     /* unit that is being filled */
    /* Preemptive: translations made since `window` (guest instructions retired); were there few in the last one? */
    uint64_t window;
    uint32_t made;
    bool calm;
};
/* Room for a translation: wanted, and found. */
struct room {
    uint32_t code_bytes, record_bytes;
    struct unit *unit;
    uint32_t code, record;
};
enum { CODE_GRANULE = 64 }; /* translations begin at multiples of it */

/* Where an indirect transfer went lately (cms.indirect: inline), in whichever context. */
struct site {
    uint64_t source;
    uint64_t targets[TR_TARGETS_MAX];
    uint32_t counts[TR_TARGETS_MAX];
    uint32_t misses;   /* since its translation was last made */
    uint32_t patience; /* misses before it is made again */
};

/* ---- the root of it all, at ROOT_OFFSET ---- */

/* What the last exit leaves to do once it is known what comes next. */
struct pending {
    uint64_t spc, context; /* where it led to */
    uint32_t region;       /* that was left by a direct or indirect exit; 0: none */
    uint32_t tpc, number;  /* where, and which exit: its translation may be gone when it is settled */
    bool interpret;        /* the instruction at EIP is for the interpreter */
};

enum { ROOT_OFFSET = 64, PATH_MAX_BLOCKS = 64, SITES = 4096 };
struct root {
    uint64_t context;     /* context word of the working state */
    struct pending pending;
    uint32_t entered;     /* head whose translation control went into; 0 once it is back */
    uint32_t region_next; /* id of the next translation */
    uint32_t margin;      /* longest way between two commits of any translation so far */
    uint32_t buckets, bucket_mask, heads, head_count, head_capacity;
    uint32_t pages, page_count, page_capacity, page_free;
    uint32_t physical_chains, linear_chains, chain_mask;
    uint32_t blocks, blocks_bytes, blocks_used;
    uint32_t scratch; /* a record that is not kept */
    uint32_t part_count, units, unit_count; /* unit_count: of each part */
    struct part parts[PARTS_MAX];
    uint32_t code, code_bytes, records, record_bytes;
    uint32_t owners;        /* the translation in each granule of code */
    uint32_t record_owners; /* lru: and of records, in granules of the same size */
    uint32_t sites;
    uint32_t result; /* struct tr_result */
    uint32_t path;   /* PATH_MAX_BLOCKS addresses */
    uint32_t arena, arena_bytes;
};

struct cms {
    struct hw_core *core;
    const struct cms_options *options;
    struct hw_state *state;
    char *base; /* concealed memory */
    struct root *root;
    bool user; /* privilege 3 */
};
static inline void *at(const struct cms *cms, uint32_t offset) { return cms->base + offset; }
static inline uint32_t offset_of(const struct cms *cms, const void *pointer)
{
    return (uint32_t)((const char *)pointer - cms->base);
}
/* A well-mixed hash of contents (the finalizer of MurmurHash3, Appleby 2011). */
static inline uint32_t hash_words(uint64_t a, uint64_t b)
{
    uint64_t h = a ^ b * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(h ^ h >> 33);
}
static inline uint64_t eip(const struct cms *cms) { return cms->state->r[HOME_EIP]; }

/* boot.c: the view for one call */
struct cms cms_view(struct hw_core *core);
/* Reads the context word anew: after whatever may have changed it. */
void cms_context_changed(struct cms *cms);

/* dispatch.c */
/* The entry of (spc, present context), made if there is none. May empty the map, and with it all that it leads to. */
struct head *dispatch_head(struct cms *cms, uint64_t spc);
/* Translations of the same address and context but for the x87 stack. */
unsigned dispatch_versions(const struct cms *cms, const struct head *of);
/* Empties the map: translations, pre-decoded blocks and profiles go with the heads; what is hot shows itself again. */
void dispatch_forget(struct cms *cms);
/* The entry if there is one. */
struct head *dispatch_peek(const struct cms *cms, uint64_t spc, uint64_t context);

/* predecode.c */
/* Is what begins at head to be kept pre-decoded? */
bool predecode_keeps(const struct cms *cms, const struct head *head);
/* The instruction at `address`, decoded afresh; good until the next one. NULL: it cannot be had, for *fault. */
const struct record *predecode_once(struct cms *cms, uint64_t address, struct hw_fault *fault);
/* The block that begins at head, decoded if need be. NULL: its first instruction cannot be had, for *fault. */
struct block *predecode_block(struct cms *cms, struct head *head, struct hw_fault *fault);
void predecode_drop(struct cms *cms, struct block *block);
void predecode_flush(struct cms *cms);

/* interpret.c */
enum pace {
    PACE_ON,        /* a block, or as much of it as was asked for, is done */
    PACE_DELIVERED, /* ended in a system call or an exception, which the platform has taken */
    PACE_STOP,      /* the guest has ended */
};
struct interpreted {
    uint8_t pace;     /* enum pace */
    bool transferred; /* its last instruction ends a basic block */
    bool excepted;    /* PACE_DELIVERED, by an exception */
    uint32_t insns;   /* retired */
};
/* Interprets from head, which stands for EIP, to the end of its block, at most `insns` instructions (1 at least).
 * `region`: that rolled back and left them to do; 0: none. */
struct interpreted interpret(struct cms *cms, struct head *head, uint32_t insns, uint32_t region);

/* guest.c: stores as the interpreter makes them. False: refused, with *fault. */
bool guest_store(struct cms *cms, uint64_t address, unsigned size, uint64_t value, struct hw_fault *fault);
bool guest_probe(struct cms *cms, uint64_t address, unsigned size, struct hw_fault *fault);
bool guest_load(struct cms *cms, uint64_t address, unsigned size, uint64_t *value, struct hw_fault *fault);
/* Of 4, 8, 10 or 16 bytes; `aligned`: #GP where the address is no multiple of 16. */
bool guest_load_vector(struct cms *cms, uint64_t address, unsigned bytes, bool aligned, struct vreg *value,
                       struct hw_fault *fault);
bool guest_store_vector(struct cms *cms, uint64_t address, unsigned bytes, bool aligned, const struct vreg *value,
                        struct hw_fault *fault);

/* helpers.c */
enum helped { HELPED, HELP_FAULTED };
/* An IR_HELPER operation at work: the values of its operands in, the rest out. */
struct help {
    uint64_t a, b, c;
    uint64_t next;         /* EIP afterwards; the end of the instruction unless the helper transfers control */
    struct hw_fault fault; /* HELP_FAULTED */
    bool shadow;           /* no debug trap behind this instruction */
};
enum helped helper_run(struct cms *cms, unsigned helper, struct help *help);
/* x87_state.c: FNSAVE, FRSTOR and their like. */
enum helped x87_state(struct cms *cms, struct help *help);

/* profile.c */
/* Is it time to translate what begins here? */
bool profile_is_hot(const struct head *head);
/* Sets the counters of a new or forgotten head. */
void profile_start(struct cms *cms, struct head *head);
/* The counter of gear 1 code ran out: gear 2 is next. */
void profile_ran_out(struct cms *cms, struct head *head, const struct translation *translation);
/* Starts over after translating failed or its code changed, each time more slowly. */
void profile_back_off(struct cms *cms, struct head *head, unsigned times);
/* Interprets one pass from head, noting the blocks that follow it: the next-executed tail (Duesterwald & Bala 2000).
 * Sets *count of the addresses at root->path. */
struct interpreted profile_record(struct cms *cms, struct head *head, unsigned *count);

/* translator.c */
/* Translates what begins at head, at head->gear, and installs it. False: not now. */
bool translator_run(struct cms *cms, struct head *head, unsigned path_count);

/* code_cache.c */
/* Installs a translation of head, replacing the present one. NULL: it fits no unit. */
struct translation *code_cache_install(struct cms *cms, struct head *head, unsigned gear,
                                       const struct tr_result *result);
/* Moves a live translation to other room, with its links to others; those to it are cut. Returns it. */
struct translation *code_cache_move(struct cms *cms, struct translation *from, const struct room *room);
/* Takes a translation out of service: no link, no dispatch entry, no hardware entry leads to it. */
void code_cache_kill(struct cms *cms, struct translation *translation, enum hw_region_event why);
/* The translation that a TPC lies in; NULL: none. */
struct translation *code_cache_owner(const struct cms *cms, uint32_t tpc);

/* code_room.c */
/* The shape of the cache: parts; units of each; bytes of one, of code and of records. */
unsigned code_room_parts(const struct cms_options *options);
unsigned code_room_units(const struct cms_options *options);
uint32_t code_room_code_bytes(const struct cms_options *options, unsigned part, unsigned unit);
uint32_t code_room_record_bytes(const struct cms_options *options, unsigned part, unsigned unit);
void code_room_boot(struct cms *cms);
/* Finds room for a translation at a gear, and evicts others if there is none. False: it would not fit even so. */
bool code_room_make(struct cms *cms, unsigned gear, struct room *room);
/* A translation now lives there; is dead; its room, once dead, is given back. */
void code_room_enlist(struct cms *cms, struct unit *unit, struct translation *translation);
void code_room_died(struct cms *cms, struct translation *translation);
void code_room_release(struct cms *cms, struct translation *translation);
/* The dispatcher is about to enter a translation, which may move it; it has come back from one. */
void code_room_entered(struct cms *cms, struct translation *translation);
void code_room_left(struct cms *cms, struct translation *translation);
/* Evicts all. */
void code_room_flush(struct cms *cms);

/* chain.c */
void chain_link(struct cms *cms, struct exit_record *from, struct translation *to);
/* Takes back one link; all links from, and to, a translation; moves the incoming links to another. */
void chain_unlink(struct cms *cms, struct exit_record *from);
void chain_unlink_outgoing(struct cms *cms, struct translation *translation);
void chain_unlink_incoming(struct cms *cms, struct translation *translation);
void chain_move_incoming(struct cms *cms, struct translation *from, struct translation *to);
/* Of a translation that is being moved: its exits, copied already, take over its links to others. */
void chain_move_outgoing(struct cms *cms, struct translation *from, struct translation *to);
/* The exit of that number. */
struct exit_record *chain_exit(const struct cms *cms, const struct translation *translation, uint32_t number);

/* indirect.c */
/* An indirect exit found no prediction and went to EIP, for which there is the translation `to` (NULL: none). */
void indirect_missed(struct cms *cms, const struct exit_record *from, const struct translation *to);
/* The callback of tr_request. */
unsigned indirect_targets(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity);

/* coherence.c */
/* Makes sure that one more translation can be watched; may drop everything. */
void coherence_make_room(struct cms *cms);
/* Watches [address, address + bytes) of the present address space for owner. `sources` has room for all its pages;
 * returns how many it has with these (count: so far), pages that are there already counting once. */
unsigned coherence_watch(struct cms *cms, uint32_t owner, struct source *sources, unsigned count, uint64_t address,
                         uint32_t bytes);
void coherence_forget(struct cms *cms, struct source *source);
/* A source was copied to where it is now, for an owner that was moved. */
void coherence_moved(struct cms *cms, struct source *source, uint32_t owner);
/* Brings the protection of a page in line with who watches it. */
void coherence_protect(struct cms *cms, uint64_t physical_page);
/* The interpreter is about to store at a protected physical address: lets it. */
void coherence_store(struct cms *cms, uint64_t physical);
/* Works off the platform's notices. */
void coherence_poll(struct cms *cms);

/* traps.c */
/* After a rollback inside `translation`: gets past its cause by interpreting. */
struct interpreted traps_recover(struct cms *cms, struct translation *translation, const struct hw_exit *exit);

/* adapt.c */
void adapt_rolled_back(struct cms *cms, struct translation *translation, enum adapt_cause cause);
/* Drops a translation so that it is made anew, at the same gear, when control next comes by. */
void adapt_renew(struct cms *cms, struct translation *translation);

#endif
