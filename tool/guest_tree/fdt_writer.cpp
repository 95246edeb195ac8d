#include "tool/guest_tree/fdt_writer.hpp"

#include <libfdt.h>
#include <stdexcept>

namespace tiffin {

template <class Call>
void FdtWriter::grow(Call call) {
    int error = call();
    while (error == -FDT_ERR_NOSPACE) {
        Bytes larger(buffer_.size() * 2);
        if (fdt_resize(buffer_.data(), larger.data(), static_cast<int>(larger.size())) != 0) break;
        buffer_ = std::move(larger);
        error = call();
    }
    if (error < 0) throw std::logic_error{std::string{"libfdt: "} + fdt_strerror(error)};  // our bug: names and order are ours
}

FdtWriter::FdtWriter() : buffer_(4096) {
    fdt_create(buffer_.data(), static_cast<int>(buffer_.size()));
    grow([&] { return fdt_finish_reservemap(buffer_.data()); });
}

void FdtWriter::begin(std::string const& name) {
    grow([&] { return fdt_begin_node(buffer_.data(), name.c_str()); });
}

void FdtWriter::end() {
    grow([&] { return fdt_end_node(buffer_.data()); });
}

void FdtWriter::flag(char const* name) { raw(name, {}); }

void FdtWriter::raw(char const* name, std::span<std::byte const> value) {
    grow([&] { return fdt_property(buffer_.data(), name, value.data(), static_cast<int>(value.size())); });
}

void FdtWriter::cells(char const* name, std::vector<std::uint32_t> const& values) {
    std::vector<fdt32_t> raw_cells;
    for (auto const value : values) raw_cells.push_back(cpu_to_fdt32(value));
    raw(name, std::as_bytes(std::span{raw_cells}));
}

void FdtWriter::text(char const* name, std::string const& value) { texts(name, {value}); }

void FdtWriter::texts(char const* name, std::vector<std::string> const& values) {
    std::string joined;
    for (auto const& value : values) joined.append(value).push_back('\0');
    raw(name, std::as_bytes(std::span{joined}));
}

Bytes FdtWriter::finish() {
    grow([&] { return fdt_finish(buffer_.data()); });
    buffer_.resize(fdt_totalsize(buffer_.data()));
    return buffer_;
}

void add_cells(std::vector<std::uint32_t>& cells, std::uint64_t value) {
    cells.push_back(static_cast<std::uint32_t>(value >> 32));
    cells.push_back(static_cast<std::uint32_t>(value));
}

}  // namespace tiffin
