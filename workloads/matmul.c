/* matmul -- integer matrix product: multiply-add with two address streams. */
#include "workload.h"

enum { N = 48 };

int main(int argc, char **argv)
{
    static int32_t a[N][N], b[N][N], c[N][N];
    uint32_t rounds = workload_rounds(argc, argv), sum = 1, seed = 3;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (int32_t)(workload_random(&seed) & 255) - 128;
            b[i][j] = (int32_t)(workload_random(&seed) & 255) - 128;
        }
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int32_t t = 0;
                for (int k = 0; k < N; k++) t += a[i][k] * b[k][j];
                c[i][j] = t;
            }
        for (int i = 0; i < N; i++) a[i][round % N] = c[i][(round + 7) % N] % 251;
        sum = workload_mix(sum, (uint32_t)c[round % N][(round * 5) % N]);
    }
    return workload_report("matmul", sum);
}
