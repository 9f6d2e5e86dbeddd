#include "lab/report/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 << 20 };

static const char style[] =
    ":root{color-scheme:light}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;max-width:76rem;margin:2rem auto;"
    "padding:0 1.5rem}\n"
    "h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.2rem;margin:2.4rem 0 .6rem;border-bottom:1px solid #d0d7de;"
    "padding-bottom:.2rem}\n"
    "p.lead,figcaption,p.note{color:#57606a}p.note{font-size:.87rem}\n"
    "nav a{margin-right:1rem}a{color:#0a58b0}\n"
    "dl.verdict{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.6rem;margin:1.2rem 0}\n"
    "dl.verdict div{border:1px solid #d0d7de;border-left:4px solid #8c959f;border-radius:4px;padding:.45rem .7rem}\n"
    "dl.verdict .good{border-left-color:#1a7f37}dl.verdict .bad{border-left-color:#cf222e;background:#fff5f5}\n"
    "dt{font-size:.8rem;color:#57606a}dd{margin:0;font-weight:600;overflow-wrap:anywhere}\n"
    "figure{margin:1rem 0}figure img{max-width:100%;height:auto}\n"
    ".wide{overflow-x:auto}.flow{overflow:auto;max-height:54rem;border:1px solid #e4e8ec}\n"
    "table{border-collapse:collapse;font-size:.87rem;width:100%}th,td{padding:.22rem .5rem;text-align:left;"
    "vertical-align:top;border-bottom:1px solid #e4e8ec}th{background:#f6f8fa;font-weight:600}\n"
    "th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}td "
    "code{white-space:nowrap}caption{text-align:left;color:#57606a;padding:.3rem 0}\n"
    "tr.sum td,tr.sum th{border-top:2px solid #8c959f;font-weight:600}td.null,td.empty{color:#6e7781;"
    "font-style:italic}\n"
    "tr.more td{padding-left:1.6rem;max-width:0}th code{font-weight:400}\n"
    "code,pre{font:12.5px/1.45 ui-monospace,monospace}pre{background:#f6f8fa;padding:.7rem;overflow-x:auto;"
    "border-radius:4px}\n"
    "details{margin:.3rem 0}summary{cursor:pointer}table.pairs th{width:14rem}table.grid td{font-family:ui-monospace,"
    "monospace;font-size:12px;overflow-wrap:anywhere}table.grid td:not(.n){min-width:7.4rem}"
    "table.grid td.empty{font-family:inherit}table.grid tr.stall td{background:#f6f8fa}tr.part th{padding-top:.7rem}\n"
    "@media print{body{max-width:none;margin:0;font-size:10pt}nav{display:none}pre{white-space:pre-wrap}"
    ".flow{max-height:none;border:0}.flow svg{max-width:100%;height:auto}"
    "figure,tr,dl{break-inside:avoid}h2{break-after:avoid}details.print::details-content{content-visibility:visible;"
    "height:auto}}\n";

void html_add(struct text *page, const char *plain)
{
    for (const char *c = plain; *c; c++) {
        const char *as = *c == '&' ? "&amp;" : *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '"' ? "&quot;" : NULL;
        unsigned char byte = (unsigned char)*c;
        if (as)
            text_add(page, as, strlen(as));
        else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
            text_printf(page, "\xef\xbf\xbd"); /* HTML has no such characters */
        else
            text_add(page, c, 1);
    }
}

void html_printf(struct text *page, const char *format, ...)
{
    struct text plain = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&plain, format, arguments);
    va_end(arguments);
    html_add(page, text_string(&plain));
    text_free(&plain);
}

void html_begin(struct text *page, const char *title)
{
    text_printf(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n<title>");
    html_add(page, title);
    text_printf(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    html_add(page, title);
    text_printf(page, "</h1>\n");
}

void html_end(struct text *page) { text_printf(page, "</body>\n</html>\n"); }

void html_heading(struct text *page, const char *id, const char *title)
{
    text_printf(page, "<h2 id=\"%s\">", id);
    html_add(page, title);
    text_printf(page, "</h2>\n");
}

void html_fact(struct text *page, const char *name, const char *value, const char *class)
{
    text_printf(page, "<div class=\"%s\"><dt>%s</dt><dd>", class, name);
    html_grouped(page, value);
    text_printf(page, "</dd></div>\n");
}

void html_pair(struct text *page, const char *name, const char *value)
{
    text_printf(page, "<tr><th scope=\"row\">");
    html_add(page, name);
    text_printf(page, "</th><td>");
    html_add(page, *value ? value : "(none)");
    text_printf(page, "</td></tr>\n");
}

void html_fold(struct text *page, const char *summary, const char *plain)
{
    text_printf(page, "<details><summary>");
    html_add(page, summary);
    text_printf(page, "</summary>\n<pre>");
    html_add(page, plain);
    text_printf(page, "</pre></details>\n");
}

static char *read_part(const char *directory, const char *name, const char *ending, size_t *length)
{
    char *path = lab_printf("%s/%s%s", directory, name, ending), *bytes = lab_read_file(path, FILE_BYTES_MAX, length);
    free(path);
    return bytes;
}

void html_fold_file(struct text *page, const char *directory, const char *name, const char *summary)
{
    char *bytes = read_part(directory, name, "", NULL);
    if (bytes) html_fold(page, summary, bytes);
    free(bytes);
}

/* RFC 4648, section 4. */
static void add_base64(struct text *page, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t word =
            (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        char four[4] = {digits[word >> 18], digits[word >> 12 & 63], left > 1 ? digits[word >> 6 & 63] : '=',
                        left > 2 ? digits[word & 63] : '='};
        text_add(page, four, sizeof four);
    }
}

bool html_figure(struct text *page, const char *directory, const char *name, const char *caption)
{
    size_t length = 0;
    char *svg = read_part(directory, name, ".svg", &length);
    if (!svg) return false;
    text_printf(page, "<figure>\n<img alt=\"");
    html_add(page, caption);
    text_printf(page, "\" src=\"data:image/svg+xml;base64,");
    add_base64(page, (const unsigned char *)svg, length);
    text_printf(page, "\">\n<figcaption>");
    html_add(page, caption);
    text_printf(page, "</figcaption>\n");
    free(svg);
    char *data = lab_printf("%s.csv", name), *script = lab_printf("%s.gp", name);
    html_fold_file(page, directory, data, "Data (CSV)");
    html_fold_file(page, directory, script, "gnuplot script");
    free(data);
    free(script);
    text_printf(page, "</figure>\n");
    return true;
}

void html_grouped(struct text *page, const char *number)
{
    size_t digits = strspn(number, "0123456789");
    if (number[digits] || digits < 5) {
        html_add(page, number);
        return;
    }
    for (size_t i = 0; i < digits; i++) {
        if (i && (digits - i) % 3 == 0) text_printf(page, "\xe2\x80\xaf");
        text_add(page, &number[i], 1);
    }
}

void html_shell_word(struct text *page, const char *word)
{
    struct text quoted = {0};
    text_add_shell(&quoted, word);
    html_add(page, text_string(&quoted));
    text_free(&quoted);
}
