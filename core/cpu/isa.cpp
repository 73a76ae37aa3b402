#include "core/cpu/isa.h"

#ifdef TESSERA_X86_SIMD
#include <cpuid.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdlib>
#include <string_view>

#include "core/error.h"

namespace tessera::cpu {

static constexpr const char* kNames[] = {"generic", "avx2", "avx512", "avx512_bf16", "amx"};

#ifdef TESSERA_X86_SIMD
// Whether the processor multiplies tiles of bf16, and the system, which has to save them, lets us.
static bool tiles_allowed() {
  constexpr unsigned kTiles = 1U << 24, kProducts = 1U << 22;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kTiles) == 0 || (d & kProducts) == 0)
    return false;
#ifdef __linux__
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}
#endif

static Isa best() {
#ifdef TESSERA_X86_SIMD
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    if (!__builtin_cpu_supports("avx512bf16")) return Isa::avx512;
    return tiles_allowed() ? Isa::amx : Isa::avx512_bf16;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::generic;
}

static Isa choose() {
  const Isa possible = best();
  const char* wish = std::getenv("TESSERA_ISA");
  if (wish == nullptr || *wish == '\0') return possible;
  for (int i = 0; i <= static_cast<int>(possible); ++i) {
    if (std::string_view(wish) == kNames[i]) return static_cast<Isa>(i);
  }
  fail(
      fmt::format("TESSERA_ISA: must be generic, avx2, avx512, avx512_bf16 or amx and no more than "
                  "this processor has ({}), got \"{}\"",
                  kNames[static_cast<int>(possible)], wish));
}

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

const char* isa_name() {
  return kNames[static_cast<int>(isa())];
}

}  // namespace tessera::cpu
