/* mapping.c -- the system calls that change what is mapped: brk, mmap, munmap, mremap, mprotect, madvise, ... */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

#define PAGE_MASK (~(uint32_t)(PAGE_BYTES - 1))

static uint32_t page_up(uint32_t address) { return (address + PAGE_BYTES - 1) & PAGE_MASK; }
static uint32_t page_down(uint32_t address) { return address & PAGE_MASK; }

int64_t sys_brk(struct user *user, const uint32_t *a)
{
    struct mappings *space = user->process->space;
    uint32_t wanted = a[0], old_end = page_up(space->program_break), new_end = page_up(wanted);
    if (wanted < space->break_start || wanted >= ELF_ADDRESS_MAX) return space->program_break;
    if (new_end < old_end) {
        space_unmap(user, new_end, old_end);
    } else if (new_end > old_end) {
        if (!space_is_free(user, old_end, new_end)) return space->program_break;
        space_map(user, (struct vma){.start = old_end, .end = new_end, .prot = PROT_READ | PROT_WRITE});
    }
    return space->program_break = wanted;
}

int64_t mapping_address(struct user *user, uint32_t hint, uint32_t bytes, uint32_t flags)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (hint % PAGE_BYTES) return -EINVAL;
        if (hint > TASK_TOP || bytes > TASK_TOP - hint) return -ENOMEM;
        if (hint < ELF_ADDRESS_MIN) return -EPERM;
        if (flags & MAP_FIXED_NOREPLACE && !space_is_free(user, hint, hint + bytes)) return -EEXIST;
        return hint;
    }
    if (hint) {
        hint = hint < ELF_ADDRESS_MIN ? ELF_ADDRESS_MIN : page_down(hint);
        if (hint <= TASK_TOP - bytes && space_is_free(user, hint, hint + bytes)) return hint;
    }
    uint32_t found = space_gap(user, bytes);
    return found ? (int64_t)found : -ENOMEM;
}

/* The backing of a mapping of a descriptor: 0 or -errno. */
static int64_t map_file(struct user *user, uint32_t descriptor, uint32_t prot, struct vma *vma)
{
    const struct file *file = file_at(user, descriptor);
    if (!file || file->kind == FILE_PATH) return -EBADF;
    int mode = file->flags & O_ACCMODE;
    vma->read_only = vma->shared && mode == O_RDONLY;
    if (mode == O_WRONLY || (prot & PROT_WRITE && vma->read_only)) return -EACCES;
    bool zero = file->kind == FILE_DEVICE && file->device == DEVICE_ZERO;
    if (zero && !vma->shared) return 0;
    if (!zero && file->kind != FILE_REGULAR && !file->seekable) return -ENODEV;
    vma->backing =
        zero ? backing_of_memory() : backing_of_file(user, file->host, file->path, vma->shared && mode == O_RDWR);
    return vma->backing ? 0 : -ENFILE;
}

static int64_t map(struct user *user, uint32_t hint, uint32_t length, uint32_t prot, uint32_t flags,
                   uint32_t descriptor, uint64_t offset)
{
    uint32_t type = flags & MAP_TYPE;
    if (length == 0 || (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)) return -EINVAL;
    if (length > TASK_TOP) return -ENOMEM;
    if (flags & MAP_HUGETLB) return -ENOMEM;
    uint32_t bytes = page_up(length);
    if (offset > (uint64_t)INT64_MAX - bytes) return -EOVERFLOW;
    struct vma vma = {.prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC), .shared = type != MAP_PRIVATE};
    int64_t address = mapping_address(user, hint, bytes, flags);
    if (address < 0) return address;
    if (!(flags & MAP_ANONYMOUS)) {
        int64_t status = map_file(user, descriptor, prot, &vma);
        if (status < 0) return status;
        vma.offset = offset;
    } else if (vma.shared && !(vma.backing = backing_of_memory())) {
        return -ENOMEM;
    }
    vma.start = (uint32_t)address;
    vma.end = vma.start + bytes;
    space_map(user, vma);
    return address;
}

int64_t sys_mmap(struct user *user, const uint32_t *a)
{
    uint32_t m[6];
    if (!user_get(user, a[0], m, sizeof m)) return -EFAULT;
    if (m[5] % PAGE_BYTES) return -EINVAL;
    return map(user, m[0], m[1], m[2], m[3], m[4], m[5]);
}

int64_t sys_mmap2(struct user *user, const uint32_t *a)
{
    return map(user, a[0], a[1], a[2], a[3], a[4], (uint64_t)a[5] * PAGE_BYTES);
}

/* Checks a page-aligned range below the top of user memory; its end, or -errno. */
static int64_t range_end(uint32_t start, uint32_t length, int error)
{
    if (start % PAGE_BYTES) return -EINVAL;
    uint64_t end = (uint64_t)start + round_up(length, PAGE_BYTES);
    return end <= TASK_TOP ? (int64_t)end : error;
}

int64_t sys_munmap(struct user *user, const uint32_t *a)
{
    int64_t end = range_end(a[0], a[1], -EINVAL);
    if (end < 0 || a[1] == 0) return -EINVAL;
    space_unmap(user, a[0], (uint32_t)end);
    return 0;
}

int64_t sys_mprotect(struct user *user, const uint32_t *a)
{
    uint32_t prot = a[2];
    int64_t end = range_end(a[0], a[1], -ENOMEM);
    if (end < 0 || prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC)) return end < 0 ? end : -EINVAL;
    if (!space_is_mapped(user, a[0], (uint32_t)end)) return -ENOMEM;
    for (unsigned i = space_above(user, a[0]);
         i < user->process->space->count && user->process->space->vmas[i].start < end; i++)
        if (prot & PROT_WRITE && user->process->space->vmas[i].read_only) return -EACCES;
    if (user->process->space->read_implies_exec && prot & PROT_READ) prot |= PROT_EXEC;
    space_protect(user, a[0], (uint32_t)end, prot);
    return 0;
}

int64_t sys_mremap(struct user *user, const uint32_t *a)
{
    uint32_t address = a[0], flags = a[3], to = a[4];
    if (flags & ~(uint32_t)(MREMAP_MAYMOVE | MREMAP_FIXED) || address % PAGE_BYTES || a[1] == 0 || a[2] == 0 ||
        (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    if (a[1] > TASK_TOP || a[2] > TASK_TOP || address > TASK_TOP - page_up(a[1])) return -EINVAL;
    uint32_t old_bytes = page_up(a[1]), new_bytes = page_up(a[2]);
    const struct vma *vma = space_at(user, address);
    if (!vma) return -EFAULT;
    if (flags & MREMAP_FIXED) {
        if (to % PAGE_BYTES || to > TASK_TOP || new_bytes > TASK_TOP - to ||
            (to < address + old_bytes && address < to + new_bytes))
            return -EINVAL;
        if (to < ELF_ADDRESS_MIN) return -EPERM;
    }
    if (new_bytes < old_bytes) {
        if (!space_is_mapped(user, address, address + old_bytes)) return -EFAULT;
        space_unmap(user, address + new_bytes, address + old_bytes);
        old_bytes = new_bytes;
        vma = space_at(user, address);
    }
    if (vma->end < address + old_bytes) return -EFAULT;
    if (!(flags & MREMAP_FIXED)) {
        if (new_bytes == old_bytes) return address;
        uint32_t end = address + old_bytes;
        if (vma->end == end && new_bytes <= TASK_TOP - address && space_is_free(user, end, address + new_bytes)) {
            struct vma more = *vma;
            more.offset += end - more.start;
            more.start = end;
            more.end = address + new_bytes;
            if (more.backing) more.backing->references++;
            space_map(user, more);
            return address;
        }
        if (!(flags & MREMAP_MAYMOVE)) return -ENOMEM;
        to = space_gap(user, new_bytes);
        if (!to) return -ENOMEM;
    }
    space_move(user, address, old_bytes, to, new_bytes);
    return to;
}

int64_t sys_madvise(struct user *user, const uint32_t *a)
{
    int64_t end = range_end(a[0], a[1], -EINVAL);
    if (end < 0) return -EINVAL;
    if (a[2] > MADV_POPULATE_WRITE && a[2] != MADV_HWPOISON) return -EINVAL;
    if (a[2] == MADV_DONTNEED) space_discard(user, a[0], (uint32_t)end);
    return space_is_mapped(user, a[0], (uint32_t)end) ? 0 : -ENOMEM;
}

int64_t sys_mincore(struct user *user, const uint32_t *a)
{
    int64_t end = range_end(a[0], a[1], -ENOMEM);
    if (end < 0) return end;
    if (!space_is_mapped(user, a[0], (uint32_t)end)) return -ENOMEM;
    uint32_t pages = ((uint32_t)end - a[0]) / PAGE_BYTES;
    if (space_accessible(user, a[2], pages, true) != pages) return -EFAULT;
    for (uint32_t i = 0; i < pages; i++) {
        uint8_t resident = space_is_resident(user, a[0] + i * PAGE_BYTES);
        user_put(user, a[2] + i, &resident, 1);
    }
    return 0;
}

int64_t sys_msync(struct user *user, const uint32_t *a)
{
    int64_t end = range_end(a[0], a[1], -ENOMEM);
    if (end < 0) return end;
    if (!space_is_mapped(user, a[0], (uint32_t)end)) return -ENOMEM;
    space_flush(user, a[0], (uint32_t)end);
    return 0;
}
