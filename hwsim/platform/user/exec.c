/* exec.c -- execve(2): another static i386 program below the guest's root, or a script whose first line names one,
 * takes the place of the running one. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

enum { STRING_BYTES = 131072, LINE_BYTES = 256, SCRIPTS_MAX = 5 };

/* Arguments or environment, where the old program's end does not reach them; `item` is NULL-terminated. */
struct strings {
    char **item;
    unsigned count, capacity;
};

static void strings_free(struct strings *strings)
{
    for (unsigned i = 0; i < strings->count; i++) free(strings->item[i]);
    free(strings->item);
}

static bool strings_insert(struct strings *strings, unsigned at, const char *text)
{
    char *copy = strdup(text);
    if (strings->count + 1 >= strings->capacity) {
        unsigned capacity = strings->capacity ? 2 * strings->capacity : 32;
        char **more = realloc(strings->item, capacity * sizeof *more);
        if (!copy || !more) {
            free(copy);
            return false;
        }
        strings->item = more;
        strings->capacity = capacity;
    }
    memmove(strings->item + at + 1, strings->item + at, (strings->count - at) * sizeof *strings->item);
    strings->item[at] = copy;
    strings->item[++strings->count] = NULL;
    return copy;
}

/* Copies the strings that a list in guest memory points at; they use up some of `room`. 0 or -errno. */
static int strings_get(struct user *user, uint32_t list, struct strings *strings, uint64_t *room)
{
    char *text = malloc(STRING_BYTES);
    int status = text && strings_insert(strings, 0, "") ? 0 : -ENOMEM;
    uint32_t address = 0;
    if (status == 0)
        free(strings->item[--strings->count]), strings->item[0] = NULL; /* an empty list has its end, too */
    for (; list && status == 0; list += 4) {
        if (!user_get(user, list, &address, sizeof address)) status = -EFAULT;
        if (status < 0 || !address) break;
        int length = user_get_string(user, address, text, STRING_BYTES);
        uint64_t needed = (uint64_t)length + 1 + sizeof address;
        if (length < 0 || needed > *room)
            status = length == -EFAULT ? -EFAULT : -E2BIG;
        else if (!strings_insert(strings, strings->count, text))
            status = -ENOMEM;
        else
            *room -= needed;
    }
    free(text);
    return status;
}

/* ---- finding the program ---- */

/* What memfd_create opened counts as no writer for Linux. */
static bool is_writer(const struct file *file)
{
    return file && file->kind == FILE_REGULAR && (file->flags & O_ACCMODE) != O_RDONLY &&
           !(file->path && strncmp(file->path, "/memfd:", 7) == 0);
}

static bool is_being_written(const struct user *user, int host)
{
    struct stat program, other;
    if (fstat(host, &program) < 0) return false;
    for (unsigned i = 0; i < user->process_count; i++) {
        for (unsigned k = 0; k < GUEST_FILES; k++) {
            const struct file *file = user->processes[i]->files.file[k];
            if (is_writer(file) && fstat(file->host, &other) == 0 && other.st_dev == program.st_dev &&
                other.st_ino == program.st_ino)
                return true;
        }
    }
    return false;
}

/* A host descriptor of what can be run there, or -errno. The place becomes the program's own, not that of a link to it
 * below /proc. */
static int open_program(struct user *user, struct place *place)
{
    struct special_file special = path_special(user, place);
    struct guest_stat status;
    const struct file *file = special.kind == SPECIAL_DESCRIPTOR ? file_of(special.process, special.number) : NULL;
    int64_t result = place_stat(user, place, &status);
    if (result < 0) return (int)result;
    if (!S_ISREG(status.mode) || !(status.mode & 0111)) return -EACCES;
    const char *own = special.kind == SPECIAL_EXE ? special.process->exe_path : file ? file->path : NULL;
    if (own) path_place(place, own);
    int host = special.kind == SPECIAL_EXE ? fcntl(special.process->exe, F_DUPFD_CLOEXEC, 3)
               : file                      ? fcntl(file->host, F_DUPFD_CLOEXEC, 3)
                                           : path_open(user, place, O_RDONLY, 0);
    if (host < 0 || special.kind == SPECIAL_EXE || !is_being_written(user, host)) return host;
    close(host);
    return -ETXTBSY;
}

/* What a script's first line says: the interpreter, and an argument or NULL. False: nothing. */
static bool parse_script(const struct backing *file, char line[LINE_BYTES], char **interpreter, char **argument)
{
    size_t size = file->size < LINE_BYTES - 1 ? (size_t)file->size : LINE_BYTES - 1;
    memcpy(line, file->bytes, size);
    line[size] = 0;
    line[strcspn(line, "\n")] = 0;
    for (size_t end = strlen(line); end > 2 && strchr(" \t", line[end - 1]); end--) line[end - 1] = 0;
    *interpreter = line + 2 + strspn(line + 2, " \t");
    char *rest = *interpreter + strcspn(*interpreter, " \t");
    *argument = rest + strspn(rest, " \t");
    if (!**argument) *argument = NULL;
    *rest = 0;
    return **interpreter;
}

/* The program at `place`, read into program->file, and a descriptor of it, or -errno. On the way through a script
 * `place` becomes its interpreter's, and the arguments change. */
static int find_program(struct user *user, struct program *program, struct place *place, struct strings *argv)
{
    char message[128], line[LINE_BYTES], *interpreter, *argument;
    const char *script = program->name;
    char last[LINE_BYTES];
    for (unsigned depth = 0; depth < SCRIPTS_MAX; depth++) {
        int host = open_program(user, place);
        if (host < 0) return host;
        program->file = load_read(user, host, message, sizeof message);
        bool is_script = program->file && program->file->size > 2 && memcmp(program->file->bytes, "#!", 2) == 0;
        if (!is_script) {
            if (program->file) return host;
            close(host);
            return -ENOEXEC;
        }
        bool usable = parse_script(program->file, line, &interpreter, &argument);
        backing_release(user, program->file);
        program->file = NULL;
        close(host);
        if (!usable) return -ENOEXEC;
        if (argv->count) free(argv->item[0]), argv->item[0] = strdup(script);
        if ((!argv->count && !strings_insert(argv, 0, script)) || (argument && !strings_insert(argv, 0, argument)) ||
            !strings_insert(argv, 0, interpreter))
            return -ENOMEM;
        snprintf(last, sizeof last, "%s", interpreter);
        script = last;
        int status = path_resolve(user, GUEST_AT_FDCWD, interpreter, END_FOLLOW, place);
        if (status < 0) return status;
    }
    return -ELOOP;
}

/* ---- taking its place ---- */

/* From here on there is no way back. */
static void replace(struct user *user, struct program *program, int host)
{
    struct process *process = user->process;
    struct thread *thread = user->thread;
    char error[128];
    task_become_only(user);
    space_release(user, process);
    task_leave_parent(user);
    files_exec(user);
    signals_forget(process);
    timers_delete(process);
    thread->stack = (struct altstack){.flags = STACK_DISABLE};
    memset(thread->tls, 0, sizeof thread->tls);
    thread->call_abandoned = true;
    close(process->exe);
    process->exe = host;
    process->execed = true;
    if (!space_create(user) || !load_program(user, program, error, sizeof error)) task_end_process(user, SIGKILL);
}

static int64_t execute(struct user *user, struct program *program, const uint32_t *a)
{
    struct strings argv = {0}, env = {0};
    struct place place;
    char name[GUEST_PATH_BYTES], message[256];
    uint64_t room = (uint64_t)user->params.stack / 4 - 4096;
    int host = -1, length = user_get_string(user, a[0], name, sizeof name);
    int64_t status = length < 0 ? length : path_resolve(user, GUEST_AT_FDCWD, name, END_FOLLOW, &place);
    program->name = name;
    program->path = place.path;
    if (status == 0) status = strings_get(user, a[1], &argv, &room);
    if (status == 0) status = strings_get(user, a[2], &env, &room);
    if (status == 0) status = host = find_program(user, program, &place, &argv);
    if (status >= 0 &&
        !elf_parse(program->file->bytes, program->file->size, &program->image, message, sizeof message)) {
        if (program->file->size > 4 && memcmp(program->file->bytes, "\177ELF", 4) == 0)
            user_say("the guest's execve of %s: %s", name, message);
        close(host);
        status = -ENOEXEC;
    }
    program->argv = (const char *const *)argv.item;
    program->env = (const char *const *)env.item;
    if (status >= 0) replace(user, program, host);
    backing_release(user, program->file);
    strings_free(&argv);
    strings_free(&env);
    return status < 0 ? status : 0;
}

int64_t sys_execve(struct user *user, const uint32_t *a)
{
    struct program *program = calloc(1, sizeof *program);
    int64_t status = program ? execute(user, program, a) : -ENOMEM;
    free(program);
    return status;
}
