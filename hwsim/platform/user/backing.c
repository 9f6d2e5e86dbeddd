/* backing.c -- where mapped pages come from, and the pages that shared mappings show: one frame for each page of a file
 * (by its inode, however it was opened), memfd, or piece of shared anonymous memory, so that all its mappings, and
 * read and write on it, see the same bytes. A frame here belongs to the backing; mappings only point at it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

static struct backing *create(struct backing content)
{
    struct backing *backing = calloc(1, sizeof *backing);
    content.references = 1;
    if (backing) *backing = content;
    return backing;
}

struct backing *backing_of_bytes(const void *bytes, uint64_t size)
{
    return create((struct backing){.descriptor = -1, .bytes = bytes, .size = size});
}

struct backing *backing_of_memory(void) { return create((struct backing){.descriptor = -1, .size = UINT64_MAX}); }

static struct backing *find(const struct user *user, const struct stat *host)
{
    struct backing *backing = user->backings;
    while (backing && (backing->device != host->st_dev || backing->inode != host->st_ino)) backing = backing->next;
    return backing;
}

/* A description of its own, which appends nothing; the guest's, where the host does not open the file again. */
static int open_own(int descriptor, bool writable)
{
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    int own = open(name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
    return own >= 0 ? own : fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

struct backing *backing_of_file(struct user *user, int descriptor, const char *path, bool writable)
{
    struct stat host;
    int own = open_own(descriptor, writable);
    if (own < 0 || fstat(own, &host) < 0) {
        if (own >= 0) close(own);
        return NULL;
    }
    struct backing *backing = find(user, &host);
    if (!backing) {
        backing = create((struct backing){.descriptor = own,
                                          .writable = writable,
                                          .device = host.st_dev,
                                          .inode = host.st_ino,
                                          .next = user->backings});
        if (!backing) {
            close(own);
            return NULL;
        }
        backing->path = path ? strdup(path) : NULL;
        return user->backings = backing;
    }
    backing->references++;
    if (writable && !backing->writable) { /* what was opened to read cannot be written back to */
        int old = backing->descriptor;
        backing->descriptor = own;
        backing->writable = true;
        own = old;
    }
    close(own);
    return backing;
}

uint64_t backing_size(const struct backing *backing)
{
    struct stat host;
    if (backing->descriptor < 0) return backing->size;
    return fstat(backing->descriptor, &host) == 0 ? (uint64_t)host.st_size : 0;
}

/* ---- its pages ---- */

/* The first page that it holds from `index` on. */
static unsigned above(const struct backing *backing, uint64_t index)
{
    unsigned low = 0, high = backing->pages;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (backing->page[middle].index >= index)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static struct backed_page *page_at(const struct backing *backing, uint64_t index)
{
    unsigned i = above(backing, index);
    return i < backing->pages && backing->page[i].index == index ? &backing->page[i] : NULL;
}

/* As much of the page as the host's file has. */
static size_t read_page(const struct backing *backing, uint64_t index, uint8_t to[PAGE_BYTES])
{
    uint64_t offset = index * PAGE_BYTES;
    if (backing->descriptor >= 0) {
        ssize_t got = pread(backing->descriptor, to, PAGE_BYTES, (off_t)offset);
        return got > 0 ? (size_t)got : 0;
    }
    if (!backing->bytes || offset >= backing->size) return 0;
    size_t bytes = backing->size - offset < PAGE_BYTES ? (size_t)(backing->size - offset) : PAGE_BYTES;
    memcpy(to, backing->bytes + offset, bytes);
    return bytes;
}

uint64_t backing_copy(struct user *user, const struct backing *backing, uint64_t offset)
{
    uint8_t buffer[PAGE_BYTES];
    const struct backed_page *page = page_at(backing, offset / PAGE_BYTES);
    const uint8_t *from = page ? physical_frame(user->physical, page->frame) : buffer;
    size_t bytes = page ? PAGE_BYTES : read_page(backing, offset / PAGE_BYTES, buffer);
    uint64_t frame = physical_allocate(user->physical);
    if (frame && bytes) physical_write(user->physical, frame << PAGE_BITS, from, bytes);
    return frame;
}

uint64_t backing_share(struct user *user, struct backing *backing, uint64_t offset)
{
    uint64_t index = offset / PAGE_BYTES;
    const struct backed_page *page = page_at(backing, index);
    if (page) return page->frame;
    if (backing->pages == backing->capacity) {
        unsigned capacity = backing->capacity ? 2 * backing->capacity : 16;
        struct backed_page *more = realloc(backing->page, capacity * sizeof *more);
        if (!more) return 0;
        backing->page = more;
        backing->capacity = capacity;
    }
    uint64_t frame = backing_copy(user, backing, offset);
    if (!frame) return 0;
    unsigned at = above(backing, index);
    memmove(backing->page + at + 1, backing->page + at, (backing->pages - at) * sizeof backing->page[0]);
    backing->page[at] = (struct backed_page){.index = index, .frame = frame};
    backing->pages++;
    return frame;
}

void backing_dirty(struct backing *backing, uint64_t offset)
{
    struct backed_page *page = page_at(backing, offset / PAGE_BYTES);
    if (page) page->dirty = true;
}

void backing_flush(struct user *user, struct backing *backing)
{
    if (backing->descriptor < 0) return;
    uint64_t size = backing_size(backing);
    for (unsigned i = 0; i < backing->pages; i++) {
        struct backed_page *page = &backing->page[i];
        uint64_t offset = page->index * PAGE_BYTES;
        if (!page->dirty || offset >= size) continue;
        size_t bytes = size - offset < PAGE_BYTES ? (size_t)(size - offset) : PAGE_BYTES;
        /* A host file that can no longer be written loses the page, as it would on Linux. */
        page->dirty =
            pwrite(backing->descriptor, physical_frame(user->physical, page->frame), bytes, (off_t)offset) < 0;
    }
}

/* Gives up the pages from `index` on. No mapping may point at them any more. */
static void drop(struct user *user, struct backing *backing, uint64_t index)
{
    unsigned first = above(backing, index);
    for (unsigned i = first; i < backing->pages; i++) physical_release(user->physical, backing->page[i].frame);
    backing->pages = first;
}

void backing_release(struct user *user, struct backing *backing)
{
    if (!backing) return;
    backing->references--;
    if (backing->segment) shared_memory_left(user, backing->segment);
    if (backing->references) return;
    backing_flush(user, backing);
    drop(user, backing, 0);
    struct backing **link = &user->backings;
    while (*link && *link != backing) link = &(*link)->next;
    if (*link) *link = backing->next;
    if (backing->descriptor >= 0) close(backing->descriptor);
    free(backing->page);
    free(backing->owned);
    free(backing->path);
    free(backing);
}

/* ---- what a file's own calls have to do with its pages ---- */

/* The part of [offset, offset + bytes) that lies in a page: where in the page, where in the range, and how long. */
struct overlap {
    size_t in_page, in_range, bytes;
};
static struct overlap overlap(const struct backed_page *page, uint64_t offset, size_t bytes)
{
    uint64_t start = page->index * PAGE_BYTES, first = start > offset ? start : offset;
    uint64_t last = start + PAGE_BYTES < offset + bytes ? start + PAGE_BYTES : offset + bytes;
    return (struct overlap){(size_t)(first - start), (size_t)(first - offset),
                            last > first ? (size_t)(last - first) : 0};
}

static struct backing *shown(const struct user *user, int host)
{
    struct stat status;
    if (!user->backings || fstat(host, &status) < 0) return NULL;
    struct backing *backing = find(user, &status);
    return backing && backing->pages ? backing : NULL;
}

void backing_read(struct user *user, int host, uint8_t *to, size_t bytes, uint64_t offset)
{
    const struct backing *backing = shown(user, host);
    if (!backing || !bytes) return;
    for (unsigned i = above(backing, offset / PAGE_BYTES); i < backing->pages; i++) {
        struct overlap part = overlap(&backing->page[i], offset, bytes);
        if (!part.bytes) break;
        memcpy(to + part.in_range, physical_frame(user->physical, backing->page[i].frame) + part.in_page, part.bytes);
    }
}

void backing_write(struct user *user, int host, const uint8_t *from, size_t bytes, uint64_t offset)
{
    const struct backing *backing = shown(user, host);
    if (!backing || !bytes) return;
    for (unsigned i = above(backing, offset / PAGE_BYTES); i < backing->pages; i++) {
        struct overlap part = overlap(&backing->page[i], offset, bytes);
        if (!part.bytes) break;
        physical_write(user->physical, (backing->page[i].frame << PAGE_BITS) + part.in_page, from + part.in_range,
                       part.bytes);
    }
}

void backing_resize(struct user *user, int host, uint64_t old, uint64_t size)
{
    struct stat status;
    struct backing *backing = user->backings && fstat(host, &status) == 0 ? find(user, &status) : NULL;
    if (!backing) return;
    uint64_t whole = round_up(size, PAGE_BYTES), end = size < old ? size : old;
    space_forget(user, backing, whole);
    drop(user, backing, whole / PAGE_BYTES);
    /* What a program left behind the end of the last page must not come back when the file grows. */
    const struct backed_page *last = end % PAGE_BYTES ? page_at(backing, end / PAGE_BYTES) : NULL;
    if (last)
        physical_clear(user->physical, (last->frame << PAGE_BITS) + end % PAGE_BYTES, PAGE_BYTES - end % PAGE_BYTES);
}
