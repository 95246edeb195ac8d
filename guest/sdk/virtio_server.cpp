#include "guest/sdk/virtio_server.hpp"

#include <algorithm>

namespace tiffin::sdk {

namespace {

/// A call may stop short where it had to give the client's page a place of its own first. Twice in a row without a byte: there is no RAM.
constexpr unsigned patience = 2;

/// Calls `copy(done)`, which goes on behind `done` bytes and answers how many more it copied, until `size` bytes are through.
template <class Copy>
std::uint64_t copy_all(std::uint64_t size, Copy copy) {
    std::uint64_t done = 0;
    for (unsigned idle = 0; done < size && idle < patience;) {
        ServeCalls::Copied const copied = copy(done);
        if (!copied) break;
        idle = *copied == 0 ? idle + 1 : 0;
        done += *copied;
    }
    return done;
}

template <class Byte>
std::span<Byte> piece(std::span<Byte> of, std::uint64_t from, std::size_t most = abi::serve::max_copy) {
    return of.subspan(from, std::min(of.size() - from, most));
}

}  // namespace

bool Request::read(std::uint64_t offset, std::span<std::byte> into) const {
    auto const copied =
        copy_all(into.size(), [&](std::uint64_t done) { return calls_->read(next_.handle, offset + done, piece(into, done)); });
    return copied == into.size();
}

bool Request::write(std::uint64_t offset, std::span<std::byte const> from) const {
    auto const copied =
        copy_all(from.size(), [&](std::uint64_t done) { return calls_->write(next_.handle, offset + done, piece(from, done)); });
    return copied == from.size();
}

void Request::finish(std::uint64_t offset, std::span<std::byte const> last, Tell tell) const {
    bool const more = tell == Tell::WhenIdle;
    for (unsigned idle = 0; idle < patience;) {
        auto const part = piece(last, 0);
        bool const whole = part.size() == last.size();
        auto const copied =
            whole ? calls_->complete(next_.handle, offset, part, more) : calls_->write(next_.handle, offset, part);
        if (!copied || (whole && *copied == part.size())) return;
        idle = *copied == 0 ? idle + 1 : 0;
        offset += *copied;
        last = last.subspan(*copied);
    }
    calls_->complete(next_.handle, offset, {}, more);
}

std::uint32_t Request::attach(std::uint32_t first, std::uint32_t count, std::uint32_t place, std::uint64_t note) const {
    std::uint32_t done = 0;
    while (done < count) {
        auto const some = std::min(count - done, static_cast<std::uint32_t>(abi::serve::max_attach));
        auto const kept = calls_->attach(next_.handle, first + done, some, place + done, note);
        if (!kept) break;
        done += static_cast<std::uint32_t>(*kept);
    }
    return done;
}

void Device::detach(std::uint32_t place, std::uint32_t count) const {
    for (std::uint32_t done = 0; done < count;) {
        auto const some = std::min(count - done, static_cast<std::uint32_t>(abi::serve::max_detach));
        calls_->detach(index_, place + done, some);
        done += some;
    }
}

bool Device::look(std::uint32_t place, std::uint32_t offset, std::span<std::byte> into) const {
    auto const copied = copy_all(into.size(), [&](std::uint64_t done) {
        return calls_->look(index_, place, offset + static_cast<std::uint32_t>(done), piece(into, done, abi::serve::max_look));
    });
    return copied == into.size();
}

bool Device::in_use() const { return (fact(abi::serve::Fact::Status) & abi::virtio::driver_ok) != 0; }

std::optional<Request> Device::next(std::uint32_t queue, std::span<std::byte> buffer) const {
    auto const found = calls_->next(index_, queue, buffer);
    if (!found) return std::nullopt;
    return Request{*calls_, *found, buffer.first(std::min<std::uint64_t>(found->got, buffer.size()))};
}

std::uint64_t Device::config(std::uint32_t offset) const {
    return fact(static_cast<abi::serve::Fact>(static_cast<std::uint32_t>(abi::serve::Fact::Config) + offset / 8));
}

Server::Server(ServeCalls& calls) : calls_{&calls} {
    while (count_ < devices_.size()) {
        auto const type = calls.info(static_cast<std::uint32_t>(count_), abi::serve::Fact::Type);
        if (!type) break;
        devices_[count_] = {calls, static_cast<std::uint32_t>(count_), static_cast<abi::virtio::Type>(*type)};
        ++count_;
    }
}

void Server::start() {
    for (Device const& device : devices()) calls_->start(device.index());
}

bool Server::round(Service& service) {
    // Only devices that there are: nobody would ever be done with another.
    auto const all = count_ == 64 ? ~0ull : (1ull << count_) - 1;
    busy_ |= (calls_->news() | service.wake()) & all;
    for (Device& device : devices())
        if ((busy_ >> device.index() & 1) != 0) serve(service, device);
    return busy_ != 0;
}

void Server::serve(Service& service, Device& device) {
    if (auto const life = device.life() + 1; life != device.seen_life_) {  // + 1: the first life too is new
        device.seen_life_ = life;
        service.begin(device);
    }
    if (!service.serve(device)) busy_ &= ~(1ull << device.index());
}

}  // namespace tiffin::sdk
