// A plan to break: tests start from one that is valid, change a field, and look at the refusal. Host only.
#pragma once
#include "plan/tables.hpp"

namespace tiffin::testing {

// Fields left out of a designated initialiser are zero, which is what the format wants of them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/// Two VMs on a board like QEMU's virt: `alpha` (2 MiB, one vCPU, a payload, a window, an interrupt) and `beta` (64 KiB).
inline PlanTables good_plan() {
    PlanTables p;
    p.header = {.magic = abi::plan_magic,
                .version = abi::plan_version,
                .load_address = 0x4020'0000,
                .image_bytes = 0x10'0000,
                .pool_bytes = 0x1'0000,
                .description = p.text("device.yaml")};
    p.header.board = {.name = p.text("test board"),
                      .gic_version = abi::GicVersion::V3,
                      .gicd = 0x0800'0000,
                      .gicd_size = 0x1'0000,
                      .gicr = 0x080a'0000,
                      .gicr_size = 0xf6'0000,
                      .uart = 0x0900'0000,
                      .uart_size = 0x1000,
                      .uart_kind = abi::UartKind::Pl011,
                      .uart_intid = 33,
                      .maintenance_intid = 25,
                      .hyp_timer_intid = 26,
                      .virtual_timer_intid = 27,
                      .physical_timer_intid = 30,
                      .psci = abi::PsciConduit::Smc,
                      .cpu_count = 4,
                      .mpidr = {0, 1, 2, 3}};
    p.memory = {{0x4000'0000, 0x800'0000}};
    p.vms = {{.name = p.text("alpha"),
              .line = 3,
              .flags = abi::vm_has_uart,
              .ram_ipa = 0x4000'0000,
              .ram_size = 0x20'0000,
              .ram_pa = 0x4040'0000,
              .entry = 0x4000'0000,
              .x0 = 0x4000'0000,
              .payloads = {0, 1},
              .vcpus = {0, 1},
              .windows = {0, 1},
              .interrupts = {0, 1}},
             {.name = p.text("beta"),
              .line = 9,
              .ram_ipa = 0x4000'0000,
              .ram_size = 0x1'0000,
              .ram_pa = 0x4060'0000,
              .entry = 0x4000'0000,
              .x0 = 0x4000'8000,
              .payloads = {1, 2},
              .vcpus = {1, 1},
              .windows = {1, 0},
              .interrupts = {1, 0}}};
    p.vcpus = {{.vm = 0, .core = 0, .policy = abi::Policy::Fixed, .priority = 40, .weight = 0},
               {.vm = 1, .core = 1, .policy = abi::Policy::Share, .priority = 0, .weight = 100}};
    auto const elf = p.text("app.elf"), tree = p.text("device tree");
    p.payloads = {{.ipa = 0x4000'0000, .image_offset = 0x2'0000, .size = 0x3001, .what = elf},
                  {.ipa = 0x4000'0000, .image_offset = 0x2'0000, .size = 0x3001, .what = elf},
                  {.ipa = 0x4000'8000, .image_offset = 0x2'4000, .size = 0x800, .what = tree}};
    p.windows = {{.ipa = 0x0903'0000, .pa = 0x0903'0000, .size = 0x1000, .what = p.text("pl061@9030000"), .line = 5}};
    p.interrupts = {{.physical = 39, .virtual_id = 39, .edge = 0, .line = 5}};
    return p;
}

/// The same with a channel between the two.
inline PlanTables plan_with_a_channel() {
    auto p = good_plan();
    p.header.shared_base = 0x4700'0000, p.header.shared_bytes = 0x4000;
    auto const post = p.text("post");
    p.channels = {
        {.name = post, .line = 6, .ipa = 0x0b00'0000, .pa = 0x4700'0000, .size = 0x4000, .peer = 1, .peer_channel = 0, .side = 0},
        {.name = post,
         .line = 11,
         .ipa = 0x0b00'0000,
         .pa = 0x4700'0000,
         .size = 0x4000,
         .peer = 0,
         .peer_channel = 0,
         .side = 1}};
    p.vms[0].channels = {0, 1}, p.vms[1].channels = {1, 1};
    return p;
}

#pragma GCC diagnostic pop

}  // namespace tiffin::testing
