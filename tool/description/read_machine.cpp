#include "tool/description/read_machine.hpp"

#include <fmt/format.h>

#include "tool/description/units.hpp"

namespace tiffin {
namespace {

std::vector<std::string> read_texts(Section& section, Problems& problems, char const* key, char const* expected) {
    std::vector<std::string> all;
    for (auto const& item : section.list(key)) {
        if (item.IsScalar())
            all.push_back(item.Scalar());
        else
            problems.add(mark_of(item), fmt::format("one of \"{}\" of \"machine\" is {}", key, node_words(item)), expected);
    }
    return all;
}

void read_memory(Located<std::uint64_t> memory, Problems& problems, Machine& machine) {
    if (memory.value % (1 << 20) != 0 || memory.value < (128ull << 20) || memory.value > (8ull << 30))
        problems.add(memory.at, fmt::format("\"memory\" of \"machine\" is {}", size_text(memory.value)),
                     "128 MiB to 8 GiB, in whole MiB");
    machine.memory = memory.value;
}

}  // namespace

void read_machine(Section& top, Problems& problems, Description& out) {
    auto const node = top.find("machine");
    if (!node) return;
    auto& machine = out.machine;
    machine.at = top.key_mark("machine");
    if (!out.board.dtb.empty())
        problems.add(machine.at, "\"machine\" stands beside a board with its own device tree", "one of the two",
                     "\"machine\" describes QEMU's virt machine only");
    Section section{problems, *node, "machine", "\"machine\"", machine.at};
    if (auto const cpu = section.choice("cpu")) machine.cpu = cpu->value;
    if (auto const cores = section.count("cores")) machine.cores = cores->value;
    if (auto const gic = section.count("gic")) machine.gic = gic->value;
    machine.smmu = section.choice("iommu").has_value();
    machine.devices = read_texts(section, problems, "devices", "what follows QEMU's -device: \"edu\"");
    machine.drives = read_texts(section, problems, "drives", "what follows QEMU's -drive: \"file=disk.img,format=raw,id=disk\"");
    machine.netdevs = read_texts(section, problems, "netdevs", "what follows QEMU's -netdev: \"user,id=net\"");
    machine.audiodevs =
        read_texts(section, problems, "audiodevs", "what follows QEMU's -audiodev: \"wav,id=audio,path=heard.wav\"");
    if (auto const memory = section.size("memory")) read_memory(*memory, problems, machine);
}

}  // namespace tiffin
