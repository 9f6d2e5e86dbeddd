/* lab_yaml_fuzz.c -- configuration files of any bytes: either applied or refused with messages, each with its place;
 * what was applied can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "lab/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct config config, again;
    struct diag diag = {0}, second = {0};
    struct text written = {0};
    config_init(&config);
    config_load_text(&config, "fuzz", (const char *)bytes, count, &diag);
    for (unsigned i = 0; i < diag.count; i++) {
        if (!strstr(diag.lines[i], ": error: ")) abort();
    }
    config_print(&config, true, &written);
    config_init(&again);
    config_load_text(&again, "written", text_string(&written), written.length, &second);
    if (second.count || memcmp(&config.values, &again.values, sizeof config.values)) abort();
    text_free(&written);
    diag_free(&diag);
    config_free(&config);
    config_free(&again);
    return 0;
}
