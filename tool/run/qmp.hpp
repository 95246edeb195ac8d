// QEMU's monitor (QEMU, docs/interop/qmp-spec.txt): one JSON object a line, over a Unix socket.
#pragma once
#include <cstdint>
#include <string>

namespace tiffin {

class Qmp {
public:
    /// Connects to the socket at `path`; why() is empty if it worked.
    explicit Qmp(std::string const& path);
    ~Qmp();
    Qmp(Qmp const&) = delete;
    Qmp& operator=(Qmp const&) = delete;

    /// Carries out a command without a result of interest, e.g. R"({"execute":"stop"})". False, and why(), if QEMU refused it.
    bool execute(std::string const& command);
    /// Carries out a command, and gives its result as JSON. False if it was refused, with the reason in `answer`; the next one may be good.
    bool query(std::string const& command, std::string& answer);
    /// Writes physical memory to a file.
    bool save_memory(std::uint64_t at, std::uint64_t size, std::string const& file);
    [[nodiscard]] std::string const& why() const { return why_; }
    /// False if QEMU was not there yet, or is not any more: another Qmp may find it.
    [[nodiscard]] bool connected() const { return connected_; }

private:
    bool connect_to(std::string const& path);
    bool read_line(std::string& line);
    bool fail(std::string what);
    bool lose(std::string what);

    int socket_{-1};
    bool connected_{false};
    std::string buffer_, why_, result_;
};

}  // namespace tiffin
