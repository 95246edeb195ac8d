#include "tool/check/channels.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "abi/guest_map.hpp"
#include "tool/description/units.hpp"

namespace tiffin {
namespace {

namespace guest_map = abi::guest_map;

class ChannelCheck {
public:
    ChannelCheck(Description const& description, Problems& problems) : description_{description}, problems_{problems} {}

    std::vector<std::vector<ChannelEndUse>> run() {
        auto const& domains = description_.domains;
        std::vector<std::vector<ChannelEndUse>> all(domains.size());
        for (std::size_t i = 0; i < domains.size(); ++i) {
            domain_ = i;
            auto at = guest_map::channel_memory;
            for (auto const& use : domains[i].channels) {
                check_name(use);
                add(use, at, all[i]);
                at += use.size.value;
            }
            check_room(at);
        }
        return all;
    }

private:
    [[nodiscard]] Domain const& domain() const { return description_.domains[domain_]; }

    static std::string label(ChannelUse const& use, Domain const& of) {
        return fmt::format("channel \"{}\" of domain \"{}\"", use.name.value, of.name.value);
    }

    void check_name(ChannelUse const& use) {
        auto const& channels = domain().channels;
        auto const same = [&](ChannelUse const& other) { return other.name.value == use.name.value; };
        auto const first = std::ranges::find_if(channels, same);
        if (&*first != &use)
            problems_.add(use.name.at, fmt::format("{} is written twice", label(use, domain())), "a name of its own",
                          fmt::format("the first is in line {}", first->name.at.line));
    }

    void check_room(std::uint64_t end) {
        auto const& channels = domain().channels;
        if (channels.size() > guest_map::max_channels)
            problems_.add(channels.back().at, fmt::format("domain \"{}\" has {} channels", domain().name.value, channels.size()),
                          fmt::format("at most {}", guest_map::max_channels));
        if (end > guest_map::channel_memory_end)
            problems_.add(channels.back().at,
                          fmt::format("the channels of domain \"{}\" need {}", domain().name.value,
                                      size_text(end - guest_map::channel_memory)),
                          fmt::format("at most {} in all", size_text(guest_map::channel_memory_end - guest_map::channel_memory)));
    }

    void add(ChannelUse const& use, std::uint64_t ipa, std::vector<ChannelEndUse>& ends) {
        auto const* const peer = find_peer(use);
        if (peer == nullptr) return;
        auto const* const other = find_other_end(use, *peer);
        if (other == nullptr) return;
        auto const peer_index = static_cast<std::size_t>(peer - description_.domains.data());
        auto const peer_channel = static_cast<std::size_t>(other - peer->channels.data());
        ends.push_back({&use, ipa, peer_index, peer_channel, domain_ < peer_index ? 0u : 1u});
    }

    Domain const* find_peer(ChannelUse const& use) {
        auto const& wanted = use.peer;
        if (wanted.value == domain().name.value) {
            problems_.add(wanted.at, fmt::format("{} has its own domain as \"peer\"", label(use, domain())), "another domain");
            return nullptr;
        }
        std::vector<std::string> names;
        for (auto const& each : description_.domains) {
            if (each.name.value == wanted.value) return &each;
            names.push_back(each.name.value);
        }
        problems_.add(wanted.at,
                      fmt::format("the \"peer\" of {} is \"{}\", which does not exist", label(use, domain()), wanted.value),
                      "a domain", did_you_mean(wanted.value, names));
        return nullptr;
    }

    ChannelUse const* find_other_end(ChannelUse const& use, Domain const& peer) {
        auto const same = [&](ChannelUse const& other) {
            return other.name.value == use.name.value && other.peer.value == domain().name.value;
        };
        auto const other = std::ranges::find_if(peer.channels, same);
        auto const mend = fmt::format("channels: [{{name: {}, peer: {}, size: {}}}]", use.name.value, domain().name.value,
                                      size_text(use.size.value));
        if (other == peer.channels.end()) {
            problems_.add(use.at, fmt::format("{} is not declared by its peer \"{}\"", label(use, domain()), peer.name.value),
                          "the same channel on both sides", fmt::format("write in domain \"{}\": {}", peer.name.value, mend));
            return nullptr;
        }
        if (other->size.value == use.size.value) return &*other;
        if (&peer > &domain())  // told once, of the second
            problems_.add(other->size.at,
                          fmt::format("\"size\" of {} is {}, and {} for its peer", label(*other, peer),
                                      size_text(other->size.value), size_text(use.size.value)),
                          "one size", fmt::format("domain \"{}\" says it in line {}", domain().name.value, use.size.at.line));
        return nullptr;
    }

    Description const& description_;
    Problems& problems_;
    std::size_t domain_{0};
};

}  // namespace

std::vector<std::vector<ChannelEndUse>> check_channels(Description const& description, Problems& problems) {
    return ChannelCheck{description, problems}.run();
}

}  // namespace tiffin
