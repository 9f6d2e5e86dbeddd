/* generate.c -- writes the inputs of the real programs into the current directory, NAME.test and NAME.ref: made of
 * integers from a generator with a fixed seed, the same everywhere. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t random_below(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % limit);
}

/* Small numbers are frequent: a word's rank in a language. */
static uint32_t random_rank(uint64_t *state, uint32_t limit)
{
    return random_below(state, random_below(state, random_below(state, limit) + 1) + 1);
}

/* The word of a rank, a few syllables: the same rank, the same word. */
static void put_word(FILE *file, uint32_t rank)
{
    static const char *const syllables[] = {"ta",  "re",  "mi",  "so",  "la", "ven", "dor", "qui", "pes", "um", "a",
                                            "cho", "bri", "ner", "ist", "ox", "fu",  "gle", "hy",  "jin", "ke"};
    enum { COUNT = sizeof syllables / sizeof syllables[0] };
    do {
        fputs(syllables[rank % COUNT], file);
        rank /= COUNT;
    } while (rank);
}

/* Sentences and paragraphs with the marks of CommonMark; `size`: kilobytes. */
static void write_text(FILE *file, uint64_t *state, unsigned size)
{
    for (unsigned words = 0; ftell(file) < (long)size * 1024; words++) {
        uint32_t kind = random_below(state, 200);
        if (kind == 0) fputs("\n\n## ", file);
        if (kind == 1) fputs("\n\n* ", file);
        const char *around = kind == 2 ? "**" : kind == 3 ? "`" : kind == 4 ? "*" : "";
        fputs(around, file);
        if (kind == 5)
            fprintf(file, "[link](http://example.org/%u)", random_below(state, 1000));
        else
            put_word(file, random_rank(state, 20000));
        fputs(around, file);
        fputs(kind < 20 ? ".\n" : kind < 40 ? ", " : words % 12 == 11 ? "\n" : " ", file);
    }
    fputs("\n", file);
}

/* Lines "number name number"; `size`: lines. */
static void write_table(FILE *file, uint64_t *state, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        fprintf(file, "%u ", random_below(state, 1000000));
        put_word(file, random_rank(state, 5000));
        fprintf(file, " %u\n", random_rank(state, 100000));
    }
}

/* Numbers in the order of bytes of i386. */
static void put_number(FILE *file, uint32_t number, unsigned bytes)
{
    for (; bytes--; number >>= 8) putc((int)(number & 0xff), file);
}

/* A rotor of integers: (c, s) turns by about 1 / 2^shift radians a step. */
struct rotor {
    int32_t c, s;
};

static int32_t rotor_step(struct rotor *rotor, unsigned step)
{
    rotor->c -= (int32_t)((int64_t)rotor->s * step >> 12);
    rotor->s += (int32_t)((int64_t)rotor->c * step >> 12);
    return rotor->s;
}

/* A WAVE file, stereo, 16 bits, 44100 Hz: chords that change, and a little noise; `size`: milliseconds. */
static void write_sound(FILE *file, uint64_t *state, unsigned size)
{
    enum { VOICES = 3, NOTE = 11025 };
    uint32_t frames = (uint32_t)((uint64_t)size * 44100 / 1000);
    struct rotor rotors[VOICES];
    unsigned steps[VOICES] = {0};
    fputs("RIFF", file);
    put_number(file, 36 + frames * 4, 4);
    fputs("WAVEfmt ", file);
    put_number(file, 16, 4);
    put_number(file, 1, 2);
    put_number(file, 2, 2);
    put_number(file, 44100, 4);
    put_number(file, 44100 * 4, 4);
    put_number(file, 4, 2);
    put_number(file, 16, 2);
    fputs("data", file);
    put_number(file, frames * 4, 4);
    for (uint32_t frame = 0; frame < frames; frame++) {
        int32_t sample[2] = {0, 0};
        for (unsigned v = 0; v < VOICES; v++) {
            if (frame % NOTE == 0) {
                steps[v] = 60 + random_below(state, 500);
                rotors[v] = (struct rotor){7000, 0};
            }
            int32_t value = rotor_step(&rotors[v], steps[v]);
            sample[0] += value;
            sample[1] += v == 1 ? -value / 2 : value;
        }
        for (unsigned side = 0; side < 2; side++)
            put_number(file, (uint32_t)(sample[side] + (int32_t)random_below(state, 129) - 64), 2);
    }
}

/* The same sound, of raw samples, mono, 48000 Hz as far as its user knows. */
static void write_voice(FILE *file, uint64_t *state, unsigned size)
{
    struct rotor rotor = {6000, 0}, tremolo = {4000, 0};
    for (uint32_t frame = 0; frame < size * 48; frame++) {
        int32_t value = rotor_step(&rotor, 90 + (frame / 4800 * 37) % 200);
        value = (int32_t)((int64_t)value * (5000 + rotor_step(&tremolo, 3)) >> 12);
        put_number(file, (uint32_t)(value + (int32_t)random_below(state, 257) - 128), 2);
    }
}

/* A PPM picture: gradients, discs, some noise; `size`: pixels a side. */
static void write_picture(FILE *file, uint64_t *state, unsigned size)
{
    enum { DISCS = 12 };
    struct {
        int x, y, r, color[3];
    } discs[DISCS];
    for (unsigned d = 0; d < DISCS; d++) {
        discs[d].x = (int)random_below(state, size);
        discs[d].y = (int)random_below(state, size);
        discs[d].r = (int)random_below(state, size / 4 + 1);
        for (unsigned c = 0; c < 3; c++) discs[d].color[c] = (int)random_below(state, 256);
    }
    fprintf(file, "P6\n%u %u\n255\n", size, size);
    for (int y = 0; y < (int)size; y++) {
        for (int x = 0; x < (int)size; x++) {
            int color[3] = {x * 255 / (int)size, y * 255 / (int)size, (x + y) * 127 / (int)size};
            for (unsigned d = 0; d < DISCS; d++) {
                int dx = x - discs[d].x, dy = y - discs[d].y;
                if (dx * dx + dy * dy > discs[d].r * discs[d].r) continue;
                for (unsigned c = 0; c < 3; c++) color[c] = (color[c] + discs[d].color[c]) / 2;
            }
            for (unsigned c = 0; c < 3; c++) {
                int value = color[c] + (int)random_below(state, 9) - 4;
                putc(value < 0 ? 0 : value > 255 ? 255 : value, file);
            }
        }
    }
}

/* A random formula in DIMACS form, 3 literals a clause and 4.2 clauses a variable: hard for its size, the number of
 * variables. */
static void write_formula(FILE *file, uint64_t *state, unsigned size)
{
    unsigned clauses = size * 42 / 10;
    fprintf(file, "p cnf %u %u\n", size, clauses);
    for (unsigned i = 0; i < clauses; i++) {
        for (unsigned k = 0; k < 3; k++)
            fprintf(file, "%s%u ", random_below(state, 2) ? "-" : "", random_below(state, size) + 1);
        fputs("0\n", file);
    }
}

/* Points in space, as Qhull reads them; `size`: how many. */
static void write_points(FILE *file, uint64_t *state, unsigned size)
{
    fprintf(file, "3\n%u\n", size);
    for (unsigned i = 0; i < size; i++) {
        for (unsigned k = 0; k < 3; k++) fprintf(file, "0.%06u%c", random_below(state, 1000000), k < 2 ? ' ' : '\n');
    }
}

/* A linear program in lp_solve's language: the dearest mix under `size` limits of half again as many goods. */
static void write_program(FILE *file, uint64_t *state, unsigned size)
{
    unsigned goods = size * 3 / 2;
    fputs("max:", file);
    for (unsigned g = 0; g < goods; g++) fprintf(file, " +%u x%u", 10 + random_below(state, 90), g);
    fputs(";\n", file);
    for (unsigned i = 0; i < size; i++) {
        for (unsigned g = 0; g < goods; g++) {
            if (g == i || random_below(state, 4) == 0) fprintf(file, " +%u x%u", 1 + random_below(state, 50), g);
        }
        fprintf(file, " <= %u;\n", 1000 + random_below(state, 9000));
    }
}

static const struct {
    const char *name;
    void (*write)(FILE *file, uint64_t *state, unsigned size);
    unsigned size[2]; /* test, ref */
} inputs[] = {
    {"text", write_text, {24, 600}},
    {"table", write_table, {1200, 16000}},
    {"sound.wav", write_sound, {100, 2000}},
    {"voice.raw", write_voice, {100, 2000}},
    {"picture.ppm", write_picture, {128, 640}},
    {"formula", write_formula, {120, 190}},
    {"points", write_points, {2000, 40000}},
    {"program", write_program, {50, 150}},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        for (unsigned s = 0; s < 2; s++) {
            char name[64];
            uint64_t state = 0x9e3779b97f4a7c15u + i;
            snprintf(name, sizeof name, "%s.%s", inputs[i].name, s ? "ref" : "test");
            FILE *file = fopen(name, "wb");
            if (!file) {
                perror(name);
                return 1;
            }
            inputs[i].write(file, &state, inputs[i].size[s]);
            if (ferror(file) | fclose(file)) return 1;
        }
    }
    return 0;
}
