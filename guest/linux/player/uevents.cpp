#include "guest/linux/player/uevents.hpp"

#include <linux/netlink.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace player {

Uevents::Uevents() : file_{socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)} {
    sockaddr_nl from_kernel{};
    from_kernel.nl_family = AF_NETLINK, from_kernel.nl_groups = 1;
    if (file_ < 0 || bind(file_, reinterpret_cast<sockaddr const*>(&from_kernel), sizeof from_kernel) == 0) return;
    close(file_);
    file_ = -1;
}

bool Uevents::take() const {
    bool found = false;
    char said[4096];
    for (ssize_t bytes; (bytes = recv(file_, said, sizeof said, 0)) > 0;)
        found |= std::string_view{said, static_cast<std::size_t>(bytes)}.find("SUBSYSTEM=drm") != std::string_view::npos;
    return found;
}

}  // namespace player
