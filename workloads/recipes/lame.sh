# The LAME MP3 encoder, without assembly and without its decoder.
source=lame
build() {
    has=
    for header in STDINT INTTYPES LIMITS STRING UNISTD ERRNO FCNTL SYS_TIME; do has="$has -DHAVE_${header}_H"; done
    $CC $CFLAGS $LDFLAGS -w -DSTDC_HEADERS $has -DHAVE_STRCHR -DHAVE_MEMCPY -DLAME_LIBRARY_BUILD -DPACKAGE='"lame"' \
        -Dieee754_float32_t=float -Dieee754_float64_t=double -DTAKEHIRO_IEEE754_HACK -DUSE_FAST_LOG \
        -Iinclude -Ilibmp3lame -Impglib -Ifrontend -o "$program" libmp3lame/*.c frontend/brhist.c frontend/console.c \
        frontend/get_audio.c frontend/lame_main.c frontend/lametime.c frontend/main.c frontend/parse.c \
        frontend/timestatus.c -lm
}
