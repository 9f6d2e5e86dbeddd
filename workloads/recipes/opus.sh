# The Opus codec and its demonstration program, which is made to write to standard output. For SSE2 with the intrinsics of
# SSE2, whatever CPUID tells, so that the output does not depend on it.
source=opus
build() {
    sed -i 's/fout = fopen(outFile, "wb+");/fout = stdout;/' src/opus_demo.c
    rm celt/opus_custom_demo.c src/opus_compare.c src/repacketizer_demo.c
    case $CPU in
    i686) simd='' files='' ;;
    sse2)
        simd='-DOPUS_X86_MAY_HAVE_SSE -DOPUS_X86_PRESUME_SSE -DOPUS_X86_MAY_HAVE_SSE2 -DOPUS_X86_PRESUME_SSE2'
        files='celt/x86/x86cpu.c celt/x86/x86_celt_map.c celt/x86/pitch_sse.c celt/x86/pitch_sse2.c celt/x86/vq_sse2.c'
        ;;
    esac
    $CC $CFLAGS $LDFLAGS -w -DOPUS_BUILD -DVAR_ARRAYS -DHAVE_LRINT -DHAVE_LRINTF -DPACKAGE_VERSION='"opus"' $simd -I. \
        -Iinclude -Icelt -Isilk -Isilk/float -o "$program" src/*.c celt/*.c silk/*.c silk/float/*.c $files -lm
}
