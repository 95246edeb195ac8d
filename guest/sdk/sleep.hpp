// Sleep until a moment, by the virtual timer, which is then this object's alone.
#pragma once
#include <cstdint>

#include "guest/sdk/interrupts.hpp"
#include "guest/sdk/panic.hpp"
#include "guest/sdk/timer.hpp"

namespace tiffin::sdk {

class Sleep {
public:
    Sleep() {
        if (!interrupts::enable(timer::intid, 0x80, on_timer, this)) panic("no timer interrupt");
    }
    Sleep(Sleep const&) = delete;
    Sleep& operator=(Sleep const&) = delete;

    /// Not at all if timer::now() has passed `ticks`. Other interrupts have their turn meanwhile.
    void until(std::uint64_t ticks) {
        InterruptsMasked const masked;
        rang_ = false;
        timer::set_deadline(ticks);
        while (!rang_) wait_for_interrupt();
    }

private:
    static void on_timer(std::uint32_t, void* context) {
        timer::cancel();
        static_cast<Sleep*>(context)->rang_ = true;
    }

    bool volatile rang_{false};
};

}  // namespace tiffin::sdk
