# bzip2 and its library in one program.
source=bzip2
build() {
    $CC $CFLAGS $LDFLAGS -D_FILE_OFFSET_BITS=64 -o "$program" bzip2.c blocksort.c huffman.c crctable.c randtable.c \
        compress.c decompress.c bzlib.c
}
