/* The user platform's sockets: they reach others of the guest and nothing else, choose the same ports in every run, and
 * give an answer to whatever a guest passes. What they do is compared with the host's in tests/programs/sockets.c. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "hwsim/base/prng.h"
#include "hwsim/platform/user/user.h"
#include "tests/unit/hw_user_support.h"

enum {
    READ = 3,
    WRITE = 4,
    CLOSE = 6,
    SIGNAL = 48,
    SOCKETCALL = 102,
    SOCKET = 359,
    SOCKETPAIR,
    BIND,
    CONNECT,
    LISTEN,
    ACCEPT4,
    GETSOCKOPT,
    SETSOCKOPT,
    GETSOCKNAME,
    GETPEERNAME,
    SENDTO,
    SENDMSG,
    RECVFROM,
    RECVMSG,
    SHUTDOWN
};
enum { DATA = GUEST_DATA, NAME = GUEST_DATA + 0x200, ROOM = GUEST_DATA + 0x300, NOWHERE = 0x100, KERNEL = 0xfffff000 };
enum { IGNORE = 1 }; /* SIG_IGN */
static const struct bench_options writing = {.stack = STACK_PLAIN, .write = true};

static int set_up(void **state)
{
    struct bench *bench = bench_create(&writing);
    touch(bench, DATA);
    *state = bench;
    return 0;
}
static int tear_down(void **state)
{
    bench_destroy(*state);
    return 0;
}

static uint32_t stream(struct bench *bench) { return (uint32_t)CALL(bench, SOCKET, AF_INET, SOCK_STREAM, 0); }

static uint32_t put_inet(struct bench *bench, uint32_t host, uint16_t port)
{
    const struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
    put(bench, NAME, &name, sizeof name);
    return sizeof name;
}

static uint32_t put_local(struct bench *bench, const char *path, bool abstract)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strcpy(name.sun_path + abstract, path);
    put(bench, NAME, &name, sizeof name);
    return (uint32_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

static unsigned port_of(struct bench *bench, uint32_t fd)
{
    struct sockaddr_in name;
    put32(bench, ROOM, sizeof name);
    assert_int_equal(CALL(bench, GETSOCKNAME, fd, NAME, ROOM), 0);
    assert_int_equal(get32(bench, ROOM), sizeof name);
    get(bench, NAME, &name, sizeof name);
    return ntohs(name.sin_port);
}

/* ---- the guest alone ---- */

static void reaches_no_other_machine(void **state)
{
    struct bench *bench = *state;
    static const uint32_t hosts[] = {0x08080808, 0x0a000001, 0xc0a80001, 0xffffffff, 0xe0000001, 0x80000001};
    for (unsigned i = 0; i < LENGTH(hosts); i++) {
        uint32_t bytes = put_inet(bench, hosts[i], 80);
        uint32_t datagrams = (uint32_t)CALL(bench, SOCKET, AF_INET, SOCK_DGRAM, 0);
        assert_int_equal(CALL(bench, CONNECT, stream(bench), NAME, bytes), -ENETUNREACH);
        assert_int_equal(CALL(bench, CONNECT, datagrams, NAME, bytes), -ENETUNREACH);
        assert_int_equal(CALL(bench, SENDTO, datagrams, DATA, 1, 0, NAME, bytes), -ENETUNREACH);
        assert_int_equal(CALL(bench, BIND, stream(bench), NAME, bytes), -EADDRNOTAVAIL);
    }
    assert_int_equal(CALL(bench, SOCKET, AF_INET6, SOCK_STREAM, 0), -EAFNOSUPPORT);
    assert_int_equal(CALL(bench, SOCKET, AF_INET, SOCK_RAW, 0), -EPERM);
    assert_int_equal(CALL(bench, SOCKET, 16 /* AF_NETLINK */, SOCK_RAW, 0), -EAFNOSUPPORT);
}

/* The host's own sockets, at the addresses that the guest has too. */
static void reaches_no_socket_of_the_host(void **state)
{
    struct bench *bench = *state;
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t bytes = sizeof inet;
    snprintf(local.sun_path, sizeof local.sun_path, "%s/host", bench->root);
    int port = socket(AF_INET, SOCK_STREAM, 0), path = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(port, (struct sockaddr *)&inet, sizeof inet) | listen(port, 1), 0);
    assert_int_equal(bind(path, (struct sockaddr *)&local, sizeof local) | listen(path, 1), 0);
    getsockname(port, (struct sockaddr *)&inet, &bytes);
    uint32_t size = put_inet(bench, INADDR_LOOPBACK, ntohs(inet.sin_port));
    assert_int_equal(CALL(bench, CONNECT, stream(bench), NAME, size), -ECONNREFUSED);
    size = put_local(bench, "/host", false);
    uint32_t fd = (uint32_t)CALL(bench, SOCKET, AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(CALL(bench, CONNECT, fd, NAME, size), -ECONNREFUSED);
    close(port), close(path);
}

static void names_respect_the_root(void **state)
{
    struct bench *bench = *state;
    char path[256];
    struct stat status;
    uint32_t fd = (uint32_t)CALL(bench, SOCKET, AF_UNIX, SOCK_STREAM, 0);
    uint32_t bytes = put_local(bench, "/../../../../tmp/../own", false);
    assert_int_equal(CALL(bench, BIND, fd, NAME, bytes), 0);
    snprintf(path, sizeof path, "%s/own", bench->root);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    fd = (uint32_t)CALL(bench, SOCKET, AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(CALL(bench, BIND, fd, NAME, put_local(bench, "/own", false)), -EADDRINUSE);
    assert_int_equal(CALL(bench, BIND, fd, NAME, put_local(bench, "/none/own", false)), -ENOENT);
    assert_int_equal(CALL(bench, BIND, fd, NAME, put_local(bench, "/dev/own", false)), -EACCES);
    assert_int_equal(CALL(bench, BIND, fd, NAME, put_local(bench, "/proc/own", false)), -ENOENT);
}

/* ---- ports ---- */

static void ports_are_the_lowest_free(void **state)
{
    struct bench *bench = *state;
    enum { FIRST = 32768 };
    uint32_t fd[3];
    for (unsigned i = 0; i < 3; i++) {
        fd[i] = stream(bench);
        assert_int_equal(CALL(bench, BIND, fd[i], NAME, put_inet(bench, INADDR_ANY, 0)), 0);
        assert_int_equal(port_of(bench, fd[i]), FIRST + i);
    }
    CALL(bench, CLOSE, fd[1]);
    uint32_t again = stream(bench);
    assert_int_equal(CALL(bench, LISTEN, again, 1), 0);
    assert_int_equal(port_of(bench, again), FIRST + 1);
    assert_int_equal(CALL(bench, BIND, stream(bench), NAME, put_inet(bench, INADDR_LOOPBACK, FIRST)), -EADDRINUSE);
    assert_int_equal(CALL(bench, BIND, stream(bench), NAME, put_inet(bench, INADDR_LOOPBACK, 80)), -EACCES);
    uint32_t datagrams = (uint32_t)CALL(bench, SOCKET, AF_INET, SOCK_DGRAM, 0); /* have ports of their own */
    assert_int_equal(CALL(bench, BIND, datagrams, NAME, put_inet(bench, INADDR_ANY, FIRST)), 0);
}

/* Any address of 127.0.0.0/8 is the guest's, and another than its neighbour. */
static void loopback_has_many_addresses(void **state)
{
    struct bench *bench = *state;
    uint32_t one = stream(bench), two = stream(bench), client = stream(bench);
    struct sockaddr_in name;
    assert_int_equal(CALL(bench, BIND, one, NAME, put_inet(bench, 0x7f000005, 5000)), 0);
    assert_int_equal(CALL(bench, LISTEN, one, 1), 0);
    assert_int_equal(CALL(bench, BIND, two, NAME, put_inet(bench, 0x7f000006, 5000)), 0);
    assert_int_equal(CALL(bench, CONNECT, client, NAME, put_inet(bench, INADDR_LOOPBACK, 5000)), -ECONNREFUSED);
    assert_int_equal(CALL(bench, CONNECT, client, NAME, put_inet(bench, 0x7f000006, 5000)), -ECONNREFUSED);
    assert_int_equal(CALL(bench, CONNECT, client, NAME, put_inet(bench, 0x7f000005, 5000)), 0);
    put32(bench, ROOM, 8);
    int64_t end = CALL(bench, ACCEPT4, one, NAME, ROOM, SOCK_NONBLOCK);
    assert_true(end >= 0);
    assert_int_equal(get32(bench, ROOM), sizeof name); /* in full, though it was cut */
    assert_int_equal(CALL(bench, WRITE, client, DATA, 5), 5);
    assert_int_equal(CALL(bench, READ, (uint32_t)end, DATA, 9), 5);
    assert_int_equal(CALL(bench, READ, (uint32_t)end, DATA, 9), -EAGAIN);
}

/* ---- calls ---- */

/* socketcall(2) is the same calls. */
static void socketcall_is_the_same(void **state)
{
    struct bench *bench = *state;
    enum { A_SOCKET = 1, A_BIND, A_CONNECT, A_LISTEN, A_ACCEPT, A_SEND = 9, A_RECV, ARGUMENTS = GUEST_DATA + 0x400 };
    const uint32_t make[] = {AF_INET, SOCK_STREAM, 0};
    put(bench, ARGUMENTS, make, sizeof make);
    uint32_t server = (uint32_t)CALL(bench, SOCKETCALL, A_SOCKET, ARGUMENTS);
    uint32_t client = (uint32_t)CALL(bench, SOCKETCALL, A_SOCKET, ARGUMENTS);
    const uint32_t bound[] = {server, NAME, put_inet(bench, INADDR_ANY, 4000)}, listened[] = {server, 3};
    put(bench, ARGUMENTS, bound, sizeof bound);
    assert_int_equal(CALL(bench, SOCKETCALL, A_BIND, ARGUMENTS), 0);
    put(bench, ARGUMENTS, listened, sizeof listened);
    assert_int_equal(CALL(bench, SOCKETCALL, A_LISTEN, ARGUMENTS), 0);
    const uint32_t connected[] = {client, NAME, sizeof(struct sockaddr_in)}, accepted[] = {server, 0, 0};
    put(bench, ARGUMENTS, connected, sizeof connected);
    assert_int_equal(CALL(bench, SOCKETCALL, A_CONNECT, ARGUMENTS), 0);
    put(bench, ARGUMENTS, accepted, sizeof accepted);
    uint32_t end = (uint32_t)CALL(bench, SOCKETCALL, A_ACCEPT, ARGUMENTS);
    const uint32_t sent[] = {client, DATA, 7, 0}, received[] = {end, DATA, 64, 0};
    put(bench, ARGUMENTS, sent, sizeof sent);
    assert_int_equal(CALL(bench, SOCKETCALL, A_SEND, ARGUMENTS), 7);
    put(bench, ARGUMENTS, received, sizeof received);
    assert_int_equal(CALL(bench, SOCKETCALL, A_RECV, ARGUMENTS), 7);
}

/* What closes with others waiting leaves nothing behind (the sanitizers look). */
static void closing_a_listener_drops_who_waits(void **state)
{
    struct bench *bench = *state;
    uint32_t server = stream(bench), client = stream(bench);
    assert_int_equal(CALL(bench, BIND, server, NAME, put_inet(bench, INADDR_LOOPBACK, 4000)), 0);
    assert_int_equal(CALL(bench, LISTEN, server, 5), 0);
    assert_int_equal(CALL(bench, CONNECT, client, NAME, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(CALL(bench, WRITE, client, DATA, 5), 5);
    assert_int_equal(CALL(bench, CLOSE, server), 0);
    assert_int_equal(CALL(bench, READ, client, DATA, 5), -ECONNRESET);
    assert_int_equal(CALL(bench, READ, client, DATA, 5), 0);
}

/* Bad pointers change nothing; a connection that could not be told of is closed. */
static void bad_pointers(void **state)
{
    struct bench *bench = *state;
    uint32_t server = stream(bench), client = stream(bench), size = put_inet(bench, INADDR_LOOPBACK, 4000);
    assert_int_equal(CALL(bench, BIND, server, NOWHERE, size), -EFAULT);
    assert_int_equal(CALL(bench, BIND, server, NAME, 3), -EINVAL);
    assert_int_equal(CALL(bench, BIND, server, NAME, 0xffffffff), -EINVAL);
    assert_int_equal(CALL(bench, BIND, server, NAME, size), 0);
    assert_int_equal(CALL(bench, LISTEN, server, 5), 0);
    assert_int_equal(CALL(bench, CONNECT, client, KERNEL, size), -EFAULT);
    assert_int_equal(CALL(bench, CONNECT, client, NAME, size), 0);
    assert_int_equal(CALL(bench, ACCEPT4, server, NAME, NOWHERE, 0), -EFAULT);
    assert_int_equal(CALL(bench, READ, client, DATA, 1), 0);
    assert_int_equal(CALL(bench, GETSOCKNAME, client, NAME, NOWHERE), -EFAULT);
    assert_int_equal(CALL(bench, RECVMSG, client, NOWHERE, 0), -EFAULT);
    assert_int_equal(CALL(bench, SENDTO, client, NOWHERE, 1, 0, 0, 0), -EFAULT);
    assert_int_equal(CALL(bench, SENDTO, 1, DATA, 1, 0, 0, 0), -ENOTSOCK);
    assert_int_equal(CALL(bench, SENDTO, 99, DATA, 1, 0, 0, 0), -EBADF);
}

/* One that never waits: there is nobody else to wait for. */
static void any_call_gets_an_answer(void **state)
{
    struct bench *bench = *state;
    struct prng prng;
    static const uint32_t words[] = {0,       1,    2,    3,    5,    110,  0x800,   0x80000, AF_UNIX,
                                     AF_INET, NAME, NAME, DATA, ROOM, ROOM, NOWHERE, KERNEL,  0xffffffff};
    unsigned done = 0;
    prng_seed(&prng, 7);
    CALL(bench, SIGNAL, SIGPIPE, IGNORE);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t a[6], call = SOCKET + (uint32_t)prng_below(&prng, SHUTDOWN - SOCKET + 1);
        for (unsigned j = 0; j < 6; j++) a[j] = words[prng_below(&prng, LENGTH(words))];
        if (call == SOCKET || call == SOCKETPAIR) {
            a[0] = prng_below(&prng, 2) ? AF_UNIX : AF_INET;
            a[1] = SOCK_NONBLOCK | (uint32_t)(1 + prng_below(&prng, 2));
            a[2] = 0;
        } else {
            a[0] = 3 + (uint32_t)prng_below(&prng, 12);
        }
        if (call == ACCEPT4) a[3] = SOCK_NONBLOCK;
        if (prng_below(&prng, 3) == 0) put_inet(bench, INADDR_LOOPBACK, (uint16_t)(5000 + prng_below(&prng, 3)));
        if (prng_below(&prng, 3) == 0) put_local(bench, "name", prng_below(&prng, 2));
        if (prng_below(&prng, 4) == 0) put32(bench, ROOM, (uint32_t)prng_below(&prng, 200));
        done += call6(bench, prng_below(&prng, 16) ? call : CLOSE, a) >= 0;
    }
    assert_true(done > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reaches_no_other_machine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reaches_no_socket_of_the_host, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_respect_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ports_are_the_lowest_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loopback_has_many_addresses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(socketcall_is_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_a_listener_drops_who_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_pointers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_call_gets_an_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
