// A device description, typed. Everything here was written by the user (or is the documented default); nothing has been looked up
// yet.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/plan.hpp"
#include "tool/diagnostics.hpp"

namespace tiffin {

/// The QEMU virt machine that `tiffin run` starts, and whose device tree is generated on the fly.
struct Machine {
    Mark at;
    std::string cpu{"cortex-a72"};
    std::uint64_t cores{1};
    std::uint64_t gic{3};
    std::uint64_t memory{1ull << 30};  // bytes
};

struct BoardChoice {
    Mark at;
    std::string dtb;  // path of a device tree blob; empty: QEMU virt, from `machine`
};

struct Options {
    bool verify_payloads{false};
    bool stay_on{false};  // when-all-stopped: stay
};

/// Where a vCPU runs, and by which right.
struct CpuUse {
    Mark at;
    Located<std::uint64_t> core;
    abi::Policy policy{abi::Policy::Share};
    std::uint64_t priority{0};                  // fixed only
    std::uint64_t weight{abi::default_weight};  // share only
};

struct DeviceUse {
    Located<std::string> device;  // path, alias or label in the board's device tree
    bool dma_accepted{false};
};

enum class ImageKind { Kernel, Elf, Raw };

struct ImageSource {
    ImageKind kind{ImageKind::Kernel};
    Mark at;
    Located<std::string> path;
    Located<std::string> initrd;                        // kernel only; empty path: none
    Located<std::string> cmdline;                       // kernel and elf
    std::optional<Located<std::uint64_t>> load, entry;  // raw only; guest addresses
};

struct Domain {
    Located<std::string> name;
    Located<std::uint64_t> memory;  // bytes
    std::vector<CpuUse> cpus;
    ImageSource image;
    std::vector<DeviceUse> access;
    bool console{true}, rtc{true};
};

struct Description {
    std::string file;  // as given on the command line
    std::string text;  // its bytes: what makes seeds reproducible
    BoardChoice board;
    Machine machine;
    Options options;
    std::vector<Domain> domains;
};

}  // namespace tiffin
