#include "tool/image/place.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

#include "abi/guest_map.hpp"
#include "base/addr.hpp"
#include "tool/description/units.hpp"
#include "tool/image/arm64_image.hpp"
#include "tool/image/elf.hpp"

namespace tiffin {
namespace {

constexpr std::uint64_t ram = abi::guest_map::ram;

std::string file_name(std::string const& path) { return std::filesystem::path{path}.filename().string(); }

/// Places one domain's files; each member reports what is wrong and says whether to go on.
class Placer {
public:
    Placer(Domain const& domain, FileCache& files, Problems& problems)
        : domain_{domain}, source_{domain.image}, files_{files}, problems_{problems} {
        image_.ram_size = domain.memory.value;
    }

    std::optional<GuestImage> run() {
        auto const bytes = read(source_.path);
        auto const initrd = source_.initrd.value.empty() ? nullptr : read(source_.initrd);
        if (bytes == nullptr || (initrd == nullptr && !source_.initrd.value.empty())) return std::nullopt;
        switch (source_.kind) {
            case ImageKind::Kernel:
                return place_kernel(bytes) && place_initrd(initrd) && place_pv_time() ? std::optional{image_} : std::nullopt;
            case ImageKind::Elf: return place_elf(bytes) ? std::optional{image_} : std::nullopt;
            case ImageKind::Raw: return place_raw(bytes) ? std::optional{image_} : std::nullopt;
        }
        return std::nullopt;
    }

private:
    bool fail(std::string const& what, std::string const& expected = {}, std::string const& hint = {}) {
        problems_.add(source_.path.at, what, expected, hint);
        return false;
    }

    SharedBytes read(Located<std::string> const& path) {
        std::string why;
        auto bytes = files_.read(path.value, why);
        if (bytes != nullptr && !bytes->empty()) return bytes;
        if (bytes != nullptr) why = files_.places().resolve(path.value) + " is empty";
        std::string hint;
        if (path.value.starts_with("${CACHE}")) hint = "scripts/fetch-guests.sh (or `./tiffin demo`) fills the cache";
        if (path.value.starts_with("${BUILD}")) hint = "cmake --preset aarch64 && cmake --build build/aarch64";
        problems_.add(path.at, why, "a file that can be read", hint);
        return nullptr;
    }

    [[nodiscard]] std::uint64_t ram_end() const { return ram + image_.ram_size; }

    bool fits(std::string const& what, std::uint64_t at, std::uint64_t size, Mark mark) {
        if (contains(Ipa{ram}, image_.ram_size, Ipa{at}, size)) return true;
        auto const needed = at >= ram ? align_up(at + size - ram, 1 << 20) : 0;
        problems_.add(mark,
                      fmt::format("{} of domain \"{}\" does not fit: {:#x}..{:#x} is not in its RAM {:#x}..{:#x}", what,
                                  domain_.name.value, at, at + size - 1, ram, ram_end() - 1),
                      at >= ram ? fmt::format("memory of at least {}", size_text(needed)) : "addresses in the VM's RAM",
                      at >= ram ? "give the VM more memory" : fmt::format("link it for RAM at {:#x}", ram));
        return false;
    }

    bool place_kernel(SharedBytes const& bytes) {
        auto const header = read_arm64_header(*bytes);
        auto const name = file_name(source_.path.value);
        if (!header)
            return fail(fmt::format("{} is no arm64 Image{}", name, guess(*bytes)),
                        "an uncompressed arm64 Image (magic ARM\\x64 at offset 56)",
                        is_elf(*bytes) ? "use \"elf:\" for an ELF" : "");
        if ((header->flags & 1) != 0) return fail(name + " is a big-endian kernel", "a little-endian one");
        if (header->text_offset >= large_page_size || header->text_offset % page_size != 0) {
            return fail(fmt::format("{} wants an odd text offset {:#x}", name, header->text_offset),
                        "a multiple of 4 KiB below 2 MiB");
        }
        // The tree takes the first 2 MiB: "at a 2 MiB aligned base ... text_offset bytes from it" (booting.rst).
        auto const at = ram + large_page_size + header->text_offset;
        auto const size = std::max<std::uint64_t>(header->image_size, bytes->size());
        if (size > 1ull << 40) return fail(fmt::format("{} claims an absurd size {:#x}", name, size), "the size of a kernel");
        if (!fits(name, at, size, domain_.memory.at)) return false;
        image_.pieces.push_back({at, bytes, "kernel"});
        image_.entry = at, image_.end = at + size, image_.tree_below = true;
        return true;
    }

    static bool is_elf(Bytes const& bytes) {
        return bytes.size() >= 4 && std::memcmp(bytes.data(),
                                                "\x7f"
                                                "ELF",
                                                4) == 0;
    }

    static std::string guess(Bytes const& bytes) {
        if (is_elf(bytes)) return " but an ELF";
        if (bytes.size() >= 2 && std::memcmp(bytes.data(), "\x1f\x8b", 2) == 0)
            return " but gzip-compressed: unpack it with gunzip";
        if (bytes.size() >= 2 && std::memcmp(bytes.data(), "MZ", 2) == 0) return " but an EFI program of another kind";
        return "";
    }

    bool place_initrd(SharedBytes const& initrd) {
        if (initrd == nullptr) return true;
        auto const at = align_up(image_.end, large_page_size);
        if (!fits(file_name(source_.initrd.value), at, initrd->size(), domain_.memory.at)) return false;
        image_.pieces.push_back({at, initrd, "initrd"});
        image_.initrd = Range{at, initrd->size()};
        image_.end = at + initrd->size();
        return true;
    }

    /// Kernels learn the time that was stolen from them through a page that they do not use otherwise.
    bool place_pv_time() {
        if (image_.end <= ram_end() - page_size) image_.pv_time = ram_end() - page_size;
        return true;
    }

    bool place_elf(SharedBytes const& bytes) {
        std::string why;
        auto const name = file_name(source_.path.value);
        auto const elf = Elf::open(*bytes, why);
        if (!elf) return fail(fmt::format("{} can't be loaded: {}", name, why), "a static ELF64 executable for AArch64");
        for (auto const& segment : elf->segments()) {
            if (!fits(name, segment.address, segment.memory_size, source_.path.at)) return false;
            image_.end = std::max(image_.end, segment.address + segment.memory_size);
        }
        merge(elf->segments(), name);
        image_.entry = elf->entry();
        return check_entry(source_.path.at);
    }

    /// Whole pages: segments that touch or share a page become one piece.
    void merge(std::vector<ElfSegment> const& segments, std::string const& name) {
        std::shared_ptr<Bytes> bytes;
        std::uint64_t start = 0;
        for (auto const& s : segments) {
            if (s.bytes.empty()) continue;
            if (bytes == nullptr || s.address / page_size > (start + bytes->size() - 1) / page_size + 1) {
                bytes = std::make_shared<Bytes>();
                start = s.address & ~(page_size - 1);
                image_.pieces.push_back({start, bytes, name});
            }
            bytes->resize(s.address - start);
            bytes->insert(bytes->end(), s.bytes.begin(), s.bytes.end());
        }
    }

    bool place_raw(SharedBytes const& bytes) {
        auto const name = file_name(source_.path.value);
        auto const load = source_.load.value_or(Located<std::uint64_t>{ram, source_.path.at});
        if (load.value % page_size != 0) {
            problems_.add(load.at, fmt::format("load address {:#x} is misaligned", load.value), "a multiple of 4096");
            return false;
        }
        if (!fits(name, load.value, bytes->size(), load.at)) return false;
        auto const entry = source_.entry.value_or(load);
        image_.pieces.push_back({load.value, bytes, name});
        image_.entry = entry.value, image_.end = load.value + bytes->size();
        return check_entry(entry.at);
    }

    bool check_entry(Mark at) {
        if (contains(Ipa{ram}, image_.ram_size, Ipa{image_.entry}, 4) && image_.entry % 4 == 0) return true;
        problems_.add(
            at, fmt::format("entry {:#x} of domain \"{}\" is outside its RAM or misaligned", image_.entry, domain_.name.value),
            fmt::format("a multiple of 4 in {:#x}..{:#x}", ram, ram_end() - 1));
        return false;
    }

    Domain const& domain_;
    ImageSource const& source_;
    FileCache& files_;
    Problems& problems_;
    GuestImage image_;
};

}  // namespace

std::optional<GuestImage> place_image(Domain const& domain, FileCache& files, Problems& problems) {
    return Placer{domain, files, problems}.run();
}

std::optional<std::uint64_t> place_tree(GuestImage& image, Bytes tree, Domain const& domain, Problems& problems) {
    auto const pages = align_up(tree.size(), page_size);
    auto const at = image.tree_below ? ram : ram + image.ram_size - pages;
    if (pages > image.ram_size || (image.tree_below ? pages > large_page_size : at < align_up(image.end, page_size))) {
        problems.add(domain.memory.at,
                     fmt::format("no room for the device tree ({}) of domain \"{}\"", size_text(pages), domain.name.value),
                     fmt::format("memory of at least {}", size_text(align_up(image.end - ram, page_size) + pages)));
        return std::nullopt;
    }
    image.pieces.push_back({at, std::make_shared<Bytes const>(std::move(tree)), "device tree"});
    std::ranges::sort(image.pieces, {}, &Piece::ipa);
    return at;
}

}  // namespace tiffin
