# The WebP encoder for PPM pictures; for SSE2 with the intrinsics of SSE2 alone.
source=libwebp
build() {
    $CC $CFLAGS $LDFLAGS -I. -Isrc -o "$program" src/dec/*.c src/demux/*.c src/dsp/*.c src/enc/*.c src/utils/*.c \
        sharpyuv/*.c examples/cwebp.c examples/example_util.c imageio/imageio_util.c imageio/image_dec.c \
        imageio/jpegdec.c imageio/pngdec.c imageio/pnmdec.c imageio/tiffdec.c imageio/webpdec.c imageio/metadata.c -lm
}
