// tiffinctl, for a Linux VM whose description says `manages`: shows, starts, stops, restarts, pauses and resumes other VMs. Static, no kernel
// module: the manager's page is no RAM and no driver's, so that /dev/mem gives it to root even with CONFIG_IO_STRICT_DEVMEM.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/linux/tiffinctl/command.hpp"
#include "guest/linux/tiffinctl/find_page.hpp"

using namespace tiffin::ctl;

namespace {

class MappedPage final : public Page {
public:
    explicit MappedPage(void* at) : words_{static_cast<std::uint32_t volatile*>(at)} {}

    std::uint32_t read(std::uint32_t offset) override { return words_[offset / 4]; }
    void write(std::uint32_t offset, std::uint32_t value) override { words_[offset / 4] = value; }

private:
    std::uint32_t volatile* words_;
};

std::unexpected<Failure> no_page(std::string const& words) { return std::unexpected{Failure{Exit::NoPage, words}}; }

/// The lock ends with the process: until then no other tiffinctl selects another VM.
std::expected<void*, Failure> map_page() {
    auto const address = find_page("/proc/device-tree");
    if (!address)
        return no_page("the device tree has no manager's page: the device description does not say what this VM `manages`");
    int const memory = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
    if (memory < 0 || flock(memory, LOCK_EX) != 0) return no_page(std::string{"/dev/mem: "} + std::strerror(errno));
    void* const at =
        mmap(nullptr, tiffin::abi::manage::page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, static_cast<off_t>(*address));
    if (at == MAP_FAILED) return no_page(std::string{"/dev/mem can't be mapped: "} + std::strerror(errno));
    if (MappedPage{at}.read(tiffin::abi::manage::Magic) != tiffin::abi::manage::magic)
        return no_page("the page that the device tree names is not a manager's");
    return at;
}

std::expected<std::string, Failure> run(Command const& command) {
    if (command.kind == Command::Kind::Help) return std::string{usage()};
    auto const at = map_page();
    if (!at) return std::unexpected{at.error()};
    MappedPage page{*at};
    Managed managed{page};
    return carry_out(command, managed, [](unsigned ms) { usleep(ms * 1000); });
}

}  // namespace

int main(int count, char** words) {
    auto const command = parse({words + 1, words + count});
    auto const result = command ? run(*command) : std::unexpected{command.error()};
    if (result) return std::fputs(result->c_str(), stdout), static_cast<int>(Exit::Done);
    auto const& failure = result.error();
    if (command && command->json)
        std::fputs(as_json(failure).c_str(), stdout);
    else
        std::fprintf(stderr, "tiffinctl: %s\n", failure.words.c_str());
    return static_cast<int>(failure.exit);
}
