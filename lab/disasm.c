/* disasm.c -- covm disasm: the region at a guest address as x86, IR and bundles, side by side. The file is not run: a
 * superblock follows the path that static prediction guesses (backward branches taken, forward ones not).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cms/cms.h"
#include "hwsim/isa/context.h"
#include "lab/cli.h"
#include "lab/commands.h"
#include "lab/elf_symbols.h"
#include "lab/listing.h"
#include "lab/x86_text.h"
#include "translate/translate.h"
#include "translate/x86/x86.h"

enum { ARENA_BYTES = 16 << 20, PATH_MAX_BLOCKS = 64 };

struct view {
    struct elf_file elf;
    const char *stage;  /* wanted, NULL: the last */
    bool list;          /* name the stages */
    struct listing *ir; /* per guest instruction */
    unsigned ir_count;
    uint64_t path[PATH_MAX_BLOCKS];
    unsigned path_count;
};

static unsigned fetch(void *cookie, uint64_t linear, void *to, unsigned bytes)
{
    struct view *view = cookie;
    return elf_file_fetch(&view->elf, linear, to, bytes);
}

static unsigned no_targets(void *cookie, uint64_t spc, uint64_t *to, unsigned capacity) { return 0; }

static void drop_ir(struct view *view)
{
    for (unsigned i = 0; i < view->ir_count; i++) listing_free(&view->ir[i]);
    free(view->ir);
    view->ir = NULL;
    view->ir_count = 0;
}

/* Keeps the IR of the wanted stage, split by guest instruction. */
static void keep_stage(void *cookie, const char *name, const struct ir_region *region)
{
    struct view *view = cookie;
    if (view->list) printf("%s\n", name);
    if (view->stage && strcmp(view->stage, name)) return;
    drop_ir(view);
    view->ir_count = region->guest_count;
    view->ir = lab_allocate(view->ir_count * sizeof *view->ir);
    for (unsigned at = 1; at < region->count; at++) {
        unsigned guest = region->insns[at].guest;
        if (region->insns[at].op != IR_MARK && guest < view->ir_count) listing_ir(&view->ir[guest], region, at, at + 1);
    }
}

/* ---- the guessed path ---- */

static void guess_path(struct view *view, uint64_t entry, uint64_t context, unsigned insns)
{
    uint64_t address = entry;
    for (unsigned i = 0; i < insns && view->path_count < PATH_MAX_BLOCKS; i++) {
        uint8_t bytes[X86_INSN_BYTES_MAX];
        struct x86_insn insn;
        unsigned available = elf_file_fetch(&view->elf, address, bytes, sizeof bytes);
        if (x86_decode(bytes, available, context, &insn) != X86_OK) return;
        const struct x86_row *row = &x86_rows[insn.row];
        uint64_t next = (uint32_t)(address + insn.length), target = (uint32_t)(next + (uint64_t)insn.immediate);
        address = next;
        if (!(row->properties & X86_ENDS_REGION)) continue;
        bool conditional = row->mnemonic[0] == 'J' && strcmp(row->mnemonic, "JMP");
        bool direct = !strcmp(row->mnemonic, "JMP") || !strcmp(row->mnemonic, "CALL");
        if (insn.has_modrm || !(conditional || direct)) return; /* indirect, or out of what can be followed */
        if (direct || target <= next) address = target;
        if (address == entry) return;
        view->path[view->path_count++] = address;
    }
}

/* ---- the print ---- */

static void row(const char *x86, const char *ir, const char *bundles)
{
    printf("%-44.44s | %-44.44s | %s\n", x86, ir, bundles);
}

static void print_sides(struct view *view, const struct tr_result *result)
{
    struct listing bundles = {0};
    unsigned bundle = 0, insn = 0;
    listing_bundles(&bundles, result->code, result->code_bytes);
    row("x86", "IR", "bundles");
    for (unsigned r = 0; r < result->range_count; r++) {
        uint64_t address = result->ranges[r].address, end = address + result->ranges[r].bytes;
        for (unsigned length; address < end; address += length, insn++) {
            uint8_t bytes[X86_INSN_BYTES_MAX];
            struct text x86 = {0};
            text_printf(&x86, "%08" PRIx64 "  ", address);
            length = x86_text(bytes, elf_file_fetch(&view->elf, address, bytes, sizeof bytes), address, &x86);
            const struct listing *ir = insn < view->ir_count ? &view->ir[insn] : NULL;
            for (unsigned i = 0; i == 0 || (ir && i < ir->count); i++) {
                row(i ? "" : text_string(&x86), ir && i < ir->count ? ir->lines[i] : "",
                    bundle < bundles.count ? bundles.lines[bundle] : "");
                bundle++;
            }
            text_free(&x86);
            if (!length) break;
        }
    }
    for (; bundle < bundles.count; bundle++) row("", "", bundles.lines[bundle]);
    printf("%u guest instructions, %u atoms and %u NOPs in %u bundles, %u bytes\n", result->guest_insns,
           result->atoms - result->nops, result->nops, result->bundles, result->bytes);
    listing_free(&bundles);
}

static int show(struct view *view, const struct config *config, uint64_t at, unsigned gear)
{
    struct machine_config wanted = config_machine(config);
    char error[256] = "";
    struct machine *machine = machine_create(&wanted, error, sizeof error);
    if (!machine) {
        fprintf(stderr, "covm: %s\n", error);
        return EXIT_CONFIG;
    }
    const struct tr_options *options = &config->values.cms.translate;
    void *memory = lab_allocate(ARENA_BYTES);
    struct arena arena;
    arena_init(&arena, memory, ARENA_BYTES);
    struct tr_request request = {
        .arena = &arena,
        .machine = hw_machine(machine_core(machine, 0)),
        .options = options,
        .gear = gear,
        .spc = at,
        .context = 3 << CONTEXT_CPL_LOW | 1 << CONTEXT_CODE32_LOW | 1 << CONTEXT_STACK32_LOW |
                   PAGING_TWO_LEVEL << CONTEXT_PAGING_LOW,
        .region = 1,
        .insns_max = (unsigned)(gear == 1 ? options->gear1_insns_max : options->gear2_insns_max),
        .indirect = (enum tr_indirect)config->values.cms.indirect,
        .cookie = view,
        .fetch = fetch,
        .targets = no_targets,
        .stage = keep_stage,
    };
    if (gear == 2) guess_path(view, at, request.context, request.insns_max);
    request.path = view->path;
    request.path_count = view->path_count;
    struct tr_result *result = lab_allocate(sizeof *result);
    enum tr_reason reason = translate(&request, result);
    int code = EXIT_FINE;
    if (reason != TR_OK) {
        fprintf(stderr, "covm: 0x%08" PRIx64 " cannot be translated: %s\n", at, tr_reason_name(reason));
        code = EXIT_CHECK_FAILED;
    } else if (!view->list) {
        print_sides(view, result);
    }
    drop_ir(view);
    free(result);
    free(memory);
    machine_destroy(machine);
    return code;
}

static bool find_start(const struct elf_file *elf, const char *written, uint64_t *at)
{
    if (written && written[0] == '0') return cli_number("--at", written, at);
    if (elf_symbol_find(elf, written ? written : "main", at)) return true;
    if (written) fprintf(stderr, "covm: no symbol '%s'\n", written);
    *at = elf_file_entry(elf);
    return !written;
}

int command_disasm(int argc, char **argv)
{
    struct config_args args = {0};
    struct view view = {0};
    struct config config;
    const char *start = NULL;
    uint64_t gear = 2, at;
    int option, code = EXIT_USAGE;
    bool fine = true;
    while (fine && (option = cli_next(COMMAND_DISASM, argc, argv)) != -1) {
        if (option == OPTION_AT) {
            start = optarg;
        } else if (option == OPTION_STAGE) {
            view.stage = optarg;
            view.list = !strcmp(optarg, "list");
        } else if (option == OPTION_GEAR) {
            fine = cli_number("--gear", optarg, &gear);
        } else if (!cli_option(&args, option, optarg)) {
            config_args_free(&args);
            return cli_usage(option, COMMAND_DISASM);
        }
    }
    if (!fine || optind + 1 != argc || gear < 1 || gear > 2) {
        code = cli_usage('?', COMMAND_DISASM);
    } else if (!elf_file_open(&view.elf, argv[optind])) {
        fprintf(stderr, "covm: %s: %s\n", argv[optind], errno ? strerror(errno) : "not a 32-bit ELF file");
    } else if (find_start(&view.elf, start, &at)) {
        code = EXIT_CONFIG;
        if (config_build(&config, &args)) {
            code = show(&view, &config, at, (unsigned)gear);
            config_free(&config);
        }
    }
    elf_file_close(&view.elf);
    config_args_free(&args);
    return code;
}
