#include "lab/elf_symbols.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hwsim/platform/user/elf.h"

enum { FILE_BYTES_MAX = 1 << 30 };

/* `count` items of `size` bytes at `offset`, or NULL if the file does not hold them. */
static const void *part(const struct elf_file *elf, uint64_t offset, uint64_t count, uint64_t size)
{
    if (offset > elf->size || count > (elf->size - offset) / size) return NULL;
    return elf->bytes + offset;
}

static Elf32_Ehdr header_of(const struct elf_file *elf)
{
    Elf32_Ehdr header;
    memcpy(&header, elf->bytes, sizeof header);
    return header;
}

static uint32_t bias_of(const struct elf_file *elf)
{
    struct elf_image *image = lab_allocate(sizeof *image);
    char message[512];
    bool fine = elf_parse((const uint8_t *)elf->bytes, elf->size, image, message, sizeof message);
    uint32_t bias = fine ? image->entry - header_of(elf).e_entry : 0;
    free(image);
    return bias;
}

static bool is_ours(const char *head, size_t size)
{
    return size >= EI_NIDENT && !memcmp(head, ELFMAG, SELFMAG) && head[EI_CLASS] == ELFCLASS32 &&
           head[EI_DATA] == ELFDATA2LSB;
}

bool elf_file_begins(const char *path)
{
    char head[EI_NIDENT];
    struct stat status;
    int file = lab_open_file(path);
    bool ours = file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                pread(file, head, sizeof head, 0) == sizeof head && is_ours(head, sizeof head);
    if (file >= 0) close(file);
    return ours;
}

char *elf_file_read(const char *path, size_t *size)
{
    int file = lab_open_file(path);
    struct stat status;
    char head[64];
    if (file < 0) return NULL;
    bool regular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    ssize_t got = pread(file, head, sizeof head, 0);
    int error = got >= 0 || errno == ESPIPE ? 0 : errno;
    close(file);
    errno = error;
    if (!regular || got < 0) return NULL;
    if (got >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) return lab_read_file(path, FILE_BYTES_MAX, size);
    *size = (size_t)got;
    return memcpy(lab_allocate(sizeof head), head, *size);
}

bool elf_file_open(struct elf_file *elf, const char *path)
{
    *elf = (struct elf_file){0};
    elf->bytes = elf_file_read(path, &elf->size);
    if (!elf->bytes) return false;
    errno = 0;
    if (elf->size >= sizeof(Elf32_Ehdr) && is_ours(elf->bytes, elf->size)) {
        elf->bias = bias_of(elf);
        return true;
    }
    elf_file_close(elf);
    return false;
}

void elf_file_close(struct elf_file *elf)
{
    free(elf->bytes);
    *elf = (struct elf_file){0};
}

uint64_t elf_file_entry(const struct elf_file *elf) { return header_of(elf).e_entry + elf->bias; }

static bool segment_at(const struct elf_file *elf, const Elf32_Ehdr *header, unsigned index, Elf32_Phdr *segment)
{
    const void *place = index < header->e_phnum
                            ? part(elf, header->e_phoff + (uint64_t)index * sizeof *segment, 1, sizeof *segment)
                            : NULL;
    if (!place) return false;
    memcpy(segment, place, sizeof *segment);
    segment->p_vaddr += elf->bias;
    return true;
}

unsigned elf_file_fetch(const struct elf_file *elf, uint64_t address, void *to, unsigned count)
{
    Elf32_Ehdr header = header_of(elf);
    Elf32_Phdr load;
    for (unsigned i = 0; segment_at(elf, &header, i, &load); i++) {
        if (load.p_type != PT_LOAD || address < load.p_vaddr || address - load.p_vaddr >= load.p_filesz) continue;
        uint64_t into = address - load.p_vaddr, left = load.p_filesz - into;
        unsigned wanted = left < count ? (unsigned)left : count;
        const void *bytes = part(elf, load.p_offset + into, wanted, 1);
        if (!bytes) return 0;
        memcpy(to, bytes, wanted);
        return wanted;
    }
    return 0;
}

struct symbols {
    const char *table, *names;
    unsigned count;
    size_t names_size;
    uint32_t bias;
};

static bool section_at(const struct elf_file *elf, const Elf32_Ehdr *header, unsigned index, Elf32_Shdr *section)
{
    const void *place = index < header->e_shnum
                            ? part(elf, header->e_shoff + (uint64_t)index * sizeof *section, 1, sizeof *section)
                            : NULL;
    if (!place) return false;
    memcpy(section, place, sizeof *section);
    section->sh_addr += elf->bias;
    return true;
}

static bool symbols_of(const struct elf_file *elf, struct symbols *symbols)
{
    if (!elf->bytes) return false;
    Elf32_Ehdr header = header_of(elf);
    Elf32_Shdr table, names;
    for (unsigned i = 0; section_at(elf, &header, i, &table); i++) {
        if (table.sh_type != SHT_SYMTAB || !section_at(elf, &header, table.sh_link, &names)) continue;
        *symbols =
            (struct symbols){part(elf, table.sh_offset, table.sh_size, 1), part(elf, names.sh_offset, names.sh_size, 1),
                             table.sh_size / sizeof(Elf32_Sym), names.sh_size, elf->bias};
        return symbols->table && symbols->names && names.sh_size && !symbols->names[names.sh_size - 1];
    }
    return false;
}

static const char *symbol_at(const struct symbols *symbols, unsigned index, Elf32_Sym *symbol)
{
    memcpy(symbol, symbols->table + index * sizeof *symbol, sizeof *symbol);
    symbol->st_value += symbols->bias;
    unsigned type = ELF32_ST_TYPE(symbol->st_info);
    bool named = symbol->st_name < symbols->names_size && symbols->names[symbol->st_name];
    return named && symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC)
               ? symbols->names + symbol->st_name
               : NULL;
}

bool elf_symbol_find(const struct elf_file *elf, const char *name, uint64_t *address)
{
    struct symbols symbols;
    if (!symbols_of(elf, &symbols)) return false;
    for (unsigned i = 0; i < symbols.count; i++) {
        Elf32_Sym symbol;
        const char *known = symbol_at(&symbols, i, &symbol);
        if (!known || strcmp(known, name)) continue;
        *address = symbol.st_value;
        return true;
    }
    return false;
}

const char *elf_symbol_near(const struct elf_file *elf, uint64_t address, uint64_t *distance)
{
    struct symbols symbols;
    const char *nearest = NULL;
    *distance = 1 << 20; /* farther away, a symbol says nothing */
    if (!symbols_of(elf, &symbols)) return NULL;
    for (unsigned i = 0; i < symbols.count; i++) {
        Elf32_Sym symbol;
        const char *name = symbol_at(&symbols, i, &symbol);
        if (!name || symbol.st_value > address || address - symbol.st_value >= *distance) continue;
        if (symbol.st_size && address - symbol.st_value >= symbol.st_size) continue;
        *distance = address - symbol.st_value;
        nearest = name;
    }
    return nearest;
}

void elf_symbol_print(const struct elf_file *elf, uint64_t address, struct text *text)
{
    uint64_t distance;
    const char *nearest = elf_symbol_near(elf, address, &distance);
    if (nearest) text_printf(text, " (%s+0x%" PRIx64 ")", nearest, distance);
}

static int by_address(const void *a, const void *b)
{
    const struct elf_function *one = a, *other = b;
    if (one->address != other->address) return one->address < other->address ? -1 : 1;
    if (one->size != other->size) return one->size > other->size ? -1 : 1;
    return strcmp(one->name, other->name);
}

struct elf_function *elf_functions(const struct elf_file *elf, unsigned *count)
{
    struct symbols symbols = {0};
    *count = 0;
    if (!symbols_of(elf, &symbols) || !symbols.count) return NULL;
    struct elf_function *functions = lab_allocate(symbols.count * sizeof *functions);
    unsigned found = 0;
    for (unsigned i = 0; i < symbols.count; i++) {
        Elf32_Sym symbol;
        const char *name = symbol_at(&symbols, i, &symbol);
        if (!name || ELF32_ST_TYPE(symbol.st_info) == STT_NOTYPE) continue;
        functions[found++] = (struct elf_function){name, symbol.st_value, symbol.st_size};
    }
    qsort(functions, found, sizeof *functions, by_address);
    for (unsigned i = 0; i < found; i++) {
        if (!*count || functions[*count - 1].address != functions[i].address) functions[(*count)++] = functions[i];
    }
    return functions;
}

static void add_code(const struct elf_file *elf, struct elf_code **code, unsigned *count, uint32_t offset,
                     uint32_t address, uint32_t size)
{
    const void *bytes = part(elf, offset, size, 1);
    if (!bytes || !size) return;
    *code = lab_reallocate(*code, (*count + 1) * sizeof **code);
    (*code)[(*count)++] = (struct elf_code){bytes, address, size};
}

struct elf_code *elf_code(const struct elf_file *elf, unsigned *count)
{
    Elf32_Ehdr header = header_of(elf);
    Elf32_Shdr section;
    Elf32_Phdr segment;
    struct elf_code *code = NULL;
    *count = 0;
    for (unsigned i = 0; section_at(elf, &header, i, &section); i++) {
        if (section.sh_type == SHT_PROGBITS && section.sh_flags & SHF_EXECINSTR)
            add_code(elf, &code, count, section.sh_offset, section.sh_addr, section.sh_size);
    }
    for (unsigned i = 0; !code && segment_at(elf, &header, i, &segment); i++) {
        if (segment.p_type == PT_LOAD && segment.p_flags & PF_X)
            add_code(elf, &code, count, segment.p_offset, segment.p_vaddr, segment.p_filesz);
    }
    return code;
}
