/* pipes.c -- pipes: unnamed, named (FIFOs), and two of them as a connection of sockets. They live in the simulator
 * alone; a FIFO's file on the host is only its name.
 *
 * What fits into a pipe shows (how much a write takes before it waits, when poll finds room), so that it is counted as
 * Linux counts: in slots of a page, of which the last is filled up by a write whose odd part still fits. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"

enum {
    PIPE_SLOTS = 16,
    SOCKET_SLOTS = 52 /* 212992 bytes; those of messages grow */,
    PIPE_SLOTS_MAX = 256,
    MESSAGE_SLOTS_MAX = 1024,
    PIPE_FIRST = 4
};
struct slot {
    uint16_t first, used;
    bool more;   /* the message goes on in the next one */
    bool sealed; /* nothing is added to it */
    uint8_t bytes[PAGE_BYTES];
};
struct pipe {
    unsigned ends, readers, writers;
    uint64_t opened_readers, opened_writers; /* since the start: an open that waits for the other side sees it come */
    struct slot *slot;                       /* a ring */
    unsigned slots, head, used;
    uint64_t number;            /* each pipe its own */
    bool packets;               /* a slot is what was written at once; of a socket's message, the first of several */
    bool aborted;               /* by its writer, who left something unread */
    uint32_t charged;           /* what the messages of a socket that are in it count as (message_charge) */
    uint64_t changes;           /* reads, writes, and ends that came or went */
    uint64_t written, consumed; /* bytes, or packets, since the start */
    struct file *reader;        /* the end of a connection that reads */
    struct passed *passed;      /* what came with what is in it */
    uint64_t device, inode;
    struct pipe *next; /* named ones, while they are open */
};

uint64_t pipe_next_number(struct user *user) { return PIPE_FIRST + user->pipes_made++; }

static struct pipe *new_pipe(struct user *user, unsigned slots)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    struct slot *slot = calloc(slots, sizeof *slot);
    if (!pipe || !slot) hw_panic(user->core, "no host memory for a pipe of the guest's");
    *pipe = (struct pipe){.slot = slot, .slots = slots};
    return pipe;
}

static struct slot *slot_at(const struct pipe *pipe, unsigned i) { return &pipe->slot[(pipe->head + i) % pipe->slots]; }

static void put(struct slot *slot, const uint8_t *from, size_t bytes)
{
    memcpy(slot->bytes + slot->first + slot->used, from, bytes);
    slot->used = (uint16_t)(slot->used + bytes);
}

/* ---- packets ---- */

static unsigned packet_slots(const struct pipe *pipe)
{
    unsigned slots = 1;
    while (slot_at(pipe, slots - 1)->more) slots++;
    return slots;
}

size_t pipe_packet(const struct pipe *pipe)
{
    size_t bytes = 0;
    for (unsigned i = packet_slots(pipe); i-- > 0;) bytes += slot_at(pipe, i)->used;
    return bytes;
}

/* What a socket's message takes of its sender's SO_SNDBUF, whose own bytes are the lesser part: Linux counts the
 * memory of the sk_buff, whose head is a power of two and ends with an skb_shared_info; what is beyond four pages lies
 * in pages of their own (unix_dgram_sendmsg, __alloc_skb). */
static uint32_t message_charge(size_t bytes)
{
    enum { BUFFER = 256, HEAD_LEAST = 512, HEAD_END = 320, HEAD_MOST = 4 * PAGE_BYTES - HEAD_END, PAGES = 17 };
    size_t apart = bytes > HEAD_MOST ? (bytes - HEAD_MOST + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES : 0;
    if (apart > PAGES * PAGE_BYTES) apart = PAGES * PAGE_BYTES;
    size_t head = HEAD_LEAST, needed = (bytes - apart + 63) / 64 * 64 + HEAD_END;
    while (head < needed) head *= 2;
    return (uint32_t)(BUFFER + head + apart);
}

/* The first is gone. */
static void consume_packet(struct pipe *pipe)
{
    unsigned slots = packet_slots(pipe);
    if (pipe->charged) pipe->charged -= message_charge(pipe_packet(pipe));
    pipe->head = (pipe->head + slots) % pipe->slots;
    pipe->used -= slots;
    pipe->consumed++;
}

/* ---- reading and writing ---- */

static void consume_bytes(struct pipe *pipe, size_t bytes)
{
    pipe->consumed += bytes;
    do {
        struct slot *slot = slot_at(pipe, 0);
        size_t count = bytes < slot->used ? bytes : slot->used;
        slot->first = (uint16_t)(slot->first + count);
        slot->used = (uint16_t)(slot->used - count);
        bytes -= count;
        if (slot->used) break;
        pipe->head = (pipe->head + 1) % pipe->slots;
        pipe->used--;
    } while (bytes);
}

/* The oldest bytes are gone; of a packet, what did not fit with them. */
static void consume(struct pipe *pipe, size_t bytes)
{
    if (pipe->packets)
        consume_packet(pipe);
    else
        consume_bytes(pipe, bytes);
    pipe->changes++;
}

/* What the pipe holds from `skip` on; of packets, the first. */
static size_t copy_out(const struct pipe *pipe, uint8_t *to, size_t bytes, size_t skip)
{
    size_t done = 0;
    for (unsigned i = 0; i < pipe->used && done < bytes; i++) {
        const struct slot *slot = slot_at(pipe, i);
        size_t first = skip < slot->used ? skip : slot->used, left = bytes - done;
        size_t count = left < slot->used - first ? left : slot->used - first;
        memcpy(to + done, slot->bytes + slot->first + first, count);
        done += count;
        skip -= first;
        if (pipe->packets && !slot->more) break;
    }
    return done;
}

int64_t pipe_read(struct user *user, struct file *file, uint8_t *to, size_t bytes)
{
    struct pipe *pipe = file->in;
    if (!bytes && !file->packets) return 0;
    if (!pipe->used)
        return !pipe->writers             ? 0
               : file->flags & O_NONBLOCK ? -EAGAIN
                                          : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
    size_t done = copy_out(pipe, to, bytes, file->peeked);
    if (file->peek)
        file->peeked += done;
    else
        consume(pipe, done);
    return (int64_t)done;
}

static int64_t wait_for_room(struct user *user, const struct file *file)
{
    return file->flags & O_NONBLOCK ? -EAGAIN : schedule_block(user, UINT64_MAX, RESTART_ALWAYS);
}

/* A ring of so many slots, which hold what there is. False: no memory. */
static bool set_slots(struct pipe *pipe, unsigned slots)
{
    struct slot *slot = calloc(slots, sizeof *slot);
    if (!slot) return false;
    for (unsigned i = 0; i < pipe->used; i++) slot[i] = *slot_at(pipe, i);
    free(pipe->slot);
    pipe->slot = slot;
    pipe->slots = slots;
    pipe->head = 0;
    return true;
}

/* A message of a socket's, which may be of no bytes. As in Linux it is let in as long as those before it leave any room
 * at all. */
static int64_t write_message(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    enum { RESERVED = 32 };
    struct pipe *pipe = file->out;
    uint32_t room = socket_send_room(file);
    if (bytes > room - RESERVED) return -EMSGSIZE;
    if (!pipe->readers) return -EPIPE;
    if (pipe->charged >= room) return wait_for_room(user, file);
    unsigned needed = pipe->used + (unsigned)(bytes / PAGE_BYTES) + 1;
    if (needed > pipe->slots && !set_slots(pipe, needed + needed / 2))
        hw_panic(user->core, "no host memory for a message of the guest's");
    size_t left = bytes;
    do {
        struct slot *slot = slot_at(pipe, pipe->used++);
        size_t count = left < PAGE_BYTES ? left : PAGE_BYTES;
        slot->first = slot->used = 0;
        put(slot, from + (bytes - left), count);
        left -= count;
        slot->more = left;
    } while (left);
    pipe->charged += message_charge(bytes);
    pipe->changes++;
    pipe->written++;
    return (int64_t)bytes;
}

int64_t pipe_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes)
{
    struct pipe *pipe = file->out;
    size_t odd = bytes % PAGE_BYTES, done = 0;
    if (file->packets) return write_message(user, file, from, bytes);
    if (!bytes) return 0;
    if (!pipe->readers) return -EPIPE;
    struct slot *last = pipe->used && !pipe->packets ? slot_at(pipe, pipe->used - 1) : NULL;
    if (odd && last && !last->sealed && last->first + last->used + odd <= PAGE_BYTES) {
        put(last, from, odd);
        done = odd;
    }
    while (done < bytes && pipe->used < pipe->slots) {
        struct slot *slot = slot_at(pipe, pipe->used++);
        slot->first = slot->used = 0;
        slot->sealed = false;
        size_t count = bytes - done < PAGE_BYTES ? bytes - done : PAGE_BYTES;
        put(slot, from + done, count);
        done += count;
    }
    pipe->changes += done != 0;
    pipe->written += pipe->packets ? done != 0 : done;
    return done ? (int64_t)done : wait_for_room(user, file);
}

size_t pipe_available(const struct file *file)
{
    const struct pipe *pipe = file->in ? file->in : file->out; /* Linux tells it at both ends */
    size_t bytes = 0;
    for (unsigned i = 0; i < pipe->used; i++) bytes += slot_at(pipe, i)->used;
    return bytes;
}

/* A socket is not writable before three quarters of its room are free. */
static bool has_room(const struct file *file)
{
    return file->packets ? 4 * (uint64_t)file->out->charged <= socket_send_room(file)
                         : file->out->used < file->out->slots;
}

unsigned pipe_poll(const struct file *file)
{
    unsigned events = 0;
    if (file->in) {
        if (file->in->used) events |= POLLIN | POLLRDNORM;
        if (!file->in->writers && file->in->opened_writers) events |= POLLHUP;
    }
    if (file->out) {
        if (has_room(file)) events |= POLLOUT | POLLWRNORM;
        if (!file->out->readers) events |= POLLERR;
    }
    return events;
}

/* ---- splice ---- */

bool pipe_is_written(const struct file *file) { return file->in->writers; }
unsigned pipe_room(const struct file *file) { return file->out->slots - file->out->used; }

size_t pipe_slot(const struct file *file, unsigned i, const uint8_t **bytes)
{
    if (i >= file->in->used) return 0;
    const struct slot *slot = slot_at(file->in, i);
    *bytes = slot->bytes + slot->first;
    return slot->used;
}

void pipe_add(struct file *file, const uint8_t *from, size_t bytes)
{
    struct slot *slot = slot_at(file->out, file->out->used++);
    slot->first = slot->used = 0;
    slot->sealed = true;
    put(slot, from, bytes);
    file->out->changes++;
}

void pipe_drop(struct file *file, size_t bytes)
{
    consume_bytes(file->in, bytes);
    file->in->changes++;
}

size_t pipe_splice(struct file *from, struct file *to, size_t count, bool keep)
{
    struct pipe *in = from->in, *out = to->out;
    size_t done = 0;
    for (unsigned i = 0; done < count && i < in->used && out->used < out->slots; i += keep) {
        const struct slot *slot = slot_at(in, i);
        struct slot *end = slot_at(out, out->used++);
        size_t bytes = slot->used < count - done ? slot->used : count - done;
        *end = *slot;
        end->used = (uint16_t)bytes;
        end->sealed |= keep || bytes < slot->used;
        if (!keep) pipe_drop(from, bytes);
        done += bytes;
    }
    out->changes++;
    return done;
}

/* The sizes that F_GETPIPE_SZ and F_SETPIPE_SZ tell and take. */
int64_t pipe_size(const struct file *file) { return (int64_t)(file->in ? file->in : file->out)->slots * PAGE_BYTES; }

int64_t pipe_resize(struct file *file, uint32_t bytes)
{
    struct pipe *pipe = file->in ? file->in : file->out;
    unsigned slots = 1;
    if (bytes > INT32_MAX) return -EINVAL;
    while (slots < PIPE_SLOTS_MAX && (uint64_t)slots * PAGE_BYTES < bytes) slots *= 2;
    if ((uint64_t)slots * PAGE_BYTES < bytes) return -EPERM; /* more than /proc/sys/fs/pipe-max-size */
    if (slots < pipe->used) return -EBUSY;
    return set_slots(pipe, slots) ? pipe_size(file) : -ENOMEM;
}

uint64_t pipe_changes(const struct file *file)
{
    return (file->in ? file->in->changes : 0) + (file->out && file->out != file->in ? file->out->changes : 0);
}

uint64_t pipe_number(const struct file *file) { return (file->in ? file->in : file->out)->number; }

/* ---- ends ---- */

static void join(struct pipe *pipe, bool read, bool write)
{
    pipe->readers += read, pipe->opened_readers += read;
    pipe->writers += write, pipe->opened_writers += write;
    pipe->ends++;
    pipe->changes++;
}

/* An end that was shut down has left already. */
static void leave_side(struct pipe *pipe, bool read, bool write)
{
    pipe->readers -= read && pipe->readers;
    pipe->writers -= write && pipe->writers;
    pipe->changes++;
}

static void leave(struct user *user, struct pipe *pipe, bool read, bool write)
{
    leave_side(pipe, read, write);
    if (--pipe->ends) return;
    struct pipe **link = &user->fifos;
    while (*link && *link != pipe) link = &(*link)->next;
    if (*link) *link = pipe->next;
    free(pipe->slot);
    free(pipe);
}

void pipe_close(struct user *user, struct file *file)
{
    struct pipe *in = file->in, *out = file->out;
    file->in = file->out = NULL;
    if (in && in->reader == file) in->reader = NULL;
    if (in) leave(user, in, true, false);
    if (out) leave(user, out, false, true);
}

static void attach(struct file *file, struct pipe *in, struct pipe *out)
{
    file->in = in, file->out = out;
    if (in) join(in, true, false);
    if (out) join(out, false, true);
}

static struct file *end_of(struct user *user, int flags, struct pipe *in, struct pipe *out)
{
    struct file *file = file_create(FILE_PIPE, flags, -1);
    if (!file) hw_panic(user->core, "no host memory for a pipe of the guest's");
    attach(file, in, out);
    return file;
}

static int64_t make_pipe(struct user *user, uint32_t address, int flags)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return -EINVAL;
    if (space_accessible(user, address, 8, true) != 8) return -EFAULT;
    struct pipe *pipe = new_pipe(user, PIPE_SLOTS);
    pipe->number = pipe_next_number(user);
    int kept = flags & (O_NONBLOCK | O_DIRECT);
    pipe->packets = flags & O_DIRECT;
    struct file *const files[2] = {end_of(user, kept | O_RDONLY, pipe, NULL),
                                   end_of(user, kept | O_WRONLY, NULL, pipe)};
    return file_install_pair(user, files, address, flags & O_CLOEXEC);
}

int64_t sys_pipe(struct user *user, const uint32_t *a) { return make_pipe(user, a[0], 0); }
int64_t sys_pipe2(struct user *user, const uint32_t *a) { return make_pipe(user, a[0], (int)a[1]); }

void pipe_connect(struct user *user, struct file *const files[2], bool packets)
{
    struct pipe *one = new_pipe(user, SOCKET_SLOTS), *other = new_pipe(user, SOCKET_SLOTS);
    one->packets = other->packets = packets;
    attach(files[0], one, other);
    attach(files[1], other, one);
    one->reader = files[0], other->reader = files[1];
}

struct file *pipe_reader(const struct pipe *pipe) { return pipe->reader; }
struct passed **pipe_passed(struct pipe *pipe) { return &pipe->passed; }
uint64_t pipe_written(const struct pipe *pipe) { return pipe->written; }
uint64_t pipe_consumed(const struct pipe *pipe) { return pipe->consumed; }

void pipe_abort(struct file *file) { file->out->aborted = true; }

bool pipe_aborted(struct pipe *pipe, bool take)
{
    bool aborted = pipe->aborted;
    pipe->aborted &= !take;
    return aborted;
}

void pipe_shut(struct file *file, bool read, bool write)
{
    if (read) leave_side(file->in, true, false);
    if (write) leave_side(file->out, false, true);
}

/* ---- named ones ---- */

static struct pipe *fifo_of(struct user *user, const struct stat *host)
{
    struct pipe *pipe = user->fifos;
    while (pipe && (pipe->device != host->st_dev || pipe->inode != host->st_ino)) pipe = pipe->next;
    if (pipe) return pipe;
    pipe = new_pipe(user, PIPE_SLOTS);
    pipe->number = pipe_next_number(user);
    pipe->device = host->st_dev;
    pipe->inode = host->st_ino;
    pipe->next = user->fifos;
    return user->fifos = pipe;
}

int64_t pipe_open(struct user *user, const struct stat *host, const struct file *of, int flags, struct file **out)
{
    struct pipe *pipe = !of ? fifo_of(user, host) : of->in ? of->in : of->out;
    int mode = flags & O_ACCMODE;
    bool read = mode != O_WRONLY, write = mode != O_RDONLY;
    if (mode == O_WRONLY && flags & O_NONBLOCK && !pipe->readers) {
        join(pipe, true, true);
        leave(user, pipe, true, true); /* nobody may have it */
        return -ENXIO;
    }
    *out = end_of(user, flags, read ? pipe : NULL, write ? pipe : NULL);
    (*out)->mark = write ? pipe->opened_readers : pipe->opened_writers;
    return 0;
}

bool pipe_met(const struct file *file)
{
    return file->out ? file->out->readers || file->out->opened_readers != file->mark
                     : file->in->writers || file->in->opened_writers != file->mark;
}

/* ---- snapshots ---- */

struct pipe *pipe_blank(void) { return calloc(1, sizeof(struct pipe)); }

void pipe_snapshot(struct user_snapshot *u, struct pipe *pipe)
{
    SNAPSHOT_RANGE(u->to, pipe, ends, opened_writers);
    SNAPSHOT(u->to, pipe->number);
    SNAPSHOT_RANGE(u->to, pipe, packets, consumed);
    SNAPSHOT_OBJECT(u, files, pipe->reader);
    SNAPSHOT_OBJECT(u, passed, pipe->passed);
    SNAPSHOT_RANGE(u->to, pipe, device, inode);
    pipe->slots = snapshot_count(u->to, pipe->slots, MESSAGE_SLOTS_MAX);
    SNAPSHOT(u->to, pipe->head);
    pipe->used = snapshot_count(u->to, pipe->used, pipe->slots);
    if (u->to->loading) {
        pipe->slot = calloc(pipe->slots + 1, sizeof *pipe->slot);
        if (!pipe->slot) hw_panic(u->user->core, "no host memory for a pipe of the guest's");
        bool found = host_file_map(u, &pipe->device, &pipe->inode);
        if (!found && host_file_is_known(u, pipe->device, pipe->inode))
            pipe->device = pipe->inode = 0; /* its name is gone, and the number another file's */
    }
    for (unsigned i = 0; i < pipe->used; i++) SNAPSHOT(u->to, *slot_at(pipe, i));
}

void fifos_snapshot(struct user_snapshot *u) { SNAPSHOT_LIST(u, pipes, u->user->fifos); }
