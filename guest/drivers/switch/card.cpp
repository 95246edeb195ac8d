#include "guest/drivers/switch/card.hpp"

#include <cstring>

namespace tiffin::net_switch {

namespace {

namespace net = abi::virtio::net;

}  // namespace

Card::Card(sdk::VirtioRegisters& registers, Memory& memory)
    : registers_{registers},
      memory_{memory},
      queues_{sdk::Virtqueue{memory.queues[0]}, sdk::Virtqueue{memory.queues[1]}},
      driver_{registers, queues_} {}

/// Without a receive filter (VIRTIO_NET_F_CTRL_RX) it takes frames for any destination, as a switch has to.
char const* Card::start() {
    held_ = frames;
    if (auto const* const why = driver_.start(0)) return why;
    outgoing().be_silent();  // what was sent is taken back before the next is
    for (std::uint16_t i = 0; i < incoming().entries(); ++i) post_room(i);
    registers_.notify(net::receive_queue);
    return nullptr;
}

void Card::post_room(std::uint16_t frame) {
    sdk::Piece const room{memory_.in[frame], true};
    if (auto const chain = incoming().post({&room, 1})) frame_of_[*chain] = frame;
}

void Card::take_back_sent() {
    while (outgoing().take()) {
    }
}

/// One buffer, one descriptor: the chain that is posted next is numbered as a frame that is free.
bool Card::send(std::span<std::byte const> bytes) {
    take_back_sent();
    auto const free = outgoing().next_chain();
    if (!free || bytes.size() > memory_.out[*free].size()) return false;
    auto const frame = std::span{memory_.out[*free]}.first(bytes.size());
    std::memset(frame.data(), 0, header);  // nothing is left to the card
    std::memcpy(frame.data() + header, bytes.data() + header, bytes.size() - header);
    sdk::Piece const piece{frame, false};
    outgoing().post({&piece, 1});
    if (outgoing().wants_notification()) registers_.notify(net::transmit_queue);
    return true;
}

std::span<std::byte> Card::receive() {
    if (held_ != frames) {
        post_room(held_);
        held_ = frames;
        if (incoming().wants_notification()) registers_.notify(net::receive_queue);
    }
    while (auto const done = incoming().take()) {
        auto const frame = frame_of_[done->chain];
        if (done->written >= header + shortest && done->written <= header + longest) {
            held_ = frame;
            return std::span{memory_.in[frame]}.first(done->written);
        }
        post_room(frame);
    }
    if (driver_.failed()) start();
    return {};
}

}  // namespace tiffin::net_switch
