/* figure.c -- a figure's files: made in a folder beside them, and moved to their places when gnuplot has drawn all. */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hwsim/base/base.h"
#include "lab/child.h"
#include "lab/figure_table.h"

enum { PDF_BYTES_MAX = 256 << 20 };

static const struct {
    const char *extension;
    unsigned format; /* 0: always */
} files[] = {{"csv", 0}, {"gp", 0}, {"svg", FIGURE_SVG}, {"pdf", FIGURE_PDF}, {"png", FIGURE_PNG}};

static bool wanted(unsigned file, unsigned formats) { return !files[file].format || (files[file].format & formats); }

static bool complain(struct diag *diag, const char *path)
{
    diag_error(diag, path, 0, 0, "%s", strerror(errno));
    return false;
}

static bool write_file(const char *directory, const char *name, const char *extension, const struct text *text,
                       struct diag *diag)
{
    char *path = lab_printf("%s/%s.%s", directory, name, extension);
    FILE *file = fopen(path, "we");
    bool fine = file && fwrite(text_string(text), 1, text->length, file) == text->length;
    if (file && fclose(file)) fine = false;
    if (!fine) complain(diag, path);
    free(path);
    return fine;
}

/* gnuplot 5.4 has cairo write the time into a PDF, whatever SOURCE_DATE_EPOCH says; here it becomes 1970, in as many
 * bytes. (The child's time zone is UTC, or the length would differ.) */
static bool take_time_out(const char *directory, const char *name, struct diag *diag)
{
    static const char key[] = "/CreationDate (D:", epoch[] = "19700101000000";
    char *path = lab_printf("%s/%s.pdf", directory, name);
    struct text pdf = {0};
    pdf.data = lab_read_file(path, PDF_BYTES_MAX, &pdf.length);
    bool fine = pdf.data || complain(diag, path);
    free(path);
    char *found = fine ? memmem(pdf.data, pdf.length, key, strlen(key)) : NULL;
    if (found && strlen(found) > strlen(key) + strlen(epoch)) memcpy(found + strlen(key), epoch, strlen(epoch));
    fine = fine && write_file(directory, name, "pdf", &pdf, diag);
    text_free(&pdf);
    return fine;
}

/* Without the user's own settings (-d), fonts' folders or language: the environment is ours, but for PATH. */
static bool draw(const char *directory, const char *name, struct diag *diag)
{
    char *script = lab_printf("%s.gp", name), *search = getenv("PATH");
    char *path = lab_printf("PATH=%s", search ? search : "/usr/bin:/bin");
    char *command[] = {"gnuplot", "-d", script, NULL};
    char *environment[] = {path, "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent", NULL};
    struct text said = {0};
    bool fine = child_reports(command, environment, directory, &said);
    if (!fine) {
        while (said.length && strchr(" \n", said.data[said.length - 1])) said.data[--said.length] = 0;
        char *figure = lab_printf("figure %s", name);
        diag_error(diag, figure, 0, 0, "gnuplot (Debian package gnuplot-nox): %s",
                   said.length ? said.data : "ended without a word");
        free(figure);
    }
    free(script);
    free(path);
    text_free(&said);
    return fine;
}

static bool make(const struct figure_table *table, const char *directory, const char *name, unsigned formats,
                 struct diag *diag)
{
    struct text csv = {0}, script = {0};
    figure_print_csv(table, &csv);
    bool fine = figure_print_script(table, name, formats, &script, diag) &&
                write_file(directory, name, "csv", &csv, diag) && write_file(directory, name, "gp", &script, diag) &&
                (!formats || draw(directory, name, diag)) &&
                (!(formats & FIGURE_PDF) || take_time_out(directory, name, diag));
    text_free(&csv);
    text_free(&script);
    return fine;
}

static bool publish(const char *from, const char *to, const char *name, unsigned formats, struct diag *diag)
{
    bool fine = true;
    for (unsigned f = 0; f < LENGTH(files) && fine; f++) {
        char *made = lab_printf("%s/%s.%s", from, name, files[f].extension);
        char *place = lab_printf("%s/%s.%s", to, name, files[f].extension);
        if (wanted(f, formats)) fine = rename(made, place) == 0 || complain(diag, place);
        free(made);
        free(place);
    }
    return fine;
}

static void sweep_out(const char *directory, const char *name)
{
    for (unsigned f = 0; f < LENGTH(files); f++) {
        char *path = lab_printf("%s/%s.%s", directory, name, files[f].extension);
        unlink(path);
        free(path);
    }
    rmdir(directory);
}

static bool check_name(const char *name, struct diag *diag)
{
    size_t fine = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    if (fine && !name[fine] && name[0] != '.' && name[0] != '-') return true;
    diag_error(diag, "figure", 0, 0, "'%s' is no name for a figure: letters, digits, '_', '-', '.'", name);
    return false;
}

bool figure_write(const struct figure *figure, const char *directory, const char *name, unsigned formats,
                  struct diag *diag)
{
    struct figure_table table = {0};
    if (!check_name(name, diag)) return false;
    bool fine = figure_tabulate(&table, figure, name, diag);
    if (fine) {
        char *work = lab_printf("%s/.%s.XXXXXX", directory, name);
        fine = mkdtemp(work) || complain(diag, work);
        if (fine) {
            fine = make(&table, work, name, formats, diag) && publish(work, directory, name, formats, diag);
            sweep_out(work, name);
        }
        free(work);
    }
    figure_table_free(&table);
    return fine;
}
