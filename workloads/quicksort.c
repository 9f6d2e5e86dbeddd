/* quicksort -- sorts random words in place: data-dependent branches. */
#include "workload.h"

enum { WORDS = 4096 };

static void insertion_sort(uint32_t *a, int n)
{
    for (int i = 1; i < n; i++) {
        uint32_t x = a[i];
        int j = i - 1;
        for (; j >= 0 && a[j] > x; j--) a[j + 1] = a[j];
        a[j + 1] = x;
    }
}

static void quicksort(uint32_t *a, int n)
{
    while (n > 12) {
        uint32_t x = a[0], y = a[n / 2], z = a[n - 1];
        uint32_t pivot = x < y ? (y < z ? y : x < z ? z : x) : (x < z ? x : y < z ? z : y);
        int i = 0, j = n - 1;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                uint32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j + 1 < n - i) {
            quicksort(a, j + 1);
            a += i;
            n -= i;
        } else {
            quicksort(a + i, n - i);
            n = j + 1;
        }
    }
    insertion_sort(a, n);
}

int main(int argc, char **argv)
{
    static uint32_t words[WORDS];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 99;
    for (uint32_t i = 0; i < rounds; i++) {
        for (int k = 0; k < WORDS; k++) words[k] = workload_random(&seed);
        quicksort(words, WORDS);
        for (int k = 1; k < WORDS; k++)
            if (words[k - 1] > words[k]) return workload_report("quicksort out of order", (uint32_t)k);
        sum = workload_mix(sum, words[i % WORDS]);
    }
    return workload_report("quicksort", sum);
}
