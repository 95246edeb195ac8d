#include "tool/build.hpp"

#include <fmt/format.h>

#include "base/addr.hpp"
#include "tool/board/qemu_board.hpp"
#include "tool/check/schedule.hpp"
#include "tool/check/virtio.hpp"
#include "tool/contract/from_description.hpp"
#include "tool/description/parse.hpp"
#include "tool/description/read_life.hpp"
#include "tool/guest_tree/guest_tree.hpp"

namespace tiffin {
namespace {

class Builder {
public:
    explicit Builder(BuildOptions const& options)
        : options_{options}, files_{Places{options.description}}, result_{Problems{options.description}, {}, {}, {}} {}

    BuildResult run() {
        if (!read_description()) return std::move(result_);
        auto const board = find_board();
        std::vector<GuestParts> guests;
        for (auto const& domain : description().domains) read_guest(domain, guests);
        if (!board) return std::move(result_);
        check_cores(description(), *board, problems());
        check_schedules(description(), *board, problems());
        check_life(description(), problems());
        auto const virtio = check_virtio(description(), problems());
        auto grants = check_grants(description(), *board, problems());
        auto channels = check_channels(description(), problems());
        auto const hypervisor = find_hypervisor();
        if (!problems().empty()) return std::move(result_);
        result_.cores = contract_cores(description(), grants);
        check_contract(description(), result_.cores, problems());
        for (std::size_t i = 0; i < guests.size(); ++i)
            guests[i].grants = std::move(grants[i]), guests[i].channels = std::move(channels[i]);
        if (add_trees(guests, *board))
            result_.packed = pack({description(), *board, guests, *hypervisor, virtio, wake_charge()}, problems());
        return std::move(result_);
    }

private:
    Problems& problems() { return result_.problems; }
    Description& description() { return result_.description; }

    bool read_description() {
        std::string why;
        auto const bytes = read_file(options_.description, why);
        if (bytes == nullptr) {
            problems().add({}, "cannot read the description: " + why, "a file that can be read",
                           "`tiffin new DIR` writes one to start from");
            return false;
        }
        description() = parse_description({reinterpret_cast<char const*>(bytes->data()), bytes->size()}, problems());
        for (auto& domain : description().domains)
            domain.wait_for_debugger = domain.debug && domain.name.value == options_.wait_for;
        if (options_.no_slack)
            for (auto& domain : description().domains) domain.timer_slack = 0;
        return true;
    }

    /// All cores have the same.
    [[nodiscard]] std::uint64_t wake_charge() const {
        return result_.cores.empty() ? 0 : result_.cores.front().overheads.wake_charge;
    }

    /// The paths that the description names are worth checking even if other fields of the domain are wrong.
    void read_guest(Domain const& domain, std::vector<GuestParts>& guests) {
        if (domain.image.path.value.empty() || domain.memory.value == 0) return;
        if (domain.copy) {
            if (!guests.empty()) guests.push_back({&domain, {}, {}, guests.back().image, 0});
            return;
        }
        auto image = place_image(domain, files_, problems());
        if (image) guests.push_back({&domain, {}, {}, std::move(*image), 0});
    }

    std::optional<Board> find_board() {
        auto const at = description().board.at;
        auto const blob = board_blob(at);
        if (!blob) return std::nullopt;
        std::vector<std::string> reasons;
        auto board = read_board(*blob, reasons);
        for (auto const& reason : reasons)
            problems().add(at, "the board's device tree can't be used: " + reason, "a board that Tiffin runs on",
                           "docs/porting.md says what a board needs");
        return board;
    }

    std::optional<Bytes> board_blob(Mark at) {
        std::string why;
        auto const& dtb = description().board.dtb;
        if (options_.board.empty() && dtb.empty()) {
            auto blob = qemu_device_tree(description().machine, why);
            if (!blob)
                problems().add(at, "no device tree for qemu-virt: " + why, "a board",
                               "--board FILE takes a device tree blob instead");
            return blob;
        }
        auto const bytes = options_.board.empty() ? files_.read(dtb, why) : read_file(options_.board, why);
        if (bytes != nullptr) return *bytes;
        if (options_.board.empty())
            problems().add(at, why, "a device tree blob");
        else
            problems().add({}, fmt::format("--board: cannot read {}: {}", options_.board, why), "a device tree blob");
        return std::nullopt;
    }

    std::optional<Hypervisor> find_hypervisor() {
        std::string why;
        auto const path = options_.hypervisor.empty() ? default_hypervisor(files_.places()) : options_.hypervisor;
        auto const bytes = read_file(path, why);
        if (bytes != nullptr) {
            if (auto hypervisor = open_hypervisor(bytes, why)) return hypervisor;
            why = fmt::format("{} is no hypervisor: {}", path, why);
        } else {
            if (options_.check_only && options_.hypervisor.empty()) return nominal_hypervisor();
            why = fmt::format("cannot read {}: {}", path, why);
        }
        problems().add({}, why, "the hypervisor's binary",
                       "cmake --preset aarch64 && cmake --build build/aarch64; or --hypervisor FILE");
        return std::nullopt;
    }

    bool add_trees(std::vector<GuestParts>& guests, Board const& board) {
        for (auto& guest : guests) {
            auto const seed = guest_seed(description().text, guest.domain->name.value);
            std::uint64_t const hidden = guest.image.pv_time != 0 ? page_size : 0;
            auto tree = make_guest_tree({*guest.domain, board, guest.grants, guest.channels, guest.image.initrd, hidden, seed});
            if (auto const at = place_tree(guest.image, std::move(tree), *guest.domain, problems())) guest.x0 = *at;
        }
        return problems().empty();
    }

    BuildOptions const& options_;
    FileCache files_;
    BuildResult result_;
};

}  // namespace

BuildResult build(BuildOptions const& options) { return Builder{options}.run(); }

std::string default_hypervisor(Places const& places) { return places.build() + "/hypervisor/tiffin.bin"; }

std::string hypervisor_elf(std::string const& binary) {
    auto const dot = binary.rfind(".bin");
    return (dot == std::string::npos ? binary : binary.substr(0, dot)) + ".elf";
}

}  // namespace tiffin
