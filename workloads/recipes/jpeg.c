/* jpeg.c -- reads a PPM picture, compresses it in three qualities, decompresses each, and writes the pixels. */
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

enum { CHANNELS = 3 };

static unsigned char *compress(const unsigned char *pixels, unsigned width, unsigned height, int quality,
                               unsigned long *bytes)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *result = NULL;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &result, bytes);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = CHANNELS;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)jpeg.next_scanline * width * CHANNELS);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return result;
}

static void decompress(const unsigned char *bytes, unsigned long count, FILE *to)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, count);
    jpeg_read_header(&jpeg, TRUE);
    jpeg_start_decompress(&jpeg);
    unsigned char *line = malloc((size_t)jpeg.output_width * CHANNELS);
    while (jpeg.output_scanline < jpeg.output_height) {
        jpeg_read_scanlines(&jpeg, &line, 1);
        fwrite(line, CHANNELS, jpeg.output_width, to);
    }
    free(line);
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
}

int main(void)
{
    unsigned width, height;
    if (scanf("P6 %u %u 255", &width, &height) != 2 || getchar() != '\n') return 1;
    unsigned char *pixels = malloc((size_t)width * height * CHANNELS);
    if (fread(pixels, CHANNELS, (size_t)width * height, stdin) != (size_t)width * height) return 1;
    for (int quality = 50; quality <= 90; quality += 20) {
        unsigned long count = 0;
        unsigned char *bytes = compress(pixels, width, height, quality, &count);
        printf("quality %d: %lu bytes\n", quality, count);
        decompress(bytes, count, stdout);
        free(bytes);
    }
    free(pixels);
    return 0;
}
