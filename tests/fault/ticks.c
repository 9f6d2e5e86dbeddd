/* ticks.c -- asynchronous signals in the middle of everything: a timer whose handler writes over every register and flag
 * that it may, while loops with and without memory traffic run hot. What they compute must not depend on when it rang,
 * so that the host's output is covm's. Argument: microseconds between two alarms.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void on_alarm(int number)
{
    (void)number;
    ticks++;
    __asm__ volatile("movl $-1, %%ecx; movl $-1, %%edx; addl %%ecx, %%edx; std; cld" : : : "eax", "ecx", "edx", "cc");
}

static uint32_t mix(uint32_t x, uint32_t n)
{
    uint8_t bytes[64];
    for (uint32_t i = 0; i < n; i++) {
        memset(bytes, (int)x, sizeof bytes);
        bytes[x & 63] ^= (uint8_t)i;
        for (int k = 0; k < 64; k += 7) x = (x << 5 | x >> 27) + bytes[k];
        if (x & 8) x ^= x >> 3;
        else x += i;
    }
    return x;
}

int main(int argc, char **argv)
{
    struct itimerval every = {{0, argc > 1 ? atoi(argv[1]) : 1000}, {0, argc > 1 ? atoi(argv[1]) : 1000}};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    uint32_t x = 1;
    for (int i = 0; i < 200; i++) x = mix(x, 40);
    memset(&every, 0, sizeof every);
    setitimer(ITIMER_REAL, &every, NULL);
    printf("%08x\n", x);
    fprintf(stderr, "%d ticks\n", (int)ticks);
    return 0;
}
