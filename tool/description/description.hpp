// A device description, typed. Everything here was written by the user (or is the documented default); nothing has been looked up
// yet.
#pragma once
#include <array>
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
    std::uint64_t memory{1ull << 30};    // bytes
    bool smmu{false};                    // iommu: smmuv3
    std::vector<std::string> devices;    // of `-device`
    std::vector<std::string> drives;     // of `-drive`
    std::vector<std::string> netdevs;    // of `-netdev`
    std::vector<std::string> audiodevs;  // of `-audiodev`
};

struct BoardChoice {
    Mark at;
    std::string dtb;  // path of a device tree blob; empty: QEMU virt, from `machine`
};

struct Options {
    bool verify_payloads{false};
    bool stay_on{false};  // when-all-stopped: stay
    bool pci_messages{true};
    std::uint64_t trace{0};  // bytes of each core's ring
};

/// How fast the hypervisor's code runs on the board. Without one: QEMU under -icount, and its margin.
struct Speed {
    std::uint64_t instructions_per_second{1'000'000'000};
    std::uint64_t margin{20};  // per cent
};

struct TimeWindow {
    Located<std::string> domain;
    Mark at;
    std::uint64_t offset{0}, length{0};  // ns
};

/// The static schedule of a core.
struct Schedule {
    Located<std::uint64_t> core;
    std::uint64_t major_frame{0};  // ns
    std::vector<TimeWindow> windows;
};

/// Where a vCPU runs, and by which right.
struct CpuUse {
    Mark at;
    Located<std::uint64_t> core;
    abi::Policy policy{abi::Policy::Share};
    bool policy_written{false};
    std::uint64_t priority{0};                    // fixed only
    std::uint64_t weight{abi::default_weight};    // share only
    Located<std::uint64_t> budget{};              // ns, fixed only; 0: no contract
    Located<std::uint64_t> period{}, deadline{};  // ns, with a budget
    bool background{false};                       // when-exhausted: background
};

struct DeviceUse {
    Located<std::string> device;  // path, alias or label in the board's device tree; of a PCI function, its name
    bool pci{false};
    bool dma_accepted{false};
    std::uint64_t interrupts_per_second{0};  // of each; 0: no limit
};

/// An end of a channel: memory and doorbells shared with one other VM.
struct ChannelUse {
    Mark at;
    Located<std::string> name, peer;
    Located<std::uint64_t> size;  // bytes
};

enum class OnCrash { Stop, Restart, RebootBoard };

/// When a VM starts, what happens when it ends, and whom it manages.
struct Life {
    bool autostart{true}, watchdog{false};
    OnCrash on_crash{OnCrash::Stop};
    std::uint64_t restarts{5}, within{10'000'000'000}, back_off{100'000'000};  // the latter in ns
    std::vector<Located<std::string>> manages;
};

/// A virtio device that another domain serves.
/// On a screen, in pixels.
struct Window {
    std::uint32_t x, y, width, height;
};

struct VirtioUse {
    Mark at;
    abi::virtio::Type type{};
    Located<std::string> server;
    bool read_only{false};                             // block
    std::optional<std::array<std::uint8_t, 6>> mac{};  // net
    Located<std::uint64_t> cid{};                      // vsock; 0: the next free one
    std::uint64_t ports{1};                            // console
    std::uint64_t volume{100};                         // sound; percent
    std::optional<Window> window{};                    // gpu
    bool on_top{false};                                // gpu
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
    std::vector<ChannelUse> channels;
    std::vector<VirtioUse> virtio;
    Life life;
    bool console{true}, rtc{true}, debug{false};
    bool wait_for_debugger{false};  // not a field: `tiffin debug --wait`
    std::uint64_t timer_slack{0};   // ns
    bool copy{false};               // the second, third... VM of a `count`: what is wrong with it was said of the first
};

struct Description {
    std::string file;  // as given on the command line
    std::string text;  // its bytes: what makes seeds reproducible
    BoardChoice board;
    Machine machine;
    Options options;
    Speed speed;
    std::vector<Schedule> schedules;
    std::vector<Domain> domains;
};

}  // namespace tiffin
