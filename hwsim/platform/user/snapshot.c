/* snapshot.c -- the emulated Linux's part of a snapshot.
 *
 * First what may fail for the host's sake: the contents of /tmp and /dev/shm, and each descriptor of the host's, which
 * is opened again by the path at which it lies (snapshot_files.c). Then processes, threads, open files, pipes, address
 * spaces, backings, sockets and what these pass on, which point at one another: all are numbered before any is moved,
 * and loading makes them all first. The guest's memory and page tables are the machine's part.
 *
 * Not kept: what the configuration and the command line say. */
#define _GNU_SOURCE
#include "hwsim/platform/user/snapshot.h"
#include "hwsim/platform/user/sockets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OBJECTS_MAX = 1 << 24, MEMORY_MAX = INT32_MAX };

/* ---- the means ---- */

void snapshot_refuse(struct snapshot *snapshot, const char *format, ...)
{
    char reason[sizeof snapshot->reason];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    snapshot_fail(snapshot, reason);
}

static void *made(void *memory)
{
    if (memory) return memory;
    user_say("the host has no memory for this snapshot");
    abort();
}

bool numbered_add(struct numbered *numbered, const void *item)
{
    for (unsigned i = 0; i < numbered->count; i++)
        if (numbered->item[i] == item) return false;
    if (!item) return false;
    if (numbered->count == numbered->capacity) {
        numbered->capacity = numbered->capacity ? 2 * numbered->capacity : 16;
        numbered->item = made(realloc(numbered->item, numbered->capacity * sizeof *numbered->item));
    }
    numbered->item[numbered->count++] = (void *)item;
    return true;
}

void *snapshot_object(struct user_snapshot *u, const struct numbered *numbered, const void *pointer)
{
    uint32_t number = 0;
    if (u->to->loading) {
        number = snapshot_count(u->to, 0, numbered->count);
        return number ? numbered->item[number - 1] : NULL;
    }
    while (pointer && number < numbered->count && numbered->item[number] != pointer) number++;
    if (pointer && number++ == numbered->count)
        snapshot_fail(u->to, "something of the guest's that nothing leads to cannot be saved");
    snapshot_count(u->to, number, numbered->count);
    return (void *)pointer;
}

void *snapshot_memory(struct snapshot *snapshot, void *bytes, size_t *count)
{
    bool there = snapshot_bool(snapshot, bytes != NULL);
    uint64_t size = snapshot_number(snapshot, there && !snapshot->loading ? *count : 0);
    if (size > MEMORY_MAX) snapshot_fail(snapshot, "a piece of it is larger than what can be kept");
    if (snapshot->loading) {
        *count = snapshot->failed ? 0 : (size_t)size;
        bytes = there ? made(malloc(*count + 1)) : NULL;
    }
    if (!there) return NULL;
    snapshot_bytes(snapshot, bytes, *count);
    return bytes;
}

char *snapshot_string(struct snapshot *snapshot, char *string)
{
    size_t length = string && !snapshot->loading ? strlen(string) : 0;
    char *moved = snapshot_memory(snapshot, string, &length);
    if (moved) moved[length] = 0;
    return moved;
}

/* ---- what there is ---- */

static void number_file(struct user_snapshot *u, struct file *file)
{
    if (!numbered_add(&u->files, file)) return;
    numbered_add(&u->pipes, file->in);
    numbered_add(&u->pipes, file->out);
    numbered_add(&u->sockets, file->socket);
    for (uint32_t i = 0; file->socket && i < file->socket->pending_count; i++) number_file(u, file->socket->pending[i]);
}

/* Files in flight, and sockets that nothing but these leads to. */
static void number_passed(struct user_snapshot *u)
{
    for (struct passed *passed = u->user->passed; passed; passed = passed->after) {
        numbered_add(&u->passed, passed);
        number_file(u, passed->holder);
        for (unsigned i = 0; i < passed->count; i++) number_file(u, passed->file[i]);
    }
}

static void number_process(struct user_snapshot *u, struct process *process)
{
    if (!numbered_add(&u->processes, process)) return;
    for (unsigned i = 0; i < GUEST_FILES; i++) number_file(u, process->files.file[i]);
    if (!numbered_add(&u->spaces, process->space)) return;
    for (unsigned i = 0; i < process->space->count; i++) numbered_add(&u->backings, process->space->vmas[i].backing);
}

static void number_thread(struct user_snapshot *u, struct thread *thread)
{
    if (!numbered_add(&u->threads, thread)) return;
    number_process(u, thread->process);
    number_file(u, thread->opening);
}

static void number_all(struct user_snapshot *u)
{
    struct user *user = u->user;
    for (unsigned i = 0; i < user->process_count; i++) number_process(u, user->processes[i]);
    for (unsigned i = 0; i < user->thread_count; i++) number_thread(u, user->threads[i]);
    number_thread(u, user->thread);
    number_thread(u, user->victim);
    number_passed(u);
    for (struct backing *backing = user->backings; backing; backing = backing->next)
        numbered_add(&u->backings, backing);
    shared_memory_number(u);
}

/* Loading: makes as many, empty. */
static void counts_snapshot(struct user_snapshot *u)
{
    static const size_t bytes[] = {sizeof(struct process), sizeof(struct thread),   sizeof(struct file),
                                   0 /* pipes */,          sizeof(struct mappings), sizeof(struct backing),
                                   sizeof(struct socket),  sizeof(struct passed)};
    _Static_assert(LENGTH(bytes) == LENGTH(u->kind), "each kind of object has a size");
    if (!u->to->loading) number_all(u);
    for (unsigned k = 0; k < LENGTH(u->kind); k++) {
        uint32_t count = snapshot_count(u->to, u->kind[k].count, OBJECTS_MAX);
        while (u->to->loading && u->kind[k].count < count)
            numbered_add(&u->kind[k], made(bytes[k] ? calloc(1, bytes[k]) : (void *)pipe_blank()));
    }
    if (!u->to->loading) return;
    for (unsigned i = 0; i < u->files.count; i++) ((struct file *)u->files.item[i])->host = -1;
    for (unsigned i = 0; i < u->backings.count; i++) ((struct backing *)u->backings.item[i])->descriptor = -1;
    for (unsigned i = 0; i < u->processes.count; i++) ((struct process *)u->processes.item[i])->exe = -1;
    for (unsigned i = 0; i < u->sockets.count; i++) ((struct socket *)u->sockets.item[i])->node = -1;
}

/* ---- the host's part ---- */

static void descriptors_snapshot(struct user_snapshot *u)
{
    for (unsigned i = 0; i < u->files.count; i++) {
        struct file *file = u->files.item[i];
        int own = file->kind == FILE_STREAM ? -1 : file->host;
        file->host = host_descriptor_snapshot(u, own, file->path);
        if (!u->to->loading && file->kind == FILE_STREAM) file->host = u->user->stream[file->stream];
    }
    for (unsigned i = 0; i < u->backings.count; i++) {
        struct backing *backing = u->backings.item[i];
        backing->descriptor = host_descriptor_snapshot(u, backing->descriptor, backing->path);
    }
    for (unsigned i = 0; i < u->processes.count; i++) {
        struct process *process = u->processes.item[i];
        process->exe = host_descriptor_snapshot(u, process->exe, process->exe_path);
    }
    for (unsigned i = 0; i < u->sockets.count; i++) {
        struct socket *socket = u->sockets.item[i];
        socket->node = host_descriptor_snapshot(u, socket->node, socket->own.local.sun_path);
    }
}

/* Whatever the guest had read of a pipe is read again, and dropped. */
static bool skip_input(int host, uint64_t bytes)
{
    char block[4096];
    while (bytes) {
        ssize_t got = read(host, block, bytes < sizeof block ? (size_t)bytes : sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes -= (uint64_t)got;
    }
    return true;
}

static void input_snapshot(struct user_snapshot *u)
{
    struct user *user = u->user;
    struct stat host = {0};
    bool now = fstat(user->stream[0], &host) == 0 && S_ISREG(host.st_mode);
    bool regular = snapshot_bool(u->to, now && !user->input_is_stream);
    struct host_file file = {.device = host.st_dev,
                             .inode = host.st_ino,
                             .device_now = host.st_dev,
                             .inode_now = host.st_ino,
                             .descriptor = -1};
    SNAPSHOT_RANGE(u->to, &file, device, inode);
    uint64_t at = snapshot_number(u->to, regular && now ? (uint64_t)lseek(user->stream[0], 0, SEEK_CUR) : 0);
    SNAPSHOT(u->to, user->input_read);
    if (!u->to->loading || u->to->failed) return;
    user->input_is_stream = !regular;
    if (regular && !now)
        snapshot_fail(u->to, "the guest's standard input was a file, and is to be the same one again");
    else if (regular && (at > (uint64_t)host.st_size || lseek(user->stream[0], (off_t)at, SEEK_SET) < 0))
        snapshot_fail(u->to, "the guest's standard input is shorter than what the guest had read of it");
    else if (!regular && !skip_input(user->stream[0], user->input_read))
        snapshot_fail(u->to, "the guest's standard input ends before what the guest had read of it");
    if (regular) host_file_note(u, file);
}

static void host_snapshot(struct user_snapshot *u)
{
    struct stat now = {0};
    struct user *user = u->user;
    snapshot_section(u->to, "host");
    fstat(user->root, &now);
    uint64_t device = snapshot_number(u->to, now.st_dev), inode = snapshot_number(u->to, now.st_ino);
    u->same_root = device == now.st_dev && inode == now.st_ino;
    counts_snapshot(u);
    host_trees_snapshot(u);
    descriptors_snapshot(u);
    host_trees_close(u);
    input_snapshot(u);
    inodes_snapshot(u);
}

/* ---- files, spaces, backings ---- */

static void entries_snapshot(struct snapshot *to, struct file *file)
{
    file->entry_count = snapshot_count(to, file->entry_count, OBJECTS_MAX);
    if (to->loading && file->entry_count) file->entries = made(calloc(file->entry_count, sizeof *file->entries));
    for (unsigned i = 0; i < file->entry_count; i++) {
        file->entries[i].name = snapshot_string(to, file->entries[i].name);
        SNAPSHOT_RANGE(to, &file->entries[i], inode, type);
    }
    file->listed = snapshot_bool(to, file->listed);
}

static void file_snapshot(struct user_snapshot *u, struct file *file)
{
    struct snapshot *to = u->to;
    SNAPSHOT_RANGE(to, file, references, flags);
    SNAPSHOT(to, file->mount);
    file->path = snapshot_string(to, file->path);
    SNAPSHOT_RANGE(to, file, device, seekable);
    if (to->loading && file->kind == FILE_STREAM) file->host = u->user->stream[file->stream];
    SNAPSHOT_OBJECT(u, pipes, file->in);
    SNAPSHOT_OBJECT(u, pipes, file->out);
    SNAPSHOT_RANGE(to, file, packets, awaited);
    if (SNAPSHOT_OBJECT(u, sockets, file->socket)) file->socket->file = file;
    SNAPSHOT_RANGE(to, file, quiet, process);
    epoll_snapshot(u, file);
    SNAPSHOT_RANGE(to, file, watches, changes);
    file->text.bytes = snapshot_memory(to, file->text.bytes, &file->text.used);
    if (to->loading) file->text.capacity = file->text.used;
    SNAPSHOT(to, file->mark);
    entries_snapshot(to, file);
}

static void backing_snapshot(struct user_snapshot *u, struct backing *backing)
{
    struct snapshot *to = u->to;
    struct stat host;
    size_t bytes = (size_t)backing->size;
    SNAPSHOT(to, backing->references);
    backing->writable = snapshot_bool(to, backing->writable);
    SNAPSHOT(to, backing->size);
    uint8_t *content = snapshot_memory(to, (void *)backing->bytes, &bytes);
    if (to->loading) backing->bytes = backing->owned = content;
    backing->path = snapshot_string(to, backing->path);
    backing->pages = snapshot_count(to, backing->pages, OBJECTS_MAX);
    if (to->loading) {
        backing->capacity = backing->pages;
        if (backing->pages) backing->page = made(calloc(backing->pages, sizeof *backing->page));
        if (backing->descriptor >= 0 && fstat(backing->descriptor, &host) == 0)
            backing->device = host.st_dev, backing->inode = host.st_ino;
    }
    for (unsigned i = 0; i < backing->pages; i++) SNAPSHOT_RANGE(to, &backing->page[i], index, dirty);
}

static void space_snapshot(struct user_snapshot *u, struct mappings *space)
{
    struct snapshot *to = u->to;
    SNAPSHOT_RANGE(to, space, cr3, id);
    space->count = snapshot_count(to, space->count, OBJECTS_MAX);
    if (to->loading) {
        space->capacity = space->count ? space->count : 1;
        space->vmas = made(calloc(space->capacity, sizeof *space->vmas));
    }
    for (unsigned i = 0; i < space->count; i++) {
        SNAPSHOT_RANGE(to, &space->vmas[i], start, growth);
        SNAPSHOT_OBJECT(u, backings, space->vmas[i].backing);
        SNAPSHOT(to, space->vmas[i].offset);
    }
    space->ldt = segments_snapshot(u, space->ldt);
}

/* ---- tasks ---- */

static void process_snapshot(struct user_snapshot *u, struct process *process)
{
    struct snapshot *to = u->to;
    SNAPSHOT_RANGE(to, process, id, pending);
    SNAPSHOT_OBJECT(u, spaces, process->space);
    SNAPSHOT_RANGE(to, process, action, timer);
    timers_snapshot(u, process);
    SNAPSHOT(to, process->limit);
    for (unsigned i = 0; i < GUEST_FILES; i++) SNAPSHOT_OBJECT(u, files, process->files.file[i]);
    SNAPSHOT(to, process->files.close_on_exec);
    SNAPSHOT_RANGE(to, process, cwd, file_mask);
    SNAPSHOT(to, process->exe_path);
}

static void thread_snapshot(struct user_snapshot *u, struct thread *thread)
{
    SNAPSHOT_OBJECT(u, processes, thread->process);
    SNAPSHOT_RANGE(u->to, thread, id, futex);
    ipc_wait_snapshot(u, thread);
    SNAPSHOT_RANGE(u->to, thread, blocked, written);
    SNAPSHOT_OBJECT(u, files, thread->opening);
    SNAPSHOT_RANGE(u->to, thread, child, call_abandoned);
}

/* The tables of those that are alive, or not forgotten. */
static void tables_snapshot(struct user_snapshot *u)
{
    struct user *user = u->user;
    user->process_count = snapshot_count(u->to, user->process_count, u->processes.count);
    user->thread_count = snapshot_count(u->to, user->thread_count, u->threads.count);
    if (u->to->loading) {
        user->process_capacity = user->process_count + 1;
        user->thread_capacity = user->thread_count + 1;
        user->processes = made(calloc(user->process_capacity, sizeof *user->processes));
        user->threads = made(calloc(user->thread_capacity, sizeof *user->threads));
    }
    for (unsigned i = 0; i < user->process_count; i++) SNAPSHOT_OBJECT(u, processes, user->processes[i]);
    for (unsigned i = 0; i < user->thread_count; i++) SNAPSHOT_OBJECT(u, threads, user->threads[i]);
    SNAPSHOT_OBJECT(u, processes, user->process);
    SNAPSHOT_OBJECT(u, threads, user->thread);
    SNAPSHOT_OBJECT(u, threads, user->victim);
}

static void files_snapshot(struct user_snapshot *u)
{
    snapshot_section(u->to, "files");
    for (unsigned i = 0; i < u->files.count; i++) file_snapshot(u, u->files.item[i]);
    for (unsigned i = 0; i < u->pipes.count; i++) pipe_snapshot(u, u->pipes.item[i]);
    fifos_snapshot(u);
    for (unsigned i = 0; i < u->sockets.count; i++) socket_snapshot(u, u->sockets.item[i]);
    SNAPSHOT_LIST(u, sockets, u->user->sockets);
    passed_snapshot(u);
    epolls_snapshot(u);
    SNAPSHOT_LIST(u, files, u->user->timer_files);
    locks_snapshot(u);
}

static void spaces_snapshot(struct user_snapshot *u)
{
    snapshot_section(u->to, "spaces");
    for (unsigned i = 0; i < u->spaces.count; i++) space_snapshot(u, u->spaces.item[i]);
    for (unsigned i = 0; i < u->backings.count; i++) backing_snapshot(u, u->backings.item[i]);
    SNAPSHOT_LIST(u, backings, u->user->backings);
}

static void output_snapshot(struct user_snapshot *u)
{
    for (unsigned i = 0; i < LENGTH(u->user->output); i++) {
        struct printed *output = &u->user->output[i];
        output->bytes = snapshot_memory(u->to, output->bytes, &output->used);
        if (u->to->loading) output->capacity = output->used;
    }
}

static void system_snapshot(struct user_snapshot *u)
{
    struct user *user = u->user;
    struct snapshot *to = u->to;
    snapshot_section(to, "system");
    SNAPSHOT(to, user->stats);
    SNAPSHOT_RANGE(to, &user->status, end, eip);
    user->status.note = snapshot_bool(to, user->status.note) ? user->note : NULL;
    SNAPSHOT(to, user->note);
    SNAPSHOT_RANGE(to, user, next_id, yield);
    SNAPSHOT_RANGE(to, user, futex_turn, random);
    SNAPSHOT(to, user->pipes_made);
    SNAPSHOT(to, user->refused);
    SNAPSHOT_RANGE(to, user, fault_insns, fault_repeats);
    terminal_snapshot(u);
    output_snapshot(u);
}

static void all_snapshot(struct user_snapshot *u)
{
    host_snapshot(u);
    if (u->to->failed) return;
    snapshot_section(u->to, "tasks");
    for (unsigned i = 0; i < u->processes.count; i++) process_snapshot(u, u->processes.item[i]);
    for (unsigned i = 0; i < u->threads.count; i++) thread_snapshot(u, u->threads.item[i]);
    tables_snapshot(u);
    files_snapshot(u);
    spaces_snapshot(u);
    snapshot_section(u->to, "ipc");
    shared_memory_snapshot(u);
    semaphores_snapshot(u);
    message_queues_snapshot(u);
    system_snapshot(u);
}

/* ---- both ends ---- */

static void forget(struct user_snapshot *u)
{
    for (unsigned k = 0; k < LENGTH(u->kind); k++) free(u->kind[k].item);
    host_files_forget(u);
}

void user_snapshot(struct user *user, struct snapshot *snapshot)
{
    struct user_snapshot u = {.to = snapshot, .user = user};
    all_snapshot(&u);
    forget(&u);
}

/* What the host's part has made: nothing points at anything yet. */
static void discard(struct user_snapshot *u)
{
    for (unsigned i = 0; i < u->files.count; i++) close(((struct file *)u->files.item[i])->host);
    for (unsigned i = 0; i < u->backings.count; i++) close(((struct backing *)u->backings.item[i])->descriptor);
    for (unsigned i = 0; i < u->processes.count; i++) close(((struct process *)u->processes.item[i])->exe);
    for (unsigned i = 0; i < u->sockets.count; i++) close(((struct socket *)u->sockets.item[i])->node);
    for (unsigned k = 0; k < LENGTH(u->kind); k++)
        for (unsigned i = 0; i < u->kind[k].count; i++) free(u->kind[k].item[i]);
}

bool user_load_snapshot(struct user *user, const char *program, struct snapshot *snapshot)
{
    struct user_snapshot u = {.to = snapshot, .user = user, .program = program};
    all_snapshot(&u);
    if (snapshot->failed && !user->process_count) discard(&u);
    forget(&u);
    return !snapshot->failed;
}

void user_output(const struct user *user, unsigned stream, const void **bytes, size_t *count)
{
    *bytes = user->output[stream - 1].bytes;
    *count = user->output[stream - 1].used;
}
