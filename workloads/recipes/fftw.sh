# The FFTW library as Debian builds it (its SSE2 code is used where CPUID tells of SSE2), with a main program of our own.
binary='libfftw3-dev libfftw3-double3'
build() {
    $CC $CFLAGS $LDFLAGS -Iusr/include -o "$program" "$recipes/fftw.c" usr/lib/i386-linux-gnu/libfftw3.a -lm
}
