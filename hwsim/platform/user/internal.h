/* internal.h -- the user platform's parts, as they see one another.
 *
 * A handler of a system call returns its result, or -errno, or one of the RESTART_ codes, or BLOCKED (schedule.c);
 * whatever it does to guest memory it does only after all its buffers have been checked. Guest addresses are uint32_t:
 * a compat process.
 */
#ifndef COVM_USER_INTERNAL_H
#define COVM_USER_INTERNAL_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>

#include "hwsim/base/prng.h"
#include "hwsim/isa/isa.h"
#include "hwsim/platform/user/elf.h"
#include "hwsim/platform/user/user.h"

/* What the guest is told about itself: fixed, so that a run depends on nothing else. */
enum { GUEST_PID = 1000, GUEST_PARENT = 1, GUEST_UID = 1000, GUEST_GID = 1000 };
/* The processor that the guest finds. */
struct cpu_features user_cpu(const struct user *user);
/* What uname says. */
#define SYSTEM_NAME    "Linux"
#define SYSTEM_NODE    "covm"
#define SYSTEM_RELEASE "6.1.0"
#define SYSTEM_VERSION "#1 SMP PREEMPT_DYNAMIC"
/* Compat selectors of a 64-bit Linux. */
enum { USER_CS = 0x23, USER_DS = 0x2b, GDT_TLS_FIRST = 12, GDT_TLS_COUNT = 3 };

/* ---- address space (space.c) ---- */

#define TASK_TOP 0xffffe000u /* end of user memory and top of the stack of a compat process */
#define TRAMPOLINE                                                                                                     \
    TASK_TOP /* code that returns from signal handlers that have no restorer: where Linux once kept it                 \
              */
enum { TRAMPOLINE_SIGRETURN = 0, TRAMPOLINE_RT_SIGRETURN = 16 };

struct process;
struct thread;

/* Where the contents of a mapping come from: bytes in memory, a host file, or nothing but itself (shared anonymous
 * memory). Counted references. */
struct backed_page {
    uint64_t index, frame;
    bool dirty; /* the host's file does not have it yet */
};
struct backing {
    unsigned references;
    int descriptor; /* owned; -1: `bytes`, or zeroes */
    bool writable;  /* the descriptor is */
    const uint8_t *bytes;
    uint8_t *owned; /* those bytes, if they are freed with the last reference */
    uint64_t size;
    uint64_t device, inode;   /* of the host file */
    char *path;               /* the guest's, for /proc/PID/maps; owned */
    struct backed_page *page; /* that shared mappings show: ascending */
    unsigned pages, capacity;
    struct segment *segment; /* of System V shared memory that it is, while that has an id */
    struct backing *next;    /* of those of files */
};
/* The one backing of the file that the descriptor is open on; `writable`: so that it can be written to. NULL: the host
 * has no memory, or no descriptor, left. */
struct backing *backing_of_file(struct user *user, int descriptor, const char *path, bool writable);
struct backing *backing_of_bytes(const void *bytes, uint64_t size);
struct backing *backing_of_memory(void);
void backing_release(struct user *user, struct backing *backing);
uint64_t backing_size(const struct backing *backing);
/* A frame with the page at `offset`: a private copy, or the one that all share, which stays the backing's. 0: no
 * memory. */
uint64_t backing_copy(struct user *user, const struct backing *backing, uint64_t offset);
uint64_t backing_share(struct user *user, struct backing *backing, uint64_t offset);
/* A shared page was written to; writes what was back to the host's file. */
void backing_dirty(struct backing *backing, uint64_t offset);
void backing_flush(struct user *user, struct backing *backing);
/* Bytes were read from, or written to, the host file, beside the mappings: what these hold comes over them, or is
 * brought up to date. Its size changed: pages behind the new end go. */
void backing_read(struct user *user, int host, uint8_t *to, size_t bytes, uint64_t offset);
void backing_write(struct user *user, int host, const uint8_t *from, size_t bytes, uint64_t offset);
void backing_resize(struct user *user, int host, uint64_t old, uint64_t size);

struct vma {
    uint32_t start, end;
    uint8_t prot;            /* PROT_ bits */
    bool shared;             /* shows the backing's own pages */
    bool read_only;          /* and never becomes writable: its file was opened only to be read */
    bool growth;             /* the stack: never merged */
    struct backing *backing; /* NULL: zeroes */
    uint64_t offset;         /* of `start` in the backing */
};
struct mappings {
    struct vma *vmas; /* ascending, disjoint */
    unsigned count, capacity;
    uint64_t cr3;
    uint32_t break_start, program_break;
    uint32_t arguments[2], environment[2], auxiliary[2]; /* where they start and end, for /proc */
    bool read_implies_exec;
    unsigned references;    /* processes that use it */
    uint16_t id;            /* address-space identifier */
    struct descriptor *ldt; /* LDT_ENTRIES of them, NULL until the first is written */
};

enum populate { POPULATED, POPULATE_UNMAPPED, POPULATE_DENIED, POPULATE_BEYOND, POPULATE_NO_MEMORY };

/* An empty one for the running process, and the core works in it. False: no memory. */
bool space_create(struct user *user);
/* The process does without: the last one that does frees all. */
void space_release(struct user *user, struct process *process);
/* Gives a child the running process's space (`shared`), or a copy of it. False: no memory. */
bool space_lend(struct user *user, struct process *child, bool shared);
/* The core works in the running process's space. */
void space_enter(struct user *user);
/* Physical address of a byte that is there. */
bool space_physical(const struct user *user, uint32_t linear, uint64_t *physical);
/* Replaces whatever is mapped in [start, end). Takes over a reference to `backing`. */
void space_map(struct user *user, struct vma vma);
void space_unmap(struct user *user, uint32_t start, uint32_t end);
/* Brings the page of `linear` in for an access (ACCESS_ bits). POPULATED also when it is there and allows the access.
 */
enum populate space_populate(struct user *user, uint32_t linear, unsigned access);
/* How many of `bytes` bytes from `address` on the guest may read (write). */
size_t space_accessible(struct user *user, uint32_t address, size_t bytes, bool write);

/* For the system calls on mappings (mapping.c). The first mapping that ends above an address: its index, or
 * space.count; the mapping at an address, or NULL; both until the next change. */
unsigned space_above(const struct user *user, uint32_t address);
struct vma *space_at(const struct user *user, uint32_t address);
bool space_is_mapped(const struct user *user, uint32_t start, uint32_t end);
bool space_is_free(const struct user *user, uint32_t start, uint32_t end);
/* The highest gap of `bytes` below the mmap base, as Linux searches. 0: none. */
uint32_t space_gap(const struct user *user, uint32_t bytes);
void space_protect(struct user *user, uint32_t start, uint32_t end, unsigned prot);
/* Drops the pages of a range, but not its mappings. */
void space_discard(struct user *user, uint32_t start, uint32_t end);
/* Writes changed pages of shared file mappings in a range back to their files. */
void space_flush(struct user *user, uint32_t start, uint32_t end);
/* Drops the pages that show what lies at `offset` and behind in a backing. */
void space_forget(struct user *user, const struct backing *backing, uint64_t offset);
bool space_is_resident(const struct user *user, uint32_t linear);
/* Of a process that may not be the running one: bytes of a mapping that are there, and what can be read from there on.
 */
uint64_t space_resident(const struct user *user, const struct mappings *space, const struct vma *vma);
size_t space_peek(const struct user *user, const struct mappings *space, uint32_t address, void *to, size_t bytes);
/* Where a new mapping goes, for `hint` and MAP_FIXED flags as of mmap: an address, or -errno. */
int64_t mapping_address(struct user *user, uint32_t hint, uint32_t bytes, uint32_t flags);
/* Moves [from, from + bytes), which is of one mapping, to `to`, where it becomes `grown` bytes long. */
void space_move(struct user *user, uint32_t from, uint32_t bytes, uint32_t to, uint32_t grown);

/* Copies between guest and host: all, or nothing and false. */
bool user_get(struct user *user, uint32_t address, void *to, size_t bytes);
bool user_put(struct user *user, uint32_t address, const void *from, size_t bytes);
/* A NUL-terminated string of less than `capacity` bytes: its length, -EFAULT or -ENAMETOOLONG. */
int user_get_string(struct user *user, uint32_t address, char *to, size_t capacity);

/* ---- loading (load.c) ---- */

struct program {
    const char *path, *name; /* what /proc/self/exe points at; what AT_EXECFN says */
    const char *const *argv, *const *env;
    struct backing *file;
    struct elf_image image;
};
/* The bytes of the file that the descriptor is open on; NULL: `error` says why. */
struct backing *load_read(struct user *user, int descriptor, char *error, size_t capacity);
/* Maps a program into the running process's space, which is empty, builds its stack, sets the registers. False: `error`
 * (without the file's name) says why. */
bool load_program(struct user *user, const struct program *program, char *error, size_t capacity);
/* The program that covm was started with, into the first process. */
bool user_load(struct user *user, const struct user_config *config, char *error, size_t capacity);

/* ---- time (time.c, timers.c) ---- */

enum { TIMER_REAL, TIMER_VIRTUAL, TIMER_PROF, TIMER_COUNT, POSIX_TIMERS = 32 };
struct timer {
    uint64_t expiry; /* ns on the timer's clock; 0: not armed */
    uint64_t interval;
};
/* ns since the start: what instructions took, plus what was slept. */
uint64_t time_now(const struct user *user);
uint64_t time_wall(const struct user *user); /* ns since 1970 */
/* CPU time of a process. */
uint64_t time_process(const struct user *user, const struct process *process);
/* Whose CPU time a clock tells: a process's or a thread's, the other is 0; both: it tells nobody's. */
struct cpu_clock {
    uint32_t process, thread;
};
/* Its reading; 0 of somebody who is gone. */
uint64_t time_cpu(const struct user *user, struct cpu_clock clock);
/* What a clock is: 0 or -EINVAL. */
int time_cpu_clock(const struct user *user, uint32_t clock, struct cpu_clock *cpu);
static inline bool time_is_cpu(struct cpu_clock clock) { return clock.process || clock.thread; }
/* Do timers and sleepers run by it? 0 or -errno. */
int time_check_clock(const struct user *user, uint32_t clock, struct cpu_clock *cpu);
/* A clock's reading: 0 or -EINVAL. */
int time_clock(const struct user *user, uint32_t clock, uint64_t *ns);
/* The least count of instructions that take at least `ns`; the count at which time_now reaches `until`. */
uint64_t time_insns(const struct user *user, uint64_t ns);
uint64_t time_insns_at(const struct user *user, uint64_t until);
/* Retired-instruction count at which the next timer expires; UINT64_MAX: none. */
uint64_t time_next_event(const struct user *user);
/* Sends the signals of timers that have expired. */
void time_fire(struct user *user);
/* What wait and getrusage tell of so many instructions. */
void time_usage(const struct user *user, uint64_t insns, int32_t usage[18]);
/* When nobody can run: lets time pass until the next thing happens. False: nothing ever will. */
bool time_skip(struct user *user);
enum time_form { TIME_32, TIME_64 };
/* A process's POSIX timers are gone. */
void timers_delete(struct process *process);
/* A time of the guest, `part` in `unit` ns: 0 or -EINVAL. */
int time_to_ns(int64_t seconds, int64_t part, int64_t unit, uint64_t *ns);
void time_to_timeval(uint64_t ns, int32_t out[2]);
/* A struct timespec of the guest. 0, -EFAULT, -EINVAL. */
int time_get(struct user *user, uint32_t address, enum time_form form, uint64_t *ns);
int time_put(struct user *user, uint32_t address, enum time_form form, uint64_t ns);

/* ---- signals (signals.c, frames.c) ---- */

enum { GUEST_SIGNALS = 64, SIGNAL_QUEUE = 256 };
enum {
    RESTART_ALWAYS = -512 /* ERESTARTSYS */,
    RESTART_NO_HANDLER = -514 /* ERESTARTNOHAND: EINTR if a handler runs */,
    BLOCKED = -600 /* no answer yet (schedule_block) */
};
enum { SIGNAL_KERNEL = 0x80, SIGNAL_USER = 0, SIGNAL_QUEUED = -1, SIGNAL_TKILL = -6 };

/* The part of siginfo that differs: words at offsets 12, 16 and 20. */
struct signal_info {
    int number, code;
    uint32_t field[3];
};
struct signal_action {
    uint32_t handler, flags, restorer;
    uint64_t mask;
};
enum { STACK_ON = 1, STACK_DISABLE = 2 };
struct altstack {
    uint32_t address, flags, bytes;
};
/* Signals that wait to be handled, in order of arrival; standard signals at most once each. */
struct pending {
    struct signal_info queue[SIGNAL_QUEUE];
    unsigned queued;
    uint64_t set; /* a bit for each number in the queue */
};
#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))
/* Signals that an instruction causes, but for SIGSYS. */
#define SIGNALS_OF_FAULTS                                                                                              \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE))

/* Adds to the pending signals of the running thread, of any thread, or of a process (one of its threads takes it),
 * unless ignored. False: no room for another realtime signal; the others always have. */
bool signal_send(struct user *user, struct signal_info info);
bool signal_send_thread(struct user *user, struct thread *thread, struct signal_info info);
bool signal_send_process(struct user *user, struct process *process, struct signal_info info);
/* A signal that cannot be ignored or blocked: if it is, it kills. */
void signal_force(struct user *user, struct signal_info info);
/* A pending signal of the same number, code and first word: from the same timer. NULL: none. */
struct signal_info *signal_find(struct pending *pending, const struct signal_info *like);
/* Would the thread handle a signal, if it looked now? */
bool signal_waiting(const struct user *user, const struct thread *thread);
/* Of a process group's processes, all. */
void signal_send_group(struct user *user, uint32_t group, struct signal_info info);
bool signal_ignored(const struct process *process, int number);
/* The signals that wait for the thread, or for any of its process. Takes the first of a set of them, for the running
 * thread, which need not let it through; false: none is pending. */
uint64_t signals_pending(const struct thread *thread);
bool signal_take_pending(struct user *user, uint64_t wanted, struct signal_info *info);
bool signal_kills(const struct thread *thread); /* has it, or its process, been sent SIGKILL? */
/* Would an exit of a child of this process be waited for by nobody? */
bool signal_reaps_children(const struct process *process);
/* Starts the handlers of pending signals, or dies of them. `result`: what the interrupted system call returns, or NULL.
 */
void signals_deliver(struct user *user, const int64_t *result);
/* The same for a thread that goes on, perhaps after it was stopped in the midst of that. */
void signals_continue(struct user *user);
/* Tells a parent of its child, as a CLD_ code and a status say. */
void signal_child(struct user *user, struct process *parent, const struct process *child, int code, int status);
/* Handlers are gone, as after execve; what is ignored stays so. */
void signals_forget(struct process *process);
/* For a call that waits under another mask (0: none is given): swaps it until the call is over. False: `status` is
 * -errno. */
bool signal_swap_mask(struct user *user, uint32_t address, uint32_t bytes, int *status);
/* Writes the frame for a handler and enters it; false: the stack cannot take it. */
bool frame_push(struct user *user, const struct signal_info *info, const struct signal_action *action, uint64_t mask);
void siginfo_encode(const struct signal_info *info, uint8_t bytes[128]);

/* ---- segments (segments.c) ---- */

struct descriptor {
    bool used, present, data, writable, size32;
    uint32_t base, limit; /* limit in bytes - 1 */
    uint32_t raw[3];      /* base, limit and flags as the guest gave them */
};
struct descriptor *segment_copy_ldt(const struct descriptor *ldt); /* NULL of NULL */
bool segment_lookup(struct user *user, unsigned segment, uint16_t selector, struct hw_segment *descriptor,
                    struct hw_fault *fault);
/* Loads a segment register as a return from a signal handler does: a selector that is not allowed becomes null. */
void segment_load(struct user *user, unsigned segment, uint16_t selector);
/* The thread storage that clone's fourth argument describes: 0 or -errno; and its being set. */
int segment_get_tls(struct user *user, uint32_t address, uint32_t description[4]);
void segment_set_tls(struct user *user, const uint32_t description[4]);
uint16_t segment_selector(const struct user *user, unsigned segment);

/* ---- files (paths.c, inodes.c, files.c, io.c, control.c, directories.c) ---- */

enum { GUEST_PATH_BYTES = 4096, GUEST_FILES = 1024 };
enum mount { MOUNT_ROOT, MOUNT_TMP, MOUNT_SHM, MOUNT_DEV, MOUNT_PROC };
/* A place in the guest's tree: absolute, without symbolic links on the way, without "." and "..". */
struct place {
    enum mount mount;
    char path[GUEST_PATH_BYTES];
    const char *inside; /* below the mount point, "." for itself */
    bool directory;     /* written with a slash behind it */
    bool follow;        /* a link at its end is to be followed */
    unsigned dots;      /* written with "." (1) or ".." (2) as its last component */
};
/* Does nothing of the host's lie there? */
static inline bool place_is_special(const struct place *place)
{
    return place->mount == MOUNT_DEV || place->mount == MOUNT_PROC;
}
enum { GUEST_AT_FDCWD = -100 };
/* What becomes of a symbolic link at the end of a path: it is followed, or not, but with a slash behind it always; with
 * END_NAME never (a name is made or removed); with END_CREATE unless there is a slash, with which nothing is made. */
enum path_end { END_LINK, END_FOLLOW, END_NAME, END_CREATE };
/* The place of an absolute path that has no links on its way: nothing is looked at. */
void path_place(struct place *place, const char *path);
/* Resolves a path of the guest's. The last component need not exist. 0 or -errno. */
int path_resolve(struct user *user, int directory, const char *path, enum path_end end, struct place *place);
int path_get(struct user *user, int directory, uint32_t address, enum path_end end, struct place *place);
/* openat2 below the mount point, never out of it. A host descriptor or -errno. */
int path_open(struct user *user, const struct place *place, int flags, unsigned mode);
/* Opens the directory that holds the place (O_PATH) and finds the last component. A host descriptor or -errno. */
int path_open_parent(struct user *user, const struct place *place, const char **name);
int path_check_parent(struct user *user, const struct place *place); /* 0: it is there */
bool mount_writable(const struct user *user, enum mount mount);
/* 0, or -EROFS where the guest may not write. */
int path_writable(const struct user *user, const struct place *place);

enum device {
#define DEVICE(name, text, major, minor) DEVICE_##name,
#include "hwsim/platform/user/devices.def"
#undef DEVICE
};

/* A text under construction. */
struct printed {
    char *bytes;
    size_t used, capacity;
};
void printed_add(struct printed *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void printed_reserve(struct printed *text, size_t bytes);

/* What lies at a place in /dev or /proc. DESCRIPTOR and EXE are links that lead to an open file, not to a path. */
enum special {
    SPECIAL_NONE,
    SPECIAL_DIRECTORY,
    SPECIAL_DEVICE,
    SPECIAL_DESCRIPTOR,
    SPECIAL_EXE,
    SPECIAL_LINK,
    SPECIAL_TEXT
};
/* A row of /dev or /proc: a path below the mount point; what is above it is a directory. Links have a target. */
struct special_row {
    const char *path;
    enum special kind;
    enum device device;
    const char *target;
    void (*print)(struct user *user, const struct process *process, struct printed *text);
};
struct special_rows {
    const struct special_row *row;
    unsigned count;
};
extern const struct special_rows proc_system, proc_process; /* /proc and /proc/PID (proc.c) */
struct special_file {
    enum special kind;
    unsigned number; /* device, or descriptor */
    const struct special_row *row;
    struct process *process; /* that it tells of, or NULL */
};
struct special_file path_special(const struct user *user, const struct place *place);
/* The text of a file, the target of a link. */
void special_print(struct user *user, const struct special_file *special, struct printed *text);
typedef void special_lister(void *cookie, const char *name);
/* Calls `add` for what lies in the directory; a name may come twice. */
void special_list(struct user *user, const struct place *place, special_lister *add, void *cookie);

struct inode {
    uint64_t device, host;                /* the host's; device 0: forgotten */
    uint64_t number;                      /* the guest's */
    uint64_t accessed, modified, changed; /* ns since 1970 */
    int next;
};
struct inodes {
    struct inode *inode;
    unsigned count, capacity;
    int bucket[1024]; /* index + 1 */
};
struct stat;
struct inode *inode_of(struct user *user, const struct stat *host);
void inode_forget(struct user *user, const struct stat *host);

/* What stat tells, in no layout yet. */
struct guest_stat {
    uint64_t device, inode, rdev, size, blocks;
    uint32_t mode, links, uid, gid;
    uint64_t accessed, modified, changed;
};
void stat_of_host(struct user *user, const struct stat *host, enum mount mount, struct guest_stat *out);

enum file_kind {
    FILE_REGULAR,
    FILE_DIRECTORY,
    FILE_STREAM,
    FILE_PIPE,
    FILE_SOCKET,
    FILE_DEVICE,
    FILE_TEXT,
    FILE_EVENT,
    FILE_TIMER,
    FILE_SIGNAL,
    FILE_PROCESS,
    FILE_EPOLL,
    FILE_PATH
};
struct event {
    uint64_t count;
    bool semaphore;
};
struct entry {
    char *name;
    uint64_t inode;
    uint8_t type; /* DT_ */
};
/* An open file: shared by the descriptors that dup made of one another. */
struct file {
    unsigned references, in_flight; /* all, and those of messages that nobody has received yet */
    bool reached;                   /* while it is found out whom anybody can reach */
    enum file_kind kind;
    int flags; /* O_ bits as given, less those that only matter for opening */
    int host;  /* owned host descriptor, or -1; not owned for a stream */
    enum mount mount;
    char *path; /* the guest's, as it was opened; owned */
    enum device device;
    unsigned stream;       /* 0, 1, 2 */
    bool seekable;         /* a stream that is a regular file of the host */
    struct pipe *in, *out; /* a pipe, or socket: where it reads from and writes to */
    bool packets;          /* a socket that keeps messages apart */
    bool awaited;          /* a socket's end that nobody has accepted yet */
    struct socket *socket;
    /* for the present call: no SIGPIPE; what is read stays; it reads until the buffers are full; bytes that it left */
    bool quiet, peek, fill;
    size_t peeked;
    struct event event;
    struct timer timer; /* a timerfd's, on the clock of time_now */
    bool wall;          /* its absolute times are those of time_wall */
    bool fired;         /* it has expired, and who waits for it was woken */
    uint64_t signals;   /* that a signalfd reads, as SIGNAL_BIT */
    uint32_t process;   /* id of a pidfd's */
    struct file *next;  /* of the timerfds */
    struct epoll *epoll;
    unsigned watches;      /* in sets of epoll */
    uint64_t changes;      /* of what its reader would find */
    struct printed text;   /* of /proc */
    uint64_t mark;         /* text: position; directory: next entry; FIFO: how often the other side had been opened */
    struct entry *entries; /* directory: sorted, read at the first getdents; owned */
    unsigned entry_count;
    bool listed;
};
struct files {
    struct file *file[GUEST_FILES];
    bool close_on_exec[GUEST_FILES];
};
struct file *file_of(const struct process *process, uint32_t descriptor);
struct file *file_at(const struct user *user, uint32_t descriptor);
struct file *file_create(enum file_kind kind, int flags, int host); /* with one reference; NULL: no memory */
/* The lowest free descriptor from `from` on, or -EMFILE; puts a file there, or drops it. */
int file_lowest(const struct user *user, unsigned from);
int file_install(struct user *user, struct file *file, unsigned from, bool close_on_exec);
/* Gives the guest two descriptors, or none. Takes the files over. */
int64_t file_install_pair(struct user *user, struct file *const files[2], uint32_t address, bool close_on_exec);
void file_release(struct user *user, struct file *file);
int64_t file_duplicate(struct user *user, uint32_t descriptor, unsigned from, bool close_on_exec);
/* It was written to: its times say so. */
void file_touch(struct user *user, const struct file *file);
int64_t file_stat(struct user *user, struct file *file, struct guest_stat *out);
/* The events of poll that hold now. */
unsigned file_poll(struct user *user, const struct file *file);
/* Changes whenever poll's events may have come anew. */
uint64_t file_changes(const struct user *user, const struct file *file);
/* What a link in /proc/PID/fd says. */
void file_name(const struct file *file, struct printed *text);
/* A name changed (or two changed places), or is gone: what is open or worked in there, or below, follows. */
void files_moved(struct user *user, const char *from, const char *to, bool exchange);
void files_gone(struct user *user, const char *path);
/* The guest's tree, and the first process's descriptors. */
bool files_create(struct user *user, const struct user_config *config, char *error, size_t capacity);
/* The tree alone, where a snapshot brings the descriptors. */
bool files_resume(struct user *user, const struct user_config *config, char *error, size_t capacity);
/* A child's descriptors are the same open files. */
void files_exec(struct user *user); /* closes those that are to be closed then */
void files_copy(const struct process *from, struct process *to);
void files_close(struct user *user); /* all descriptors of the process */
void files_destroy(struct user *user);
int64_t place_stat(struct user *user, const struct place *place, struct guest_stat *out);
/* Makes a name for a socket: a host descriptor of it (O_PATH), or -errno. */
int tree_make_socket(struct user *user, const char *path);
/* Could a name be made there? 0 or -errno. */
int tree_may_make(struct user *user, const char *path);

/* Reads or writes a piece of a file, or says why not (nothing of SIGPIPE). May it be? 0 or -errno. Has it no position,
 * so that it is read and written in the order of things alone? */
enum { IO_PIECE = 65536, IO_COUNT_MAX = 0x7ffff000 };
int64_t io_read(struct user *user, struct file *file, uint8_t *to, size_t bytes, uint64_t offset);
int64_t io_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes, uint64_t offset);
int64_t io_check(const struct file *file, bool write, uint64_t offset);
bool io_is_stream(const struct file *file);
void io_broken_pipe(struct user *user); /* SIGPIPE for the running thread */
/* Reads or writes the guest's buffers (address and length each), which together are what io_get_vectors gives: bytes,
 * or -errno, or BLOCKED with a part done. The file allows it. */
enum { VECTORS_MAX = 1024 };
#define NO_OFFSET UINT64_MAX /* where the file stands */
int64_t io_vectors(struct user *user, struct file *file, const uint32_t (*vector)[2], uint32_t count, uint64_t offset,
                   bool write);
int64_t io_get_vectors(struct user *user, uint32_t address, uint32_t count, uint32_t (*vector)[2]);

/* Pipes and FIFOs (pipes.c). Reads and writes are of one piece, and return what a system call would. */
int64_t pipe_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
int64_t pipe_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes);
unsigned pipe_poll(const struct file *file);
uint64_t pipe_changes(const struct file *file);
size_t pipe_available(const struct file *file);
size_t pipe_packet(const struct pipe *pipe);   /* bytes of the first packet, which there is */
uint64_t pipe_number(const struct file *file); /* each its own */
int64_t pipe_size(const struct file *file);
int64_t pipe_resize(struct file *file, uint32_t bytes);
void pipe_close(struct user *user, struct file *file);
/* Opens the FIFO of the host file, or another end of the pipe of an open file (`of`): 0 or -errno. */
int64_t pipe_open(struct user *user, const struct stat *host, const struct file *of, int flags, struct file **out);
/* Has the other side of a FIFO, for which an open waits, come since this one was opened? */
bool pipe_met(const struct file *file);
/* For splice: is there anybody who could write to it; its free slots; the bytes of a slot (0: it is none); into a slot
 * of its own, which there is; bytes that were there are read; slots, or their beginning, from one pipe to another, of
 * which the first may keep them. */
bool pipe_is_written(const struct file *file);
unsigned pipe_room(const struct file *file);
size_t pipe_slot(const struct file *file, unsigned i, const uint8_t **bytes);
void pipe_add(struct file *file, const uint8_t *from, size_t bytes);
void pipe_drop(struct file *file, size_t bytes);
size_t pipe_splice(struct file *from, struct file *to, size_t count, bool keep);
/* Connects two sockets, which keep what was written at once apart (`packets`) or not; shuts one down. */
void pipe_connect(struct user *user, struct file *const files[2], bool packets);
void pipe_shut(struct file *file, bool read, bool write);
/* Tells the other end of a connection that this one leaves something unread. Was it told so? It is told once (`take`).
 */
void pipe_abort(struct file *file);
bool pipe_aborted(struct pipe *pipe, bool take);
uint64_t pipe_next_number(struct user *user);
/* Of a connection: the end that reads the pipe (NULL: it is closed), what came with what is in it (sockets.h), and the
 * bytes, or packets, that went into it and out of it since the start. */
struct file *pipe_reader(const struct pipe *pipe);
struct passed **pipe_passed(struct pipe *pipe);
uint64_t pipe_written(const struct pipe *pipe);
uint64_t pipe_consumed(const struct pipe *pipe);

/* Sockets (sockets.h): reads and writes as of pipes. */
struct socket;
int64_t socket_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
int64_t socket_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes);
unsigned socket_poll(const struct file *file);
size_t socket_available(const struct file *file);
uint32_t socket_send_room(const struct file *file); /* SO_SNDBUF, bytes */
uint64_t socket_number(const struct file *file);
void socket_close(struct user *user, struct file *file);
/* A call begins to read or write. */
void socket_start(struct file *file);
/* A socket is gone: those that only each other's messages hold go, too (passing.c). */
void passing_collect(struct user *user);

/* Locks (locks.c): a descriptor of the process was closed; the last one of a file was. */
enum lock_command { LOCK_GET, LOCK_TRY, LOCK_WAIT };
int64_t lock_control(struct user *user, struct file *file, enum lock_command command, uint32_t address, bool wide,
                     bool of_file);
void locks_closed(struct user *user, const struct file *file);
void locks_released(struct user *user, const struct file *file);

/* The terminal that the streams look like (terminal.c). An ioctl that it knows: its result; -ENOTTY if it is none. */
enum { TERMIOS_BYTES = 36 };
struct terminal {
    bool set; /* by the guest, away from how it was: */
    uint8_t modes[TERMIOS_BYTES],
        old[TERMIOS_BYTES]; /* struct termios of the kernel; the host's terminal at the start */
    uint16_t size[4];
    uint32_t session, group; /* that it controls, and which of that's is in the foreground; 0: none */
};
/* With guest.tty: it controls the session of the first process. */
void terminal_attach(struct user *user);
/* May the running process read from (SIGTTIN), or write to or change (SIGTTOU), the file if that is a terminal? 0; or
 * -EIO; or RESTART_ALWAYS, its group having been sent the signal. */
int64_t terminal_allows(struct user *user, const struct file *file, int signal);
int64_t terminal_allows_output(struct user *user, const struct file *file);
/* The running process has no controlling terminal any more; the end of a session's leader takes it from all. */
void terminal_detach(struct user *user);
int64_t terminal_control(struct user *user, const struct file *file, uint32_t request, uint32_t address);
void terminal_restore(struct user *user);

/* eventfd and timerfd (events.c), signalfd (signal_files.c), pidfd (process_files.c), epoll (epoll.c). */
int64_t event_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
int64_t event_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes);
unsigned event_poll(const struct file *file);
int64_t timer_file_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
unsigned timer_file_poll(const struct user *user, const struct file *file);
void timer_file_close(struct user *user, struct file *file);
/* The earliest moment at which one that is waited for expires (UINT64_MAX: none does); wakes who waits for it. */
uint64_t timer_files_next(const struct user *user);
void timer_files_fire(struct user *user);
enum { SIGNAL_RECORD_BYTES = 128 };
int64_t signal_file_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
unsigned signal_file_poll(const struct user *user, const struct file *file); /* for the running thread */
struct file *process_file_create(uint32_t process, int flags);               /* NULL: no memory */
struct file *process_file_at(const struct user *user, uint32_t descriptor);  /* NULL: it is none */
unsigned process_file_poll(const struct user *user, const struct file *file);
unsigned epoll_poll(struct user *user, const struct file *file);
void epoll_close(struct user *user, struct file *file);
/* The file is gone: no set watches it any more. */
void epoll_forget(struct user *user, const struct file *file);

/* ---- tasks ---- */

/* A thread that cannot go on with its system call. The call is made again, by the same handler with the same arguments,
 * when what it waits for may have come. */
struct wait {
    bool waiting;  /* the call has no answer yet: while a handler runs, that it is being made again */
    bool resumed;  /* it was interrupted without a handler: its deadline stands */
    bool look;     /* what it waits for may have come */
    bool watchful; /* it may come by any system call of another thread */
    bool killable; /* of all signals only SIGKILL ends the wait */
    uint64_t until;
    struct cpu_clock cpu; /* of which it waits for a reading, too */
    uint64_t cpu_until;
};
/* A place where threads wait: a word of a space, or of memory that several spaces share (space 0). */
struct futex_key {
    uint64_t space, address;
};
struct futex_wait {
    bool queued;
    struct futex_key key;
    uint32_t bits;
    uint64_t turn; /* waiters are woken in this order */
};

/* What Linux keeps for each thread. */
struct thread {
    struct process *process;
    uint32_t id;
    char name[16];         /* prctl PR_SET_NAME */
    struct hw_state state; /* while another thread runs */
    uint64_t insns;        /* that it has run, up to where the running one was switched to */
    bool dead;
    struct wait wait;
    struct futex_wait futex;
    struct ipc_wait *ipc_wait; /* for semaphores or a message (ipc.h); NULL: it does not */
    uint64_t blocked, saved;   /* signals; saved: what sigsuspend replaced, to be restored after the handler */
    uint64_t awaited;          /* signals that sigtimedwait takes */
    bool restore;
    int64_t interrupted; /* what the system call returns in which it was stopped; 0: in none */
    struct pending pending;
    struct altstack stack;
    uint32_t trap, error, cr2; /* of the last exception */
    struct descriptor tls[GDT_TLS_COUNT];
    uint32_t written;     /* or read, by a blocked call, so far */
    struct file *opening; /* a FIFO's end whose other side it waits for */
    uint32_t child;       /* whose vfork it waits for */
    uint32_t clear_tid;   /* cleared, and woken on, when it ends; 0: nothing is */
    uint32_t robust;      /* head of its list of robust futexes, or 0 */
    uint32_t call;        /* number of the system call being answered */
    bool call_abandoned;  /* it set all registers itself (sigreturn): no result, no restart */
};

enum { LIMIT_CPU = 0, LIMIT_CORE = 4, LIMIT_COUNT = 16 };
/* What its threads share. */
struct process {
    uint32_t id, parent, group, session;
    int exit_signal;       /* that its parent gets when it ends; 0: none */
    uint32_t death_signal; /* that it gets when its parent ends (prctl PR_SET_PDEATHSIG); 0: none */
    bool ended;
    bool reaped; /* and nobody will ask for it again */
    bool stopped, execed;
    bool terminal;           /* it has a controlling terminal: the one that there is */
    unsigned status;         /* as wait tells it, of the end or of the last stop */
    bool news;               /* a stop or continuation that nobody has waited for yet */
    uint32_t vfork;          /* id of the thread that waits for it to leave the space that both use; 0: none */
    uint64_t insns;          /* that its threads have run, up to where the running one was switched to */
    uint64_t children_insns; /* of its children that it has waited for, and theirs */
    uint64_t arrivals;       /* signals that it, or a thread of it, has been sent */
    struct pending pending;
    struct mappings *space;
    struct signal_action action[GUEST_SIGNALS + 1];
    struct timer timer[TIMER_COUNT];
    struct posix_timer *posix[POSIX_TIMERS];
    uint64_t limit[LIMIT_COUNT][2];
    struct files files;
    char cwd[GUEST_PATH_BYTES];
    uint32_t file_mask;              /* umask */
    int exe;                         /* host descriptor of the program; owned */
    char exe_path[GUEST_PATH_BYTES]; /* what /proc/self/exe points at */
};

/* The first process, with its thread. False: no memory. */
bool task_create(struct user *user, uint64_t stack);
void task_destroy(struct user *user);
/* A new one with a copy of what the running one has. NULL: no memory. */
struct process *task_new_process(struct user *user);
struct thread *task_new_thread(struct user *user, struct process *process);
/* NULL: none alive. */
struct thread *task_thread(const struct user *user, uint32_t id);
struct thread *task_first_thread(const struct user *user, const struct process *process);
/* NULL: none, not even one that has ended and is not waited for yet. */
struct process *task_process(const struct user *user, uint32_t id);
enum { WAIT_CORE = 0x80 };
#define WAIT_EXITED(code) (((code)&0xff) << 8)
/* Ends the running thread; the last one of a process ends that. `status` as wait tells it. */
void task_end_thread(struct user *user, unsigned status);
/* Ends the running process; the run, if it was the last. */
void task_end_process(struct user *user, unsigned status);
/* Ends all threads of the process but the running one, whose locks and id it gives up for the process's: for execve. */
void task_become_only(struct user *user);
/* The process has left the space that it was lent by a vfork. */
void task_leave_parent(struct user *user);
/* Stops the running process; lets one go on. */
void task_stop(struct user *user, int signal);
void task_continue(struct user *user, struct process *process, bool told);
/* Is nobody outside the group, but in its session, a parent of one of its processes (other than `but`, or NULL)?
 * Whoever started the first process counts as such a parent. */
bool task_is_orphaned(const struct user *user, uint32_t group, const struct process *but);
/* Its parent knows of its end. */
void task_reap(struct user *user, struct process *process);
/* A dead thread that the core has left. */
void task_bury(struct user *user, struct thread *thread);
/* Nobody can run, and nothing will change that. */
void task_give_up(struct user *user);

/* ---- scheduling (schedule.c) ---- */

/* What a handler returns that has no answer yet, having changed nothing: BLOCKED, or at once `interrupted` if a signal
 * wants to be handled. The thread sleeps; the handler is called again when a system call of another thread has been
 * answered, at time `until` (ns as time_now; UINT64_MAX: never), or when a signal comes. */
int64_t schedule_block(struct user *user, uint64_t until, int64_t interrupted);
/* The same, but not every system call wakes it: schedule_wake does. */
int64_t schedule_sleep(struct user *user, uint64_t until, int64_t interrupted);
/* The same, and of all signals only SIGKILL ends the wait. */
int64_t schedule_stand(struct user *user);
void schedule_wake(struct thread *thread);
/* Something has happened that may be what others are blocked for. */
void schedule_look(struct user *user);
/* Is the call being made again? */
static inline bool schedule_again(const struct wait *wait) { return wait->waiting; }
/* When a wait is to end: what the handler has worked out, or what it worked out when the call was first made. */
uint64_t schedule_deadline(const struct user *user, uint64_t until);
/* Makes another thread the one that the core runs; no choice, no statistic. */
void schedule_switch(struct user *user, struct thread *thread);
/* At the end of whatever the platform does: the core is to go on with a thread that can run, and whose turn it is. */
enum hw_run schedule_settle(struct user *user);
/* Retired-instruction count at which the running thread's turn ends; UINT64_MAX: no other could run. */
uint64_t schedule_next_event(const struct user *user);

/* ---- futexes (futex.c) ---- */

/* Wakes up to `count` threads that wait there for any of `bits`: how many. */
unsigned futex_wake(struct user *user, uint32_t address, unsigned count);
/* What the running thread's end does to the locks that it holds. */
void futex_exit(struct user *user);

/* ---- System V IPC (ipc.h) ---- */

struct ipc_table {
    struct ipc_object **object; /* by place; NULL: free */
    unsigned places;
    unsigned next;     /* the place behind the one that was given last: one below it is given anew */
    uint32_t sequence; /* how often that happened */
};
/* A mapping of the segment is gone: if it was the last one of a removed segment, so is that's own reference. */
void shared_memory_left(struct user *user, struct segment *segment);
void shared_memory_destroy(struct user *user);
/* What the running process's end does to semaphores (SEM_UNDO). */
void semaphores_exit(struct user *user);
void semaphores_destroy(struct user *user);
void message_queues_destroy(struct user *user);
/* The thread does not wait for an object any more. */
void ipc_wait_end(struct thread *thread);

/* ---- the whole ---- */

/* The system that all processes live in. `process` and `thread` are those that run: every handler acts for them. */
struct user {
    struct machine *machine;
    struct hw_core *core;
    struct physical *physical;
    struct user_params params;
    struct user_stats stats;
    struct user_status status; /* of the first process, once it has ended */
    bool over;                 /* the run is */
    char note[320];
    uint64_t insns_max; /* UINT64_MAX: no limit */
    bool write;
    volatile sig_atomic_t interrupted;
    struct process *process, **processes; /* running; all, those that have ended and are not waited for included */
    struct thread *thread, **threads;     /* running; all that are alive, by id */
    unsigned process_count, process_capacity, thread_count, thread_capacity;
    uint32_t next_id;
    uint64_t since;        /* instruction count at which the running thread was switched to */
    uint64_t quantum_end;  /* at which its turn ends */
    bool contested;        /* another thread can run */
    bool yield;            /* the running one wants to let others go first */
    struct thread *victim; /* of the first process, if that was killed: kept for who looks at the end of the run */
    uint64_t futex_turn;   /* of the next thread that waits for a futex */
    uint64_t slept;        /* ns */
    struct prng random;
    int root, tmp, shm; /* host directories */
    char tmp_path[64];
    int stream[3];        /* host descriptors of the guest's 0, 1, 2 */
    bool input_is_stream; /* it was no file when the guest began, whatever it is now */
    uint64_t input_read;  /* bytes that the guest has had from it */
    bool capture;         /* what it writes to 1 and 2 is kept: */
    struct printed output[2];
    uint64_t program_device, program_inode; /* the host's, of the first program */
    struct terminal terminal;
    struct inodes inodes;
    struct backing *backings; /* of files */
    struct pipe *fifos;       /* that are open */
    uint64_t pipes_made;
    struct socket *sockets; /* that have a name */
    struct passed *passed;  /* all that is in flight */
    unsigned passed_files;
    bool collecting;
    struct epoll *epolls;
    struct file *timer_files;
    struct lock *locks;
    struct ipc_table segments, semaphore_sets, message_queues;
    uint64_t refused[8]; /* system calls that were reported already, a bit each */
    void (*on_refused)(void *cookie, uint32_t number, uint32_t site); /* user_config's */
    void *on_refused_cookie;
    uint64_t fault_insns; /* of the last page fault that only populated, to notice one that repeats */
    uint32_t fault_address, fault_repeats;
};

/* Ends the run, whatever the first process came to. */
void user_end(struct user *user, enum user_end end, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static inline bool user_ended(const struct user *user) { return user->over; }
static inline uint64_t *user_reg(struct user *user, enum home home) { return &hw_state(user->core)->r[home]; }
uint32_t user_flags(struct user *user);
void user_set_flags(struct user *user, uint32_t flags, uint32_t mask);
/* A line to the host's standard error, for the person who runs covm. */
void user_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- system calls (syscalls.def) ---- */

/* Answers the system call that the registers ask for, and delivers signals. */
void user_syscall(struct user *user);
/* Makes the running thread's call again, which was BLOCKED. */
void user_syscall_again(struct user *user);

#define SYSCALL(number, name, arguments, handler) int64_t sys_##handler(struct user *user, const uint32_t *a);
#include "hwsim/platform/user/syscalls.def"
#undef SYSCALL

#endif
