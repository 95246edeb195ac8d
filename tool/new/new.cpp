#include "tool/new/new.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "tool/files.hpp"

namespace tiffin {

std::string new_description() {
    return R"(# A device: its board, and the virtual machines that share it. Every field: docs/description.md.
#   tiffin check device.yaml                 lists all that is wrong, with line and column
#   tiffin build device.yaml -o boot.img --explain
#   tiffin run device.yaml                   builds it, and starts it in QEMU; with --icount time is counted in
#                                            instructions, so that the host's own delays miss no deadline

# QEMU's virt board. For your own: board: {dtb: my-board.dtb}, the device tree that Linux uses on it, and no `machine`.
board: qemu-virt
machine:
  cpu: cortex-a72        # cortex-a53, cortex-a72 or max
  cores: 1
  gic: 3                 # or 2
  memory: 256 MiB        # sizes need a unit

domains:
  # A real-time function. `fixed` runs at once when it is ready, before everything of lower priority.
  control:
    memory: 1 MiB
    cpu: {policy: fixed, priority: 40}
    image:
      elf: ${BUILD}/guest/apps/metronome/metronome.elf      # ${BUILD} is the source tree's build/aarch64
      cmdline: "metronome.jobs=1000"

  # Takes what is left, with others by weight: 200 gets twice the time of 100.
  background:
    memory: 64 KiB
    cpu: {policy: share, weight: 100}
    image: {elf: "${BUILD}/guest/apps/idler/idler.elf"}
    rtc: false

  # Linux, unmodified. `./tiffin demo` fetches this kernel into the cache; then remove the # signs.
  # linux:
  #   memory: 128 MiB
  #   cpu: {policy: share, weight: 200}
  #   image:
  #     kernel: ${CACHE}/linux/Image
  #     initrd: ${CACHE}/initrd-linux.cpio.gz
  #     cmdline: "console=ttyAMA0 tiffin.shell"
  #   access:
  #     - device: /pl061@9030000        # a GPIO controller of the board, for this VM alone
)";
}

int write_new(std::string const& folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    fs::create_directories(folder, error);
    auto const path = (fs::path{folder} / "device.yaml").string();
    if (fs::exists(path, error)) {
        fmt::print(stderr, "tiffin: {} is there already; it was left as it is\n", path);
        return 1;
    }
    auto const text = new_description();
    auto const* data = reinterpret_cast<std::byte const*>(text.data());
    std::string why;
    if (!write_file(path, Bytes(data, data + text.size()), why)) {
        fmt::print(stderr, "tiffin: {}\n", why);
        return 1;
    }
    fmt::print("{0} written. Next:\n  tiffin check {0}\n  tiffin run {0}\n", path);
    return 0;
}

}  // namespace tiffin
