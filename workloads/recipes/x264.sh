# The x264 library as Debian builds it (MMX and SSE2 assembly, by CPUID), with a main program of our own.
binary=libx264-dev
build() {
    $CC $CFLAGS $LDFLAGS -Iusr/include -Iusr/include/i386-linux-gnu -o "$program" "$recipes/x264.c" \
        usr/lib/i386-linux-gnu/libx264.a -lm -ldl
}
