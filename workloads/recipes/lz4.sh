# lz4 and its library in one program.
source=lz4
build() {
    $CC $CFLAGS $LDFLAGS -Ilib -DXXH_NAMESPACE=LZ4_ -o "$program" lib/*.c programs/bench.c programs/datagen.c \
        programs/lz4cli.c programs/lz4io.c
}
