# The FLAC encoder and decoder: without intrinsics for i686, else with those of SSE2 alone, so that the output does not
# depend on what CPUID tells beyond that.
source=flac
build() {
    sed -i -E '/define FLAC__(SSSE3|SSE4_1|SSE4_2|AVX|AVX2|FMA)_SUPPORTED 1/d' src/libFLAC/include/private/cpu.h
    rm -f src/share/utf8/charset_test.c src/share/utf8/makemap.c src/libFLAC/ogg_*.c src/flac/iffscan.c
    case $CPU in
    i686) simd=-DFLAC__NO_ASM ;;
    sse2) simd='-DFLAC__HAS_X86INTRIN=1 -DHAVE_CPUID_H' ;;
    esac
    $CC $CFLAGS $LDFLAGS -w -DPACKAGE_VERSION='"flac"' -DFLAC__HAS_OGG=0 -DFLAC__CPU_IA32 -DFLAC__SYS_LINUX \
        -DFLAC__NO_DLL -DHAVE_LROUND -DHAVE_FSEEKO -DHAVE_GETOPT_LONG -DHAVE_STDINT_H -DHAVE_INTTYPES_H \
        -DHAVE_SYS_PARAM_H -DHAVE_TERMIOS_H -DHAVE_BYTESWAP_H -DHAVE_TYPEOF -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $simd \
        -Iinclude -Isrc/libFLAC/include -o "$program" src/libFLAC/*.c src/share/getopt/*.c src/share/grabbag/*.c \
        src/share/replaygain_analysis/*.c src/share/replaygain_synthesis/*.c src/share/utf8/*.c src/flac/*.c -lm
}
