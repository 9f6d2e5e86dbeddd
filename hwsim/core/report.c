/* report.c -- what the core says to people: traces, and the last words before a panic. */
#include "hwsim/core/core.h"
#include "hwsim/isa/assembler.h"

#include <stdio.h>
#include <unistd.h>

bool hw_tracing(const struct hw_core *core, char letter, uint64_t spc)
{
    const struct machine *machine = core->machine;
    return trace_is_on(machine, letter) && (machine->trace_spc == 0 || machine->trace_spc == spc);
}

void hw_trace(struct hw_core *core, char letter, const char *format, ...)
{
    char line[1024];
    int length = snprintf(line, sizeof line, "%c: ", letter);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    dprintf(core->machine->trace_descriptor, "%s\n", line);
}

void report_bundle(struct hw_core *core, uint32_t offset)
{
    char text[1024] = "";
    struct atom atoms[BUNDLE_ATOMS_MAX];
    unsigned count = 0;
    size_t length = 0;
    bundle_decode(core->concealed + offset, core->concealed_bytes - offset, atoms, BUNDLE_ATOMS_MAX, &count);
    for (unsigned i = 0; i < count && length < sizeof text; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, i ? " | " : "");
        if (length < sizeof text) length += (size_t)atom_print(text + length, sizeof text - length, &atoms[i]);
    }
    hw_trace(core, 'b', "%llu %#x: %s", (unsigned long long)core->cycle, offset, text);
}

static void report_registers(const struct hw_core *core)
{
    static const struct {
        const char *name;
        unsigned reg;
    } homes[] = {
#define HOME(name, reg, meaning) {#name, reg},
#include "hwsim/isa/homes.def"
#undef HOME
    };
    for (unsigned i = 0; i < LENGTH(homes); i++)
        fprintf(stderr, "%s%-8s %016llx", i % 4 ? "  " : "\n  ", homes[i].name,
                (unsigned long long)core->state.r[homes[i].reg]);
    for (unsigned reg = REG_TEMP_FIRST; reg < REG_COUNT; reg++)
        fprintf(stderr, "%sr%-7u %016llx", reg % 4 ? "  " : "\n  ", reg, (unsigned long long)core->state.r[reg]);
    fprintf(stderr, "\n ");
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++) fprintf(stderr, " f%u %03x", flag, core->state.f[flag]);
    fprintf(stderr, "\n");
}

static void report_exits(const struct hw_core *core)
{
    static const char *const kinds[HW_EXIT_KINDS] = {"exit", "fault", "protect",  "alias", "assert",
                                                     "gate", "io",    "injected", "event"};
    uint64_t first = core->exit_count > EXIT_LOG ? core->exit_count - EXIT_LOG : 0;
    for (uint64_t i = first; i < core->exit_count; i++) {
        const struct hw_exit *exit = &core->exit_log[i % EXIT_LOG];
        fprintf(stderr, "  cycle %llu: %s, reason %u, number %u, site %#x, region %u\n",
                (unsigned long long)core->exit_cycles[i % EXIT_LOG], kinds[exit->kind], exit->reason, exit->number,
                exit->site, exit->region);
    }
}

void hw_panic(struct hw_core *core, const char *format, ...)
{
    fflush(stdout);
    fprintf(stderr, "covm: internal error: ");
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n  at cycle %llu, %llu guest instructions, EIP %#llx (checkpoint %#llx); last exits:\n",
            (unsigned long long)core->cycle, (unsigned long long)core->insns,
            (unsigned long long)core->state.r[HOME_EIP], (unsigned long long)core->shadow.r[HOME_EIP]);
    report_exits(core);
    report_registers(core);
    if (core->machine->panic) core->machine->panic(core->machine->panic_cookie);
    _exit(6);
}
