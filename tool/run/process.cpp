#include "tool/run/process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tiffin {

int become(std::vector<std::string> const& command) {
    std::vector<char*> arguments;
    for (auto const& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    return 127;
}

int run_quietly(std::vector<std::string> const& command) {
    auto const child = fork();
    if (child < 0) return 127;
    if (child == 0) {
        auto const null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        _exit(become(command));
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string output_of(std::vector<std::string> const& command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {};
    auto const child = fork();
    if (child == 0) {
        auto const null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(ends[1], 1), dup2(null, 2);
        _exit(become(command));
    }
    close(ends[1]);
    std::string out;
    char buffer[4096];
    for (ssize_t n = 0; child > 0 && (n = read(ends[0], buffer, sizeof buffer)) > 0;)
        out.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    if (child > 0) waitpid(child, nullptr, 0);
    return out;
}

}  // namespace tiffin
