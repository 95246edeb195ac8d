// What gdb is told of the registers. Source: GDB manual, "AArch64 Features": org.gnu.gdb.aarch64.core and .fpu; those of EL1 are a feature of our own.
#pragma once
#include <string>
#include <string_view>

namespace tiffin::gdb {

/// In the order of El1Regs (core/vm/vcpu.hpp), as far as a program's state goes.
inline constexpr std::string_view system_registers[] = {
    "SCTLR_EL1", "CPACR_EL1",      "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1",   "MAIR_EL1",    "AMAIR_EL1",
    "VBAR_EL1",  "CONTEXTIDR_EL1", "ESR_EL1",   "AFSR0_EL1", "AFSR1_EL1", "FAR_EL1",     "PAR_EL1",
    "ELR_EL1",   "SPSR_EL1",       "SP_EL0",    "SP_EL1",    "TPIDR_EL0", "TPIDRRO_EL0", "TPIDR_EL1"};

inline constexpr unsigned vector_registers = 32;

inline constexpr std::string_view core_xml =
    R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>aarch64</architecture>)"
    R"(<feature name="org.gnu.gdb.aarch64.core">)"
    R"(<reg name="x0" bitsize="64"/><reg name="x1" bitsize="64"/><reg name="x2" bitsize="64"/><reg name="x3" bitsize="64"/>)"
    R"(<reg name="x4" bitsize="64"/><reg name="x5" bitsize="64"/><reg name="x6" bitsize="64"/><reg name="x7" bitsize="64"/>)"
    R"(<reg name="x8" bitsize="64"/><reg name="x9" bitsize="64"/><reg name="x10" bitsize="64"/><reg name="x11" bitsize="64"/>)"
    R"(<reg name="x12" bitsize="64"/><reg name="x13" bitsize="64"/><reg name="x14" bitsize="64"/><reg name="x15" bitsize="64"/>)"
    R"(<reg name="x16" bitsize="64"/><reg name="x17" bitsize="64"/><reg name="x18" bitsize="64"/><reg name="x19" bitsize="64"/>)"
    R"(<reg name="x20" bitsize="64"/><reg name="x21" bitsize="64"/><reg name="x22" bitsize="64"/><reg name="x23" bitsize="64"/>)"
    R"(<reg name="x24" bitsize="64"/><reg name="x25" bitsize="64"/><reg name="x26" bitsize="64"/><reg name="x27" bitsize="64"/>)"
    R"(<reg name="x28" bitsize="64"/><reg name="x29" bitsize="64"/><reg name="x30" bitsize="64"/>)"
    R"(<reg name="sp" bitsize="64" type="data_ptr"/><reg name="pc" bitsize="64" type="code_ptr"/><reg name="cpsr" bitsize="32"/>)"
    R"(</feature>)";

/// "org.gnu.gdb.aarch64.fpu".
inline std::string fpu_xml() {
    std::string xml =
        R"(<feature name="org.gnu.gdb.aarch64.fpu"><vector id="v2d" type="ieee_double" count="2"/>)"
        R"(<vector id="v4f" type="ieee_single" count="4"/><vector id="v2u" type="uint64" count="2"/>)"
        R"(<vector id="v4u" type="uint32" count="4"/><vector id="v16u" type="uint8" count="16"/>)"
        R"(<union id="aarch64v"><field name="d" type="v2d"/><field name="s" type="v4f"/><field name="q" type="v2u"/>)"
        R"(<field name="w" type="v4u"/><field name="b" type="v16u"/></union>)";
    for (unsigned n = 0; n < vector_registers; ++n)
        xml += R"(<reg name="v)" + std::to_string(n) + R"(" bitsize="128" type="aarch64v"/>)";
    return xml + R"(<reg name="fpsr" bitsize="32"/><reg name="fpcr" bitsize="32"/></feature>)";
}

inline std::string target_xml() {
    std::string xml{core_xml};
    xml += R"(<feature name="tiffin.el1">)";
    for (auto const name : system_registers)
        (xml += R"(<reg name=")") += std::string{name} + R"(" bitsize="64" group="system"/>)";
    return xml + "</feature>" + fpu_xml() + "</target>";
}

}  // namespace tiffin::gdb
