// An app trusts its loader, but not with its memory: any bytes must be read within their bounds.
#include <cstddef>
#include <cstdint>

#include "guest/sdk/channel.hpp"
#include "guest/sdk/device_tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const tree = tiffin::sdk::DeviceTree::in({reinterpret_cast<std::byte const*>(data), size});
    (void)tree.find_reg("arm,gic-v3", 1);
    (void)tiffin::sdk::find_channel(tree, "post");
    (void)tiffin::sdk::argument(tree.boot_arguments(), "jobs", 1);
    return 0;
}
