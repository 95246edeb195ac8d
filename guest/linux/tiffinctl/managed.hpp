// The VMs that this one manages, as the manager's page (abi/manage.hpp) shows them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "abi/hypercalls.hpp"
#include "abi/manage.hpp"

namespace tiffin::ctl {

/// The page's registers. Who reads a fact has selected its VM before, so two programs must not use the page at once.
class Page {
public:
    Page() = default;
    Page(Page const&) = delete;
    Page& operator=(Page const&) = delete;
    virtual ~Page() = default;

    virtual std::uint32_t read(std::uint32_t offset) = 0;
    virtual void write(std::uint32_t offset, std::uint32_t value) = 0;
};

/// What is known of a VM. `status` is meant if it has ended.
struct Facts {
    std::string name;
    abi::VmState state{};
    std::uint32_t status{0}, starts{0}, faults{0};
    std::uint64_t run_us{0};  // processor time
};

class Managed {
public:
    explicit Managed(Page& page) : page_{page} {}

    std::uint32_t count() { return page_.read(abi::manage::Count); }
    /// `which` counts from 0, in the order of the description's `manages`.
    Facts facts(std::uint32_t which);
    std::optional<std::uint32_t> find(std::string_view name);
    /// Success: it is being done; Busy: not in the VM's present state.
    abi::Error ask(std::uint32_t which, abi::manage::Action action);

private:
    std::string name();
    std::uint64_t run_us();
    /// A register of two words that may grow while it is read.
    std::uint64_t read_both(std::uint32_t offset);

    Page& page_;
};

}  // namespace tiffin::ctl
