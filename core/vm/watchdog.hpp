// A VM's watchdog, as the life of the VM sees it. Implemented in vdev/.
#pragma once

namespace tiffin {

class Watchdog {
public:
    /// Sets the timer to when it is due next, or off. By the core of the VM's first vCPU.
    virtual void arm() = 0;
    /// The timer has come. True: nobody has refreshed it, for the second time.
    virtual bool expire() = 0;

protected:
    ~Watchdog() = default;
};

}  // namespace tiffin
