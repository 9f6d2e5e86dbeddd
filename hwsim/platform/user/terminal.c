/* terminal.c -- what a program asks of its terminal. With guest.tty the streams look like one of 80 by 24; where the
 * host's are one, its modes follow the guest's until the run ends. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hwsim/platform/user/internal.h"

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

int64_t terminal_control(struct user *user, const struct file *file, uint32_t request, uint32_t address)
{
    struct terminal *terminal = &user->terminal;
    uint8_t modes[TERMIOS_BYTES];
    uint32_t word = 0;
    if (!is_terminal(user, file)) return -ENOTTY;
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
    case G_TIOCSWINSZ: return user_get(user, address, terminal->size, sizeof terminal->size) ? 0 : -EFAULT;
    case G_TIOCSPGRP:
        if (!user_get(user, address, &word, sizeof word)) return -EFAULT;
        if ((int32_t)word <= 0) return -EINVAL;
        terminal->group = word;
        return 0;
    case G_TIOCGPGRP:
    case G_TIOCGSID:
        word = request == G_TIOCGPGRP && terminal->group ? terminal->group : GUEST_PID;
        return user_put(user, address, &word, sizeof word) ? 0 : -EFAULT;
    case G_TIOCOUTQ: return user_put(user, address, &word, sizeof word) ? 0 : -EFAULT;
    case G_TCSBRK:
    case G_TCSBRKP:
    case G_TCXONC:
    case G_TCFLSH:
    case G_TIOCSCTTY:
    case G_TIOCNOTTY: return 0;
    default: return -ENOTTY;
    }
}
