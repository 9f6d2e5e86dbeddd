# brotli.
source=brotli
build() {
    $CC $CFLAGS $LDFLAGS -Ic/include -o "$program" c/common/*.c c/dec/*.c c/enc/*.c c/tools/brotli.c -lm
}
