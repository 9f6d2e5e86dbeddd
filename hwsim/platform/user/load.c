/* load.c -- maps the program and builds its first stack, as execve does for a compat process without randomisation. */
#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { STRINGS_MAX = 4096, AUXV_MAX = 24 };

/* popl %eax; movl $__NR_sigreturn, %eax; int $0x80  and  movl $__NR_rt_sigreturn, %eax; int $0x80 */
static const uint8_t trampoline[PAGE_BYTES] = {
    [TRAMPOLINE_SIGRETURN] = 0x58,    0xb8, 119, 0, 0, 0,    0xcd, 0x80,
    [TRAMPOLINE_RT_SIGRETURN] = 0xb8, 173,  0,   0, 0, 0xcd, 0x80,
};

/* What every guest finds in its environment, unless it is set otherwise. */
static const char *const fixed_environment[] = {"HOME=/", "LANG=C", "PATH=/usr/bin:/bin", "TZ=UTC0"};

/* How many of a file's bytes are needed: what does not begin as ELF files do tells by its first ones what it is. */
static uint64_t worth_reading(int descriptor, uint64_t size)
{
    char magic[SELFMAG];
    bool elf = pread(descriptor, magic, sizeof magic, 0) == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG);
    return elf || size < PAGE_BYTES ? size : PAGE_BYTES;
}

/* The bytes of the file that the descriptor is open on; NULL: `error` says why. */
struct backing *load_read(struct user *user, int descriptor, char *error, size_t capacity)
{
    struct stat host;
    if (fstat(descriptor, &host) < 0) {
        snprintf(error, capacity, "%s", strerror(errno));
        return NULL;
    }
    if (!S_ISREG(host.st_mode)) {
        snprintf(error, capacity, "%s", S_ISDIR(host.st_mode) ? "a directory, not a program" : "not a regular file");
        return NULL;
    }
    uint64_t wanted = worth_reading(descriptor, (uint64_t)host.st_size);
    if (wanted > UINT32_MAX) {
        snprintf(error, capacity, "larger than the 4 GiB that an i386 program can be");
        return NULL;
    }
    size_t size = (size_t)wanted, done = 0;
    uint8_t *bytes = malloc(size + 1);
    struct backing *image = bytes ? backing_of_bytes(bytes, size) : NULL;
    if (!image) {
        free(bytes);
        snprintf(error, capacity, "no memory for its %lld bytes", (long long)host.st_size);
        return NULL;
    }
    image->owned = bytes;
    while (done < size) {
        ssize_t got = pread(descriptor, bytes + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            snprintf(error, capacity, "%s", strerror(errno));
            backing_release(user, image);
            return NULL;
        }
        if (got == 0) break;
        done += (size_t)got;
    }
    image->size = done;
    return image;
}

static bool map_segments(struct user *user, const struct elf_image *image, struct backing *file)
{
    bool fits = true;
    if (!file->path) file->path = strdup(user->process->exe_path);
    for (unsigned i = 0; i < image->count && fits; i++) {
        const struct elf_segment *segment = &image->segment[i];
        uint8_t prot =
            (uint8_t)((segment->rights & ELF_READ ? PROT_READ : 0) | (segment->rights & ELF_WRITE ? PROT_WRITE : 0) |
                      (segment->rights & ELF_EXECUTE ? PROT_EXEC : 0));
        uint32_t start = segment->address & ~(uint32_t)(PAGE_BYTES - 1), skip = segment->address - start;
        uint32_t file_end = (uint32_t)round_up(segment->address + segment->file_bytes, PAGE_BYTES);
        uint32_t end = (uint32_t)round_up(segment->address + segment->memory_bytes, PAGE_BYTES);
        uint32_t zero = segment->address + segment->file_bytes;
        if (segment->file_bytes) {
            file->references++;
            space_map(
                user,
                (struct vma){
                    .start = start, .end = file_end, .prot = prot, .backing = file, .offset = segment->offset - skip});
            start = file_end;
            /* What lies behind the segment in the file must not show in its zeroed part. */
            if (segment->memory_bytes > segment->file_bytes && prot & PROT_WRITE && zero < file_end) {
                static const uint8_t zeroes[PAGE_BYTES];
                fits = user_put(user, zero, zeroes, file_end - zero);
            }
        }
        if (start < end) space_map(user, (struct vma){.start = start, .end = end, .prot = prot});
    }
    return fits;
}

static bool map_stack(struct user *user, const struct elf_image *image)
{
    uint8_t prot = PROT_READ | PROT_WRITE | (image->stack == ELF_STACK_PLAIN ? 0 : PROT_EXEC);
    struct backing *code = backing_of_bytes(trampoline, sizeof trampoline);
    if (!code) return false;
    space_map(user, (struct vma){.start = TASK_TOP - (uint32_t)round_up((uint64_t)user->params.stack, PAGE_BYTES),
                                 .end = TASK_TOP,
                                 .prot = prot,
                                 .growth = true});
    space_map(user,
              (struct vma){
                  .start = TRAMPOLINE, .end = TRAMPOLINE + PAGE_BYTES, .prot = PROT_READ | PROT_EXEC, .backing = code});
    return true;
}

/* The stack under construction, downwards. */
struct stack {
    struct user *user;
    uint32_t at, bottom;
    bool full;
};

static uint32_t push(struct stack *stack, const void *from, size_t bytes)
{
    if (stack->full || bytes > stack->at - stack->bottom ||
        !user_put(stack->user, stack->at - (uint32_t)bytes, from, bytes)) {
        stack->full = true;
        return 0;
    }
    return stack->at -= (uint32_t)bytes;
}

static uint32_t push_string(struct stack *stack, const char *text) { return push(stack, text, strlen(text) + 1); }

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* Fills the environment, which ends with a NULL already: fixed entries that `given` does not replace, then the given
 * ones, the last of a name winning. */
static void environment(char *const *given, const char **out)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LENGTH(fixed_environment); i++) {
        bool replaced = false;
        for (unsigned k = 0; given && given[k]; k++) replaced |= same_name(fixed_environment[i], given[k]);
        if (!replaced) out[count++] = fixed_environment[i];
    }
    for (unsigned k = 0; given && given[k] && count < STRINGS_MAX; k++) {
        bool replaced = false;
        for (unsigned later = k + 1; given[later]; later++) replaced |= same_name(given[k], given[later]);
        if (!replaced) out[count++] = given[k];
    }
}

struct auxv {
    uint32_t pair[AUXV_MAX][2];
    unsigned count;
};

static void add(struct auxv *auxv, uint32_t type, uint32_t value)
{
    auxv->pair[auxv->count][0] = type;
    auxv->pair[auxv->count++][1] = value;
}

static struct auxv make_auxv(const struct user *user, const struct elf_image *image, uint32_t random, uint32_t name,
                             uint32_t platform)
{
    struct auxv auxv = {.count = 0};
    add(&auxv, AT_HWCAP, user_cpu(user).edx);
    add(&auxv, AT_PAGESZ, PAGE_BYTES);
    add(&auxv, AT_CLKTCK, 100);
    add(&auxv, AT_PHDR, image->headers);
    add(&auxv, AT_PHENT, 32);
    add(&auxv, AT_PHNUM, image->header_count);
    add(&auxv, AT_BASE, 0);
    add(&auxv, AT_FLAGS, 0);
    add(&auxv, AT_ENTRY, image->entry);
    add(&auxv, AT_UID, GUEST_UID);
    add(&auxv, AT_EUID, GUEST_UID);
    add(&auxv, AT_GID, GUEST_GID);
    add(&auxv, AT_EGID, GUEST_GID);
    add(&auxv, AT_SECURE, 0);
    add(&auxv, AT_RANDOM, random);
    add(&auxv, AT_HWCAP2, 0);
    add(&auxv, AT_EXECFN, name);
    add(&auxv, AT_PLATFORM, platform);
    add(&auxv, AT_NULL, 0);
    return auxv;
}

/* Strings first, as execve copies them: name, environment, arguments; below them platform, random bytes, vectors. */
static bool build_stack(struct user *user, const struct program *program, uint32_t *esp)
{
    static const uint8_t nothing[8];
    unsigned argc = 0, envc = 0, n = 0;
    while (program->argv[argc]) argc++;
    while (program->env[envc]) envc++;
    uint32_t *words = calloc(argc + envc + 3 + 2 * AUXV_MAX, sizeof *words);
    /* Linux lets strings take a quarter of the stack. */
    struct stack stack = {.user = user, .at = TASK_TOP, .bottom = TASK_TOP - (uint32_t)(user->params.stack / 4)};
    if (!words) return false;
    push(&stack, nothing, sizeof nothing);
    uint32_t name = push_string(&stack, program->name);
    words[n++] = argc;
    struct mappings *space = user->process->space;
    space->environment[1] = stack.at;
    for (unsigned i = envc; i-- > 0;) words[1 + argc + 1 + i] = push_string(&stack, program->env[i]);
    space->environment[0] = space->arguments[1] = stack.at;
    for (unsigned i = argc; i-- > 0;) words[1 + i] = push_string(&stack, program->argv[i]);
    space->arguments[0] = stack.at;
    n += argc + 1 + envc + 1;
    stack.at &= ~15u;
    uint32_t platform = push_string(&stack, "i686");
    uint64_t random[2] = {prng_next(&user->random), prng_next(&user->random)};
    struct auxv auxv = make_auxv(user, &program->image, push(&stack, random, sizeof random), name, platform);
    memcpy(words + n, auxv.pair, auxv.count * sizeof auxv.pair[0]);
    n += 2 * auxv.count;
    stack.at = ((stack.at - n * 4) & ~15u) + n * 4;
    *esp = push(&stack, words, n * sizeof *words);
    space->auxiliary[1] = *esp + n * 4;
    space->auxiliary[0] = space->auxiliary[1] - 8 * auxv.count;
    free(words);
    return !stack.full;
}

static void set_registers(struct user *user, uint32_t entry, uint32_t esp)
{
    struct hw_state *state = hw_state(user->core);
    *state = (struct hw_state){0};
    state->r[HOME_EIP] = entry;
    state->r[HOME_ESP] = esp;
    state->r[HOME_EFL] = 0x202;
    state->r[HOME_SEL_LOW] =
        (uint64_t)USER_DS | (uint64_t)USER_CS << 16 | (uint64_t)USER_DS << 32 | (uint64_t)USER_DS << 48;
    state->r[HOME_FCW] = 0x37f;
    state->r[HOME_MXCSR] = 0x1f80;
}

bool load_program(struct user *user, const struct program *program, char *error, size_t capacity)
{
    const struct elf_image *image = &program->image;
    struct mappings *space = user->process->space;
    const char *slash = strrchr(program->name, '/');
    uint32_t esp = 0;
    snprintf(user->process->exe_path, sizeof user->process->exe_path, "%s", program->path);
    memset(user->thread->name, 0, sizeof user->thread->name);
    snprintf(user->thread->name, sizeof user->thread->name, "%.15s", slash ? slash + 1 : program->name);
    space->read_implies_exec = image->stack == ELF_STACK_DEFAULT;
    space->break_start = space->program_break = image->program_break;
    snprintf(error, capacity, "its segments do not fit into the guest's memory");
    if (!map_segments(user, image, program->file) || !map_stack(user, image)) return false;
    snprintf(error, capacity, "its arguments and environment do not fit into a quarter of guest.stack");
    if (!build_stack(user, program, &esp)) return false;
    set_registers(user, image->entry, esp);
    return true;
}

/* ---- the first program ---- */

bool user_load(struct user *user, const struct user_config *config, char *error, size_t capacity)
{
    struct program *program = calloc(1, sizeof *program);
    const char **env = calloc(STRINGS_MAX + LENGTH(fixed_environment) + 1, sizeof *env);
    const char *slash = strrchr(config->program, '/');
    char path[300];
    snprintf(error, capacity, "no memory");
    snprintf(path, sizeof path, "/%.255s", slash ? slash + 1 : config->program);
    bool ok = program && env;
    if (ok) {
        environment(config->env, env);
        program->path = program->name = path;
        program->argv = (const char *const *)config->argv;
        program->env = env;
        user->process->exe = open(config->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (user->process->exe < 0)
            snprintf(error, capacity, "%s", strerror(errno));
        else
            program->file = load_read(user, user->process->exe, error, capacity);
        ok = program->file && elf_parse(program->file->bytes, program->file->size, &program->image, error, capacity) &&
             load_program(user, program, error, capacity);
        backing_release(user, program->file);
    }
    if (ok) hw_commit(user->core, 0, 0, bits_mask(REG_SHADOWED), true);
    free(program);
    free(env);
    return ok;
}
