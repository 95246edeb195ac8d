// The tables of a plan, unpacked, and how they are packed. For the tool and for tests: host only, EL2 never writes a plan.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "abi/plan.hpp"
#include "base/crc32.hpp"

namespace tiffin {

/// Fill the tables in any order, then pack them with `bytes()`.
struct PlanTables {
    abi::PlanHeader header{};
    std::vector<abi::MemoryRecord> memory;
    std::vector<abi::VmRecord> vms;
    std::vector<abi::VcpuRecord> vcpus;
    std::vector<abi::PayloadRecord> payloads;
    std::vector<abi::WindowRecord> windows;
    std::vector<abi::InterruptRecord> interrupts;
    std::vector<abi::FrameRecord> frames;
    std::vector<abi::SlotRecord> slots;
    std::vector<abi::ChannelRecord> channels;
    std::vector<abi::VirtioRecord> virtio;
    std::vector<abi::PciRecord> pci;
    std::vector<abi::ManageRecord> manages;
    std::string strings = std::string(1, '\0');

    /// A reference to `value` in the string table; equal strings are stored once. `value` holds no zero byte.
    abi::StringRef text(std::string_view value) {
        auto const wanted = '\0' + std::string{value} + '\0';
        auto const found = strings.find(wanted);
        if (found != std::string::npos) return static_cast<abi::StringRef>(found + 1);
        strings.append(value).push_back('\0');
        return static_cast<abi::StringRef>(strings.size() - value.size() - 1);
    }

    /// The packed plan, with lengths, offsets and checksum as they should be.
    [[nodiscard]] std::vector<std::byte> bytes() const {
        std::vector<std::byte> out(sizeof(abi::PlanHeader));
        auto h = header;
        h.memory = put(out, memory), h.vms = put(out, vms), h.vcpus = put(out, vcpus), h.payloads = put(out, payloads);
        h.windows = put(out, windows), h.interrupts = put(out, interrupts);
        h.frames = put(out, frames), h.slots = put(out, slots), h.channels = put(out, channels);
        h.virtio = put(out, virtio), h.pci = put(out, pci), h.manages = put(out, manages), h.strings = put(out, strings);
        h.bytes = static_cast<std::uint32_t>(out.size());
        std::memcpy(out.data(), &h, sizeof h);
        seal(out);
        return out;
    }

    /// Makes the checksum right (again).
    static void seal(std::vector<std::byte>& plan) {
        auto* h = reinterpret_cast<abi::PlanHeader*>(plan.data());
        h->crc32 = 0;
        h->crc32 = crc32(plan);
    }

private:
    template <class Table>
    static abi::TableRef put(std::vector<std::byte>& out, Table const& table) {
        out.resize((out.size() + 7) / 8 * 8);
        abi::TableRef const ref{static_cast<std::uint32_t>(out.size()), static_cast<std::uint32_t>(table.size())};
        auto const* data = reinterpret_cast<std::byte const*>(table.data());
        out.insert(out.end(), data, data + table.size() * sizeof(*table.data()));
        return ref;
    }
};

}  // namespace tiffin
