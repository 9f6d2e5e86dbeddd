/* fftw.c N -- Fourier transforms of many lengths, N times: forth, a convolution, and back. What it prints is rounded so
 * that it does not depend on the order of the sums. */
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Convolves a saw tooth with itself; the largest value, rounded. */
static long convolve(int length, unsigned seed)
{
    fftw_complex *data = fftw_malloc(sizeof *data * (size_t)length);
    fftw_plan forth = fftw_plan_dft_1d(length, data, data, FFTW_FORWARD, FFTW_ESTIMATE),
              back = fftw_plan_dft_1d(length, data, data, FFTW_BACKWARD, FFTW_ESTIMATE);
    double largest = 0;
    for (int i = 0; i < length; i++) {
        data[i][0] = (double)((unsigned)i * seed % 97);
        data[i][1] = (double)((unsigned)i % seed);
    }
    fftw_execute(forth);
    for (int i = 0; i < length; i++) {
        double re = data[i][0], im = data[i][1];
        data[i][0] = re * re - im * im;
        data[i][1] = 2 * re * im;
    }
    fftw_execute(back);
    for (int i = 0; i < length; i++) largest = fmax(largest, fabs(data[i][0] / length));
    fftw_destroy_plan(forth);
    fftw_destroy_plan(back);
    fftw_free(data);
    return lround(largest);
}

int main(int argc, char **argv)
{
    static const int lengths[] = {64, 100, 127, 256, 360};
    for (int times = argc > 1 ? atoi(argv[1]) : 1; times > 0; times--) {
        for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
            printf("%d: %ld\n", lengths[i], convolve(lengths[i], 3 + (unsigned)times % 11));
    }
    return 0;
}
