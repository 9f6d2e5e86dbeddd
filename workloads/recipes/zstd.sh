# zstd, one thread, its own format only.
source=libzstd
build() {
    make -C programs zstd CC="$CC" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" HAVE_THREAD=0 HAVE_ZLIB=0 HAVE_LZMA=0 HAVE_LZ4=0 \
        ZSTD_LEGACY_SUPPORT=0 ZSTD_NO_ASM=1
    mv programs/zstd "$program"
}
