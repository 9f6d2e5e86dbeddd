/* x264.c FRAMES -- encodes a film of moving shapes in one thread, and writes the stream. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x264.h>

enum { WIDTH = 128, HEIGHT = 96 };

/* A gradient that scrolls, a disc that crosses it, a little noise. */
static void draw(x264_picture_t *picture, int frame, uint32_t *state)
{
    for (int plane = 0; plane < 3; plane++) {
        int shift = plane > 0, height = HEIGHT >> shift, width = WIDTH >> shift;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int dx = (x << shift) - 3 * frame % WIDTH, dy = (y << shift) - HEIGHT / 2;
                int value = plane ? 128 + (x - y) / 4 : 2 * y + (x + frame) % 64;
                *state = *state * 1664525 + 1013904223;
                if (dx * dx + dy * dy < 400) value = plane ? 90 : 220;
                picture->img.plane[plane][y * picture->img.i_stride[plane] + x] = (uint8_t)(value + (*state >> 30));
            }
        }
    }
}

static void put(x264_t *encoder, x264_picture_t *picture)
{
    x264_nal_t *units;
    x264_picture_t out;
    int count, bytes = x264_encoder_encode(encoder, &units, &count, picture, &out);
    if (bytes > 0) fwrite(units[0].p_payload, 1, (size_t)bytes, stdout);
}

int main(int argc, char **argv)
{
    x264_param_t param;
    x264_picture_t picture;
    uint32_t state = 1;
    int frames = argc > 1 ? atoi(argv[1]) : 1;
    x264_param_default_preset(&param, "medium", NULL);
    param.i_width = WIDTH;
    param.i_height = HEIGHT;
    param.i_csp = X264_CSP_I420;
    param.i_threads = 1;
    param.b_deterministic = 1;
    param.i_log_level = X264_LOG_ERROR;
    x264_t *encoder = x264_encoder_open(&param);
    if (!encoder || x264_picture_alloc(&picture, param.i_csp, WIDTH, HEIGHT) < 0) return 1;
    for (int frame = 0; frame < frames; frame++) {
        draw(&picture, frame, &state);
        picture.i_pts = frame;
        put(encoder, &picture);
    }
    while (x264_encoder_delayed_frames(encoder)) put(encoder, NULL);
    x264_picture_clean(&picture);
    x264_encoder_close(encoder);
    return 0;
}
