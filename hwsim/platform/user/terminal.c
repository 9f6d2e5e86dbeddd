/* terminal.c -- what a program asks of its terminal. With guest.tty the streams look like one of 80 by 24; where the
 * host's are one, its modes follow the guest's until the run ends. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hwsim/platform/user/snapshot.h"

/* The kernel's numbers, the same on every x86. */
enum {
    G_TCGETS = 0x5401,
    G_TCSETS,
    G_TCSETSW,
    G_TCSETSF,
    G_TCGETA,
    G_TCSETA,
    G_TCSETAW,
    G_TCSETAF,
    G_TCSBRK,
    G_TCXONC,
    G_TCFLSH,
    G_TIOCSCTTY = 0x540e,
    G_TIOCGPGRP,
    G_TIOCSPGRP,
    G_TIOCOUTQ,
    G_TIOCGWINSZ = 0x5413,
    G_TIOCSWINSZ,
    G_TIOCNOTTY = 0x5422,
    G_TCSBRKP = 0x5425,
    G_TIOCGSID = 0x5429,
};
enum {
    OLD_BYTES = 18,
    OLD_CHARACTERS = 8,
    CHARACTERS_AT = 17
}; /* struct termio: four modes of 16 bits, line, characters */

static bool is_terminal(const struct user *user, const struct file *file)
{
    if (file->kind == FILE_DEVICE) return file->device == DEVICE_TTY;
    return file->kind == FILE_STREAM && user->params.tty && !file->seekable;
}

/* The host's terminal, or -1. */
static int host_terminal(const struct user *user) { return isatty(user->stream[0]) ? user->stream[0] : -1; }

/* As a terminal is after login: ICRNL IXON; OPOST ONLCR; 38400 CS8 CREAD; ISIG ICANON ECHO ... */
static void login_modes(uint8_t modes[TERMIOS_BYTES])
{
    static const uint32_t flags[4] = {0x500, 5, 0xbf, 0x8a3b};
    static const uint8_t characters[17] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0};
    memset(modes, 0, TERMIOS_BYTES);
    memcpy(modes, flags, sizeof flags);
    memcpy(modes + CHARACTERS_AT, characters, sizeof characters);
}

static void get_modes(const struct user *user, uint8_t modes[TERMIOS_BYTES])
{
    int host = host_terminal(user);
    if (host >= 0 && ioctl(host, G_TCGETS, modes) == 0) return;
    if (user->terminal.set)
        memcpy(modes, user->terminal.modes, TERMIOS_BYTES);
    else
        login_modes(modes);
}

static int64_t set_modes(struct user *user, const uint8_t modes[TERMIOS_BYTES])
{
    struct terminal *terminal = &user->terminal;
    int host = host_terminal(user);
    if (!terminal->set) get_modes(user, terminal->old);
    terminal->set = true;
    memcpy(terminal->modes, modes, TERMIOS_BYTES);
    if (host >= 0) ioctl(host, G_TCSETSW, modes);
    return 0;
}

void terminal_restore(struct user *user)
{
    int host = user->terminal.set ? host_terminal(user) : -1;
    if (host >= 0) ioctl(host, G_TCSETSW, user->terminal.old);
}

static int64_t get_old_modes(struct user *user, uint32_t address)
{
    uint8_t modes[TERMIOS_BYTES], old[OLD_BYTES] = {0};
    get_modes(user, modes);
    for (unsigned i = 0; i < 4; i++) memcpy(old + 2 * i, modes + 4 * i, 2);
    memcpy(old + 8, modes + 16, 1 + OLD_CHARACTERS);
    return user_put(user, address, old, sizeof old) ? 0 : -EFAULT;
}

static int64_t set_old_modes(struct user *user, uint32_t address)
{
    uint8_t modes[TERMIOS_BYTES], old[OLD_BYTES];
    if (!user_get(user, address, old, sizeof old)) return -EFAULT;
    get_modes(user, modes);
    for (unsigned i = 0; i < 4; i++) memcpy(modes + 4 * i, old + 2 * i, 2);
    memcpy(modes + 16, old + 8, 1 + OLD_CHARACTERS);
    return set_modes(user, modes);
}

static int64_t get_size(struct user *user, uint32_t address)
{
    uint16_t size[4] = {24, 80, 0, 0};
    int host = host_terminal(user);
    if (user->terminal.size[0])
        memcpy(size, user->terminal.size, sizeof size);
    else if (host >= 0)
        ioctl(host, G_TIOCGWINSZ, size);
    return user_put(user, address, size, sizeof size) ? 0 : -EFAULT;
}

/* ---- job control ---- */

void terminal_attach(struct user *user)
{
    user->process->terminal = user->params.tty;
    user->terminal.session = user->terminal.group = user->params.tty ? GUEST_PID : 0;
}

int64_t terminal_allows(struct user *user, const struct file *file, int signal)
{
    const struct process *self = user->process;
    uint32_t foreground = user->terminal.group;
    if (!self->terminal || !foreground || self->group == foreground || !is_terminal(user, file)) return 0;
    if (signal_ignored(self, signal) || user->thread->blocked & SIGNAL_BIT(signal)) return signal == SIGTTIN ? -EIO : 0;
    if (task_is_orphaned(user, self->group, NULL)) return -EIO;
    signal_send_group(user, self->group, (struct signal_info){.number = signal, .code = SIGNAL_KERNEL});
    return RESTART_ALWAYS;
}

int64_t terminal_allows_output(struct user *user, const struct file *file)
{
    enum { LOCAL_FLAGS_AT = 12, G_TOSTOP = 0x100 };
    uint8_t modes[TERMIOS_BYTES];
    uint32_t local;
    if (!user->process->terminal || !is_terminal(user, file)) return 0;
    get_modes(user, modes);
    memcpy(&local, modes + LOCAL_FLAGS_AT, sizeof local);
    return local & G_TOSTOP ? terminal_allows(user, file, SIGTTOU) : 0;
}

/* The session has no terminal any more; who used it hears of that. */
static void give_up(struct user *user)
{
    struct terminal *terminal = &user->terminal;
    uint32_t group = terminal->group, session = terminal->session;
    terminal->group = terminal->session = 0;
    for (unsigned i = 0; i < user->process_count; i++)
        user->processes[i]->terminal &= user->processes[i]->session != session;
    if (!group) return;
    signal_send_group(user, group, (struct signal_info){.number = SIGHUP, .code = SIGNAL_KERNEL});
    signal_send_group(user, group, (struct signal_info){.number = SIGCONT, .code = SIGNAL_KERNEL});
}

void terminal_detach(struct user *user)
{
    struct process *self = user->process;
    if (self->terminal && self->session == self->id) give_up(user);
    self->terminal = false;
}

static int64_t become_controlling(struct user *user)
{
    struct process *self = user->process;
    bool leader = self->session == self->id;
    if (leader && user->terminal.session == self->session) return 0;
    if (!leader || self->terminal || user->terminal.session) return -EPERM;
    self->terminal = true;
    user->terminal.session = self->session;
    user->terminal.group = self->group;
    return 0;
}

/* The session that an id means, of a group or else of a process; 0: there is no such id. */
static uint32_t session_of(const struct user *user, uint32_t id)
{
    const struct process *process = task_process(user, id);
    for (unsigned i = 0; i < user->process_count; i++)
        if (user->processes[i]->group == id) return user->processes[i]->session;
    return process ? process->session : 0;
}

static int64_t set_foreground(struct user *user, const struct file *file, uint32_t address)
{
    const struct process *self = user->process;
    uint32_t group;
    int64_t status = terminal_allows(user, file, SIGTTOU);
    if (status < 0) return status == -EIO ? -ENOTTY : status;
    if (!user_get(user, address, &group, sizeof group)) return -EFAULT;
    if ((int32_t)group < 0) return -EINVAL;
    if (!self->terminal || user->terminal.session != self->session) return -ENOTTY;
    uint32_t session = session_of(user, group);
    if (session != self->session) return session ? -EPERM : -ESRCH;
    user->terminal.group = group;
    return 0;
}

static int64_t get_id(struct user *user, uint32_t id, uint32_t address)
{
    if (!user->process->terminal) return -ENOTTY;
    return user_put(user, address, &id, sizeof id) ? 0 : -EFAULT;
}

static int64_t set_size(struct user *user, uint32_t address)
{
    struct terminal *terminal = &user->terminal;
    uint16_t size[4];
    if (!user_get(user, address, size, sizeof size)) return -EFAULT;
    bool changed = memcmp(size, terminal->size, sizeof size) != 0;
    memcpy(terminal->size, size, sizeof size);
    if (changed && terminal->group)
        signal_send_group(user, terminal->group, (struct signal_info){.number = SIGWINCH, .code = SIGNAL_KERNEL});
    return 0;
}

/* ---- ioctl ---- */

/* Does it change something that is not for background processes to change? */
static bool is_change(uint32_t request)
{
    switch (request) {
    case G_TCSETS:
    case G_TCSETSW:
    case G_TCSETSF:
    case G_TCSETA:
    case G_TCSETAW:
    case G_TCSETAF:
    case G_TCSBRK:
    case G_TCSBRKP:
    case G_TCXONC:
    case G_TCFLSH: return true;
    default: return false;
    }
}

int64_t terminal_control(struct user *user, const struct file *file, uint32_t request, uint32_t address)
{
    const struct terminal *terminal = &user->terminal;
    uint8_t modes[TERMIOS_BYTES];
    uint32_t word = 0;
    if (!is_terminal(user, file)) return -ENOTTY;
    int64_t status = is_change(request) ? terminal_allows(user, file, SIGTTOU) : 0;
    if (status < 0) return status;
    switch (request) {
    case G_TCGETS: get_modes(user, modes); return user_put(user, address, modes, sizeof modes) ? 0 : -EFAULT;
    case G_TCSETS:
    case G_TCSETSW:
    case G_TCSETSF: return user_get(user, address, modes, sizeof modes) ? set_modes(user, modes) : -EFAULT;
    case G_TCGETA: return get_old_modes(user, address);
    case G_TCSETA:
    case G_TCSETAW:
    case G_TCSETAF: return set_old_modes(user, address);
    case G_TIOCGWINSZ: return get_size(user, address);
    case G_TIOCSWINSZ: return set_size(user, address);
    case G_TIOCSPGRP: return set_foreground(user, file, address);
    case G_TIOCGPGRP: return get_id(user, terminal->group, address);
    case G_TIOCGSID: return get_id(user, terminal->session, address);
    case G_TIOCSCTTY: return become_controlling(user);
    case G_TIOCNOTTY:
        if (!user->process->terminal) return -ENOTTY;
        terminal_detach(user);
        return 0;
    case G_TIOCOUTQ: return user_put(user, address, &word, sizeof word) ? 0 : -EFAULT;
    case G_TCSBRK:
    case G_TCSBRKP:
    case G_TCXONC:
    case G_TCFLSH: return 0;
    default: return -ENOTTY;
    }
}

void terminal_snapshot(struct user_snapshot *u)
{
    struct terminal *terminal = &u->user->terminal;
    int host = host_terminal(u->user);
    SNAPSHOT(u->to, *terminal);
    if (!u->to->loading || !terminal->set || host < 0) return;
    ioctl(host, G_TCGETS, terminal->old); /* what it is to be again in the end */
    ioctl(host, G_TCSETSW, terminal->modes);
}
