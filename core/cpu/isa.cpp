#include "core/cpu/isa.h"

#include <cstdlib>
#include <string_view>

#include "core/error.h"

namespace tessera::cpu {

static constexpr const char* kNames[] = {"generic", "avx2", "avx512"};

static Isa best() {
#ifdef TESSERA_X86_SIMD
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return Isa::avx512;
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
      fmt::format("TESSERA_ISA: must be generic, avx2 or avx512 and no more than this processor "
                  "has ({}), got \"{}\"",
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
