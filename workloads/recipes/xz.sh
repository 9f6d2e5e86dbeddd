# xz and its library in one program, without threads and assembly.
source=xz-utils
build() {
    configure --disable-shared --disable-nls --disable-doc --enable-threads=no --disable-assembler --disable-xzdec \
        --disable-lzmadec --disable-lzmainfo --disable-scripts --disable-lzma-links
    make LDFLAGS="$LDFLAGS -all-static" # libtool drops what CC says of it
    mv src/xz/xz "$program"
}
