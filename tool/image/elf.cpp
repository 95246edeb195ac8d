#include "tool/image/elf.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace tiffin {
namespace {

template <class T>
bool read_at(std::span<std::byte const> file, std::uint64_t offset, T& out) {
    if (offset > file.size() || file.size() - offset < sizeof out) return false;
    std::memcpy(&out, file.data() + offset, sizeof out);
    return true;
}

std::span<std::byte const> part(std::span<std::byte const> file, std::uint64_t offset, std::uint64_t size) {
    if (offset > file.size() || size > file.size() - offset) return {};
    return file.subspan(offset, size);
}

/// The name at `offset` of a string table; empty if it is not terminated inside.
std::string_view name_at(std::span<std::byte const> strings, std::uint64_t offset) {
    if (offset >= strings.size()) return {};
    auto const* start = reinterpret_cast<char const*>(strings.data()) + offset;
    auto const length = strnlen(start, strings.size() - offset);
    return length == strings.size() - offset ? std::string_view{} : std::string_view{start, length};
}

}  // namespace

std::optional<Elf> Elf::open(std::span<std::byte const> file, std::string& why) {
    Elf elf{file};
    if (!elf.read_header(why) || !elf.read_segments(why)) return std::nullopt;
    return elf;
}

bool Elf::read_header(std::string& why) {
    Elf64_Ehdr h{};
    if (!read_at(file_, 0, h) || std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) return why = "it has no ELF header", false;
    if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB)
        return why = "it is not a 64-bit little-endian ELF", false;
    if (h.e_machine != EM_AARCH64) return why = "it is an ELF for another processor than AArch64", false;
    if (h.e_type != ET_EXEC && h.e_type != ET_DYN) return why = "it is an ELF that is no executable", false;
    if (h.e_phentsize != sizeof(Elf64_Phdr)) return why = "its program headers have an odd size", false;
    entry_ = h.e_entry;
    return true;
}

bool Elf::read_segments(std::string& why) {
    Elf64_Ehdr h{};
    read_at(file_, 0, h);
    for (unsigned i = 0; i < h.e_phnum; ++i) {
        Elf64_Phdr p{};
        if (!read_at(file_, h.e_phoff + i * sizeof p, p)) return why = "its program headers reach beyond the file", false;
        if (p.p_type == PT_INTERP) return why = "it needs a dynamic loader: link it statically", false;
        if (p.p_type != PT_LOAD || p.p_memsz == 0) continue;
        auto const bytes = part(file_, p.p_offset, p.p_filesz);
        if (bytes.size() != p.p_filesz || p.p_memsz < p.p_filesz) return why = "a segment reaches beyond the file", false;
        if (p.p_memsz > ~p.p_paddr) return why = "a segment wraps around the address space", false;
        if (h.e_entry - p.p_vaddr < p.p_memsz) entry_ = h.e_entry - p.p_vaddr + p.p_paddr;
        segments_.push_back({p.p_paddr, bytes, p.p_memsz});
    }
    if (segments_.empty()) return why = "it has nothing to load", false;
    std::ranges::sort(segments_, {}, &ElfSegment::address);
    for (std::size_t i = 1; i < segments_.size(); ++i) {
        auto const& before = segments_[i - 1];
        if (before.address + before.memory_size > segments_[i].address) return why = "two of its segments overlap", false;
    }
    return true;
}

std::vector<ElfSymbol> Elf::functions() const {
    Elf64_Ehdr h{};
    std::vector<ElfSymbol> all;
    if (!read_at(file_, 0, h) || h.e_shentsize != sizeof(Elf64_Shdr)) return all;
    for (unsigned i = 0; i < h.e_shnum; ++i) {
        Elf64_Shdr table{}, strings{};
        if (!read_at(file_, h.e_shoff + i * sizeof table, table) || table.sh_type != SHT_SYMTAB) continue;
        if (!read_at(file_, h.e_shoff + table.sh_link * sizeof strings, strings)) continue;
        auto const names = part(file_, strings.sh_offset, strings.sh_size);
        auto const symbols = part(file_, table.sh_offset, table.sh_size);
        for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
            Elf64_Sym s{};
            std::memcpy(&s, symbols.data() + at, sizeof s);
            auto const type = ELF64_ST_TYPE(s.st_info);
            auto const name = name_at(names, s.st_name);
            // Labels of assembly code have no type; names that start with $ are the linker's mapping symbols.
            if ((type == STT_FUNC || type == STT_NOTYPE) && s.st_shndx != SHN_UNDEF && !name.empty() && name[0] != '$') {
                all.push_back({s.st_value, s.st_size, name});
            }
        }
    }
    std::ranges::sort(all, {}, [](ElfSymbol const& s) { return std::pair{s.address, s.name}; });
    return all;
}

}  // namespace tiffin
