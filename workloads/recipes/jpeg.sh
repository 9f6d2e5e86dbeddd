# The libjpeg-turbo library as Debian builds it (MMX and SSE2 code, by CPUID), with a main program of our own.
binary=libjpeg62-turbo-dev
build() {
    $CC $CFLAGS $LDFLAGS -Iusr/include -Iusr/include/i386-linux-gnu -o "$program" "$recipes/jpeg.c" \
        usr/lib/i386-linux-gnu/libjpeg.a
}
