/* special.c -- what lies in /dev and /proc: a table of names, and what each of them is. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwsim/platform/user/internal.h"

static const struct special_row dev_rows[] = {
#define DEVICE(name, text, major, minor) {.path = text, .kind = SPECIAL_DEVICE, .device = DEVICE_##name},
#include "hwsim/platform/user/devices.def"
#undef DEVICE
    {.path = "fd", .kind = SPECIAL_LINK, .target = "/proc/self/fd"},
    {.path = "stdin", .kind = SPECIAL_LINK, .target = "/proc/self/fd/0"},
    {.path = "stdout", .kind = SPECIAL_LINK, .target = "/proc/self/fd/1"},
    {.path = "stderr", .kind = SPECIAL_LINK, .target = "/proc/self/fd/2"},
};

static const struct special_rows dev = {dev_rows, LENGTH(dev_rows)};

/* Is `path` the directory `top` or below it? What is left of it then, else NULL. */
static const char *below(const char *path, const char *top)
{
    size_t length = strlen(top);
    if (strncmp(path, top, length) != 0 || (path[length] && path[length] != '/')) return NULL;
    return path + length + (path[length] == '/');
}

static bool parse_number(const char *text, size_t length, unsigned *number)
{
    uint64_t value = 0;
    if (!length || length > 9 || (length > 1 && *text == '0')) return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *number = (unsigned)value;
    return true;
}

static struct special_file find_row(struct special_rows rows, const char *inside, struct process *process)
{
    struct special_file found = {.process = process};
    if (!*inside) found.kind = SPECIAL_DIRECTORY;
    for (unsigned i = 0; i < rows.count && found.kind == SPECIAL_NONE; i++) {
        const char *rest = below(rows.row[i].path, inside);
        if (!rest) continue;
        found.row = *rest ? NULL : &rows.row[i];
        found.kind = *rest ? SPECIAL_DIRECTORY : rows.row[i].kind;
        found.number = rows.row[i].device;
    }
    return found;
}

/* Where `inside` is /proc/PID or /proc/PID/task/TID or below: that process, and what is left of the path. */
static struct process *find_process(const struct user *user, const char **inside)
{
    size_t length = strcspn(*inside, "/");
    unsigned id, task;
    if (!parse_number(*inside, length, &id)) return NULL;
    struct process *process = task_process(user, id);
    const char *rest = *inside + length + ((*inside)[length] == '/');
    if (!process) return NULL;
    *inside = rest;
    if (strncmp(rest, "task/", 5) != 0) return process;
    length = strcspn(rest + 5, "/");
    const struct thread *thread = parse_number(rest + 5, length, &task) ? task_thread(user, task) : NULL;
    if (!thread || thread->process != process) return process;
    *inside = rest + 5 + length + (rest[5 + length] == '/');
    return process;
}

static struct special_file proc_special(const struct user *user, const char *inside)
{
    struct process *process = find_process(user, &inside);
    unsigned number;
    if (!process) return find_row(proc_system, inside, NULL);
    if (strcmp(inside, "fd") == 0 || strcmp(inside, "task") == 0)
        return (struct special_file){.kind = SPECIAL_DIRECTORY, .process = process};
    if (strncmp(inside, "fd/", 3) == 0 && parse_number(inside + 3, strlen(inside + 3), &number))
        return (struct special_file){
            .kind = file_of(process, number) ? SPECIAL_DESCRIPTOR : SPECIAL_NONE, .number = number, .process = process};
    return find_row(proc_process, inside, process);
}

struct special_file path_special(const struct user *user, const struct place *place)
{
    const char *inside = strcmp(place->inside, ".") == 0 ? "" : place->inside;
    if (place->mount == MOUNT_DEV) return find_row(dev, inside, NULL);
    return place->mount == MOUNT_PROC ? proc_special(user, inside) : (struct special_file){.kind = SPECIAL_NONE};
}

void special_print(struct user *user, const struct special_file *special, struct printed *text)
{
    if (special->kind == SPECIAL_DESCRIPTOR)
        file_name(file_of(special->process, special->number), text);
    else if (special->row->target)
        printed_add(text, "%s", special->row->target);
    else
        special->row->print(user, special->process, text);
}

/* ---- listing ---- */

static void list_rows(struct special_rows rows, const char *inside, special_lister *add, void *cookie)
{
    for (unsigned i = 0; i < rows.count; i++) {
        const char *rest = below(rows.row[i].path, inside);
        char name[64];
        if (!*inside) rest = rows.row[i].path;
        if (!rest || !*rest) continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(rest, "/"), rest);
        add(cookie, name);
    }
}

static void list_number(special_lister *add, void *cookie, unsigned number)
{
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    add(cookie, name);
}

void special_list(struct user *user, const struct place *place, special_lister *add, void *cookie)
{
    const char *inside = strcmp(place->inside, ".") == 0 ? "" : place->inside;
    if (place->mount == MOUNT_DEV) {
        list_rows(dev, inside, add, cookie);
        if (!*inside) add(cookie, "shm");
        return;
    }
    struct process *process = find_process(user, &inside);
    if (!process) {
        list_rows(proc_system, inside, add, cookie);
        for (unsigned i = 0; !*inside && i < user->process_count; i++) list_number(add, cookie, user->processes[i]->id);
    } else if (strcmp(inside, "fd") == 0) {
        for (unsigned i = 0; i < GUEST_FILES; i++)
            if (file_of(process, i)) list_number(add, cookie, i);
    } else if (strcmp(inside, "task") == 0) {
        for (unsigned i = 0; i < user->thread_count; i++)
            if (user->threads[i]->process == process) list_number(add, cookie, user->threads[i]->id);
    } else {
        list_rows(proc_process, inside, add, cookie);
        if (!*inside) add(cookie, "fd"), add(cookie, "task");
    }
}
