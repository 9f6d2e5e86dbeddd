/* sockets.h -- what the files about sockets share. A network ends where the guest does: names are those of its own
 * sockets, and nothing is known of the host's. */
#ifndef COVM_HW_USER_SOCKETS_H
#define COVM_HW_USER_SOCKETS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hwsim/platform/user/internal.h"

/* A socket's address as the guest sees it; 0 bytes: none. */
struct socket_name {
    uint32_t bytes;
    union {
        struct sockaddr_in inet;
        struct sockaddr_un local;
        char end[sizeof(struct sockaddr_un) + 1]; /* a path may fill it to the end: a zero behind it */
    };
};

enum { SOCKET_OPTIONS = 24 };
/* What goes with a message, or with bytes of a stream: open files, and who sent it. */
struct passed {
    struct passed *next, *after; /* with later bytes; in the list of all */
    struct file *holder;         /* the socket that will read it; NULL: it is not in flight */
    uint64_t start, end;         /* the bytes, or the packet, of the pipe that it came with */
    uint32_t process;            /* that sent it; 0: nobody asked */
    unsigned count;
    struct file **file; /* each with a reference */
};
struct message;
struct socket {
    struct file *file;
    int domain, type;
    uint64_t number; /* each its own */
    struct socket_name own, peer;
    int node;   /* a bound path's: host descriptor, which keeps the inode from being another's; or -1 */
    bool named; /* in the list of those that have a name of their own */
    bool listening;
    bool connecting;            /* connect has said EINPROGRESS, and not yet how it went */
    bool shut_read, shut_write; /* by shutdown */
    bool unheard;               /* TCP: a reset has told that nobody is there, and this end knows of it */
    int error;                  /* what SO_ERROR tells */
    uint32_t peer_process;
    uint32_t backlog, pending_count;
    struct file **pending; /* the ends of connections that accept hands out, oldest first */
    uint32_t option[SOCKET_OPTIONS];
    uint64_t patience; /* ns that reading waits (SO_RCVTIMEO); 0: for ever */
    /* datagrams (datagrams.c) */
    struct message *messages;
    unsigned message_count;
    size_t message_bytes;
    const struct socket_name *to; /* for the present call: where to */
    struct socket_name from;      /* of the last one that was read, and its length in full */
    size_t full;
    /* for the present call (passing.c): what is to go with what is sent; what came with what was read, kept if the
     * caller wants it, and where reading stops */
    struct passed *sending, received;
    bool wanted, known; /* known: received.process is */
    uint64_t stop;
    struct socket *next; /* in the list */
};

/* The socket of a descriptor; NULL: *status is -errno. */
struct file *socket_at(const struct user *user, uint32_t descriptor, int64_t *status);
struct file *socket_create(struct user *user, int domain, int type, int flags);
/* Takes the error that waits to be told: -errno or 0. */
int64_t socket_take_error(struct file *file);
/* What a call that finds nothing to read comes to. */
int64_t socket_wait(struct user *user, const struct file *file);

/* Names (socket_names.c). From the guest: 0 or -errno; to the guest, cut to the room there: the same. */
int64_t socket_name_get(struct user *user, const struct socket *socket, uint32_t address, uint32_t bytes,
                        struct socket_name *name);
int64_t socket_name_put(struct user *user, const struct socket_name *name, uint32_t address, uint32_t room);
bool socket_name_equal(const struct socket_name *one, const struct socket_name *other);
/* Is the address one of the guest's? 0, or -ENETUNREACH. */
int64_t socket_name_reach(const struct socket_name *name);
/* The loopback address of a name that leaves it open. */
void socket_name_settle(struct socket_name *name);
/* Gives an internet socket that has no port the lowest free one: 0, or -EADDRINUSE: there is none. */
int64_t socket_name_choose(struct user *user, struct socket *socket);
/* Is there another that a new one of this name would clash with? */
bool socket_name_taken(const struct user *user, const struct socket *socket, const struct socket_name *name);
/* Who is called so: 0 or -errno (ECONNREFUSED: nobody). Of streams, who listens. */
int64_t socket_find(struct user *user, const struct socket *from, const struct socket_name *name,
                    struct socket **found);
void socket_names_add(struct user *user, struct socket *socket);
void socket_names_remove(struct user *user, struct socket *socket);

/* Options (socket_options.c). */
void socket_options_reset(struct socket *socket);
bool socket_reuses(const struct socket *socket);      /* SO_REUSEADDR */
bool socket_asks_sender(const struct socket *socket); /* SO_PASSCRED */

/* Datagrams (datagrams.c): as pipe_read and pipe_write. */
int64_t datagram_read(struct user *user, struct file *file, uint8_t *to, size_t bytes);
int64_t datagram_write(struct user *user, struct file *file, const uint8_t *from, size_t bytes);
unsigned datagram_poll(const struct file *file);
size_t datagram_available(const struct socket *socket);
void datagrams_drop(struct user *user, struct socket *socket);
bool datagram_hears(const struct socket *to, const struct socket *from); /* who is connected hears its peer alone */

/* struct msghdr. */
struct header {
    uint32_t name, name_bytes, vectors, count, control, control_bytes, flags;
};
/* What goes beside the data (passing.c). From a message's control data: 0 or -errno, with socket->sending; it goes, at
 * the end of the call, if it was not sent. */
int64_t passing_get(struct user *user, struct socket *socket, const struct header *header);
void passing_end(struct user *user, struct socket *socket);
/* Into the control data; header->flags and header->control_bytes tell of it. */
void passing_put(struct user *user, struct socket *socket, struct header *header, uint32_t flags);
/* What goes with what `socket` sends to `to`; NULL: nothing does. */
struct passed *passing_take(struct user *user, struct socket *socket, const struct socket *to);
/* It came with what was read, and stays, too, if that was only looked at (`peek`). Not yet sent: link it to `holder`.
 */
void passing_receive(struct user *user, struct socket *socket, struct passed *passed, bool peek);
void passing_send(struct user *user, struct passed *passed, struct file *holder);
void passing_drop(struct user *user, struct passed *passed);
/* With the bytes, or packet, of a stream that was written from `start` on. */
void passing_attach(struct user *user, struct file *file, uint64_t start);
/* How many of the bytes that are there a read may take before it stops, taking what comes with them. */
size_t passing_detach(struct user *user, struct file *file, size_t bytes);
bool passing_stopped(const struct file *file);
/* Bytes were read: what came with them is not needed any more. */
void passing_forget(struct user *user, struct pipe *pipe, bool all);

static inline bool socket_is_local(const struct socket *socket) { return socket->domain == AF_UNIX; }
/* Does it send to whom it likes, message by message? A pair of them is connected like streams. */
static inline bool socket_is_datagram(const struct socket *socket)
{
    return socket->type == SOCK_DGRAM && !socket->file->in;
}

#endif
