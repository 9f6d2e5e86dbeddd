/* snapshot.h -- the platform's part of a snapshot, as its files share it. See snapshot.c for the plan. */
#ifndef COVM_USER_SNAPSHOT_H
#define COVM_USER_SNAPSHOT_H

#include "hwsim/base/snapshot.h"
#include "hwsim/platform/user/internal.h"

/* Objects that others point at: each is named by its number in here, from 1; 0 is NULL. */
struct numbered {
    void **item;
    unsigned count, capacity;
};
/* A file of the host that the guest knows, then and now. */
struct host_file {
    uint64_t device, inode, device_now, inode_now;
    enum mount mount;
    char *inside;   /* where it lies below the mount; NULL: nowhere */
    uint32_t mode;  /* loading, with a name: the rights that it is to have in the end */
    int descriptor; /* loading, without a name: it; else -1 */
};
struct user_snapshot {
    struct snapshot *to;
    struct user *user;
    union {
        struct {
            struct numbered processes, threads, files, pipes, spaces, backings, sockets, passed;
        };
        struct numbered kind[8];
    };
    struct host_file *known;
    unsigned known_count, known_capacity;
    const char *program; /* host path of the first program, or NULL */
    bool same_root;      /* the guest's / is the directory that it was */
};

/* One that points at nothing new gets no number: false. */
bool numbered_add(struct numbered *numbered, const void *item);
/* The pointer again, of an object that is numbered. */
void *snapshot_object(struct user_snapshot *u, const struct numbered *numbered, const void *pointer);
#define SNAPSHOT_OBJECT(u, numbered, pointer) ((pointer) = snapshot_object((u), &(u)->numbered, (pointer)))
/* A list of them, linked by `next`. */
#define SNAPSHOT_LIST(u, numbered, first)                                                                              \
    for (__typeof__(first) *link = &(first); SNAPSHOT_OBJECT(u, numbered, *link); link = &(*link)->next) continue
/* A string, or bytes, that are the object's own (NULL stays NULL). */
char *snapshot_string(struct snapshot *snapshot, char *string);
void *snapshot_memory(struct snapshot *snapshot, void *bytes, size_t *count);
__attribute__((format(printf, 2, 3))) void snapshot_refuse(struct snapshot *snapshot, const char *format, ...);

/* ---- the host's files (snapshot_files.c) ---- */

/* What lies in the guest's private directories. */
void host_trees_snapshot(struct user_snapshot *u);
/* Loading: gives it the rights that it had, which may forbid what makes it, or opens it again. */
void host_trees_close(struct user_snapshot *u);
/* A host descriptor: loading, one that is open on the same file in the same way, at the same place. `path`: the
 * guest's, where it was opened; NULL: not known. -1 stays -1. */
int host_descriptor_snapshot(struct user_snapshot *u, int descriptor, const char *path);
/* Loading: what the host calls the file now. False: it is none of those known. */
bool host_file_map(const struct user_snapshot *u, uint64_t *device, uint64_t *inode);
/* Loading: does the host call one of those known so now? */
bool host_file_is_known(const struct user_snapshot *u, uint64_t device, uint64_t inode);
void host_file_note(struct user_snapshot *u, struct host_file file);
void host_files_forget(struct user_snapshot *u);

/* The whole, into a platform that has its directories. */
bool user_load_snapshot(struct user *user, const char *program, struct snapshot *snapshot);

/* ---- the platform's parts, each in the file that owns it ---- */

struct pipe *pipe_blank(void);
void pipe_snapshot(struct user_snapshot *u, struct pipe *pipe);
void fifos_snapshot(struct user_snapshot *u);
void epoll_snapshot(struct user_snapshot *u, struct file *file);
void epolls_snapshot(struct user_snapshot *u);
void timers_snapshot(struct user_snapshot *u, struct process *process);
void locks_snapshot(struct user_snapshot *u);
void inodes_snapshot(struct user_snapshot *u);
void terminal_snapshot(struct user_snapshot *u);
struct descriptor *segments_snapshot(struct user_snapshot *u, struct descriptor *ldt);
void socket_snapshot(struct user_snapshot *u, struct socket *socket);
void datagrams_snapshot(struct user_snapshot *u, struct socket *socket);
void passed_snapshot(struct user_snapshot *u);
/* System V IPC: a table, whose objects `move` moves one by one (loading, it makes them: it gets NULL); what a thread
 * waits for; and, both ends being there, who waits in a list. */
void ipc_table_snapshot(struct user_snapshot *u, struct ipc_table *table,
                        struct ipc_object *(*move)(struct user_snapshot *u, struct ipc_object *object));
void ipc_wait_snapshot(struct user_snapshot *u, struct thread *thread);
void ipc_waits_snapshot(struct user_snapshot *u, struct ipc_wait **list);
void semaphores_snapshot(struct user_snapshot *u);
void message_queues_snapshot(struct user_snapshot *u);
/* The pieces of shared memory, to be numbered; then what is known of them. */
void shared_memory_number(struct user_snapshot *u);
void shared_memory_snapshot(struct user_snapshot *u);

#endif
