#include "core/cpu/isa.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

using namespace tessera::cpu;

TEST_SUITE("core/cpu/isa") {
  TEST_CASE("one instruction set is in use, the one that was asked for") {
    const std::string name = isa_name();
    const char* const names[] = {"generic", "avx2", "avx512", "avx512_bf16", "amx"};
    CHECK(name == names[static_cast<int>(isa())]);
    const char* wish = std::getenv("TESSERA_ISA");
    if (wish != nullptr && *wish != '\0') CHECK(name == wish);
#ifndef TESSERA_X86_SIMD
    CHECK(isa() == Isa::generic);
#endif
  }

#ifdef TESSERA_X86_SIMD
  TEST_CASE("the processor has it") {
    if (isa() >= Isa::avx512) CHECK(__builtin_cpu_supports("avx512bw"));
    if (isa() != Isa::generic) CHECK(__builtin_cpu_supports("avx2"));
  }
#endif
}
