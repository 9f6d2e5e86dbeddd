/* elf.c -- reads ELF headers (System V gABI chapter 4, i386 supplement) byte by byte: a file is never trusted, its
 * structures need not be aligned, and the host need not be little-endian. */
#include "hwsim/platform/user/elf.h"

#include <stdarg.h>
#include <stdio.h>

enum { EHDR_BYTES = 52, PHDR_BYTES = 32, PHDRS_BYTES_MAX = 65536 };
enum { ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, ET_CORE = 4, EM_386 = 3, EM_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3 };
#define PT_GNU_STACK 0x6474e551u
enum { PF_X = 1, PF_W = 2, PF_R = 4 };
enum { PAGE = 4096 };

/* How to get what covm runs. */
#define STATIC_I386 "build it with gcc -m32 -static (Debian: package gcc-multilib), or statically with musl"

struct report {
    char *message;
    size_t capacity;
};

static bool refuse(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(const struct report *report, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(report->message, report->capacity, format, list);
    va_end(list);
    return false;
}

static uint32_t get16(const uint8_t *at) { return (uint32_t)(at[0] | at[1] << 8); }
static uint32_t get32(const uint8_t *at) { return get16(at) | get16(at + 2) << 16; }

static const char *machine_name(uint32_t machine)
{
    switch (machine) {
    case 2: return "SPARC";
    case 6: return "Intel 486";
    case 8: return "MIPS";
    case 20: return "PowerPC";
    case 21: return "64-bit PowerPC";
    case 22: return "S/390";
    case 40: return "ARM";
    case EM_X86_64: return "x86-64";
    case 183: return "AArch64";
    case 243: return "RISC-V";
    case 258: return "LoongArch";
    default: return NULL;
    }
}

static bool check_machine(const uint8_t *bytes, const struct report *report)
{
    uint32_t machine = bytes[5] == 2 ? (uint32_t)(bytes[18] << 8 | bytes[19]) : get16(bytes + 18);
    const char *name = machine_name(machine);
    char number[32];
    if (!name) {
        snprintf(number, sizeof number, "machine number %u", machine);
        name = number;
    }
    const char *wanted = "covm runs static i386 programs: " STATIC_I386;
    if (bytes[4] == 2) return refuse(report, "64-bit ELF (%s); %s", name, wanted);
    if (bytes[4] != 1) return refuse(report, "damaged ELF file: class %u", bytes[4]);
    if (machine == EM_X86_64) return refuse(report, "x32 ELF (x86-64 with 32-bit pointers); %s", wanted);
    if (machine != EM_386) return refuse(report, "32-bit ELF for another processor (%s); %s", name, wanted);
    if (bytes[5] != 1) return refuse(report, "damaged ELF file: an i386 file that is not little-endian");
    return true;
}

static bool check_header(const uint8_t *bytes, size_t size, const struct report *report)
{
    if (size >= 2 && bytes[0] == '#' && bytes[1] == '!')
        return refuse(report, "a script, not an ELF program; name its interpreter, a static i386 program, instead");
    if (size == 0) return refuse(report, "an empty file, not a program");
    if (size >= 8 && !memcmp(bytes, "!<arch>\n", 8))
        return refuse(report, "a static library (.a), not a program: link a program with it, by gcc -m32 -static");
    if (size >= 2 && bytes[0] == 'M' && bytes[1] == 'Z')
        return refuse(report, "a DOS or Windows program, not an ELF file; covm runs static i386 Linux programs");
    if (size < 4 || memcmp(bytes, "\177ELF", 4) != 0)
        return refuse(report, "not an ELF file; covm runs static i386 Linux programs");
    if (size < EHDR_BYTES) return refuse(report, "truncated: %zu bytes do not hold an ELF header", size);
    if (!check_machine(bytes, report)) return false;
    uint32_t type = get16(bytes + 16);
    if (type == ET_REL) return refuse(report, "an object file (.o), not a program: link it, by gcc -m32 -static");
    if (type == ET_CORE) return refuse(report, "a core dump, not a program");
    if (type != ET_EXEC && type != ET_DYN) return refuse(report, "ELF type %u is not a program", type);
    return true;
}

/* One PT_LOAD header, checked by itself and against those before it. */
static bool add_segment(const uint8_t *header, size_t size, uint32_t bias, struct elf_image *image,
                        const struct report *report)
{
    uint32_t offset = get32(header + 4), address = get32(header + 8), file_bytes = get32(header + 16);
    uint32_t memory_bytes = get32(header + 20), flags = get32(header + 24);
    if (file_bytes > memory_bytes)
        return refuse(report,
                      "damaged ELF file: segment at 0x%x has more bytes in the file (0x%x) than in memory (0x%x)",
                      address, file_bytes, memory_bytes);
    if (memory_bytes == 0) return true;
    if ((uint64_t)offset + file_bytes > size)
        return refuse(report, "truncated: segment at 0x%x needs file bytes 0x%x to 0x%llx of 0x%zx", address, offset,
                      (unsigned long long)offset + file_bytes, size);
    if (file_bytes && (offset ^ address) % PAGE)
        return refuse(report, "damaged ELF file: segment at 0x%x and its file offset 0x%x differ modulo the page size",
                      address, offset);
    uint64_t start = (uint64_t)address + bias, end = start + memory_bytes;
    if (start < ELF_ADDRESS_MIN)
        return refuse(report, "segment at 0x%x lies below 0x%x, the lowest address a program may use", address,
                      ELF_ADDRESS_MIN);
    if (end > ELF_ADDRESS_MAX)
        return refuse(report, "segment at 0x%x of 0x%x bytes ends above 0x%x, where the stack's room begins", address,
                      memory_bytes, ELF_ADDRESS_MAX);
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *other = &image->segment[i];
        if (start < (uint64_t)other->address + other->memory_bytes && other->address < end)
            return refuse(report, "damaged ELF file: segments at 0x%x and 0x%x overlap", other->address - bias,
                          address);
    }
    if (image->count == ELF_SEGMENTS_MAX) return refuse(report, "more than %d segments to load", ELF_SEGMENTS_MAX);
    image->segment[image->count++] = (struct elf_segment){
        .address = (uint32_t)start,
        .offset = offset,
        .file_bytes = file_bytes,
        .memory_bytes = memory_bytes,
        .rights = (uint8_t)((flags & PF_R ? ELF_READ : 0) | (flags & PF_W ? ELF_WRITE : 0) |
                            (flags & PF_X ? ELF_EXECUTE : 0)),
    };
    uint32_t next_page = (uint32_t)round_up(end, PAGE);
    if (image->program_break < next_page) image->program_break = next_page;
    return true;
}

/* Linux puts a static position-independent program as high as mmap would, aligned as its segments ask. */
static uint32_t dynamic_bias(const uint8_t *headers, uint32_t count)
{
    uint64_t low = UINT32_MAX, high = 0, align = PAGE;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *header = headers + (size_t)i * PHDR_BYTES;
        if (get32(header) != PT_LOAD) continue;
        uint64_t address = get32(header + 8), end = address + get32(header + 20);
        low = address < low ? address : low;
        high = end > high ? end : high;
        if (is_power_of_two(get32(header + 28)) && get32(header + 28) > align) align = get32(header + 28);
    }
    low &= ~(uint64_t)(PAGE - 1);
    uint64_t span = round_up(high, PAGE) - low;
    if (high <= low || span > ELF_ADDRESS_MAX - ELF_DYNAMIC_BREAK)
        return ELF_DYNAMIC_BREAK; /* add_segment will find it too large, or that there is nothing to load */
    return (uint32_t)(((ELF_ADDRESS_MAX - span) & ~(align - 1)) - low);
}

static bool refuse_dynamic(const uint8_t *bytes, size_t size, const uint8_t *header, const struct report *report)
{
    uint32_t offset = get32(header + 4), length = get32(header + 16);
    int shown = 0;
    if (offset < size && length <= size - offset)
        while (shown < 64 && (uint32_t)shown < length && bytes[offset + shown] >= ' ' && bytes[offset + shown] < 127)
            shown++;
    return refuse(report, "dynamically linked (asks for the interpreter %.*s); covm runs static programs: " STATIC_I386,
                  shown, shown ? (const char *)bytes + offset : "");
}

static bool entry_is_code(const struct elf_image *image)
{
    /* Without PT_GNU_STACK whatever is readable is executable too (Linux: READ_IMPLIES_EXEC). */
    unsigned wanted = image->stack == ELF_STACK_DEFAULT ? ELF_EXECUTE | ELF_READ : ELF_EXECUTE;
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (image->entry >= segment->address && image->entry - segment->address < segment->memory_bytes)
            return segment->rights & wanted;
    }
    return false;
}

bool elf_parse(const uint8_t *bytes, size_t size, struct elf_image *image, char *message, size_t capacity)
{
    struct report report = {message, capacity};
    *image = (struct elf_image){0};
    if (!check_header(bytes, size, &report)) return false;
    bool dynamic = get16(bytes + 16) == ET_DYN;
    uint32_t table = get32(bytes + 28), count = get16(bytes + 44);
    if (count == 0) return refuse(&report, "damaged ELF file: no program headers");
    if (get16(bytes + 42) != PHDR_BYTES || count * PHDR_BYTES > PHDRS_BYTES_MAX)
        return refuse(&report, "damaged ELF file: %u program headers of %u bytes", count, get16(bytes + 42));
    if ((uint64_t)table + (uint64_t)count * PHDR_BYTES > size)
        return refuse(&report, "truncated: the program headers lie beyond the end of the file");
    uint32_t bias = dynamic ? dynamic_bias(bytes + table, count) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *header = bytes + table + (size_t)i * PHDR_BYTES;
        uint32_t type = get32(header);
        if (type == PT_INTERP) return refuse_dynamic(bytes, size, header, &report);
        if (type == PT_LOAD && !add_segment(header, size, bias, image, &report)) return false;
        if (type == PT_GNU_STACK) image->stack = get32(header + 24) & PF_X ? ELF_STACK_EXECUTABLE : ELF_STACK_PLAIN;
    }
    if (image->count == 0) return refuse(&report, "nothing to load: no PT_LOAD segment");
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *segment = &image->segment[i];
        if (table >= segment->offset && table - segment->offset < segment->file_bytes)
            image->headers = segment->address + (table - segment->offset);
    }
    image->header_count = count;
    if (dynamic && get32(bytes + 24) == 0) return refuse(&report, "a shared library (.so), not a program");
    if (dynamic) image->program_break = ELF_DYNAMIC_BREAK;
    image->entry = get32(bytes + 24) + bias;
    if (!entry_is_code(image))
        return refuse(&report, "entry point 0x%x is not in an executable segment", image->entry - bias);
    return true;
}
