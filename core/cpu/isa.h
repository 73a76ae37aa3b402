#pragma once

#include <type_traits>

#include "core/dtype.h"

namespace tessera::cpu {

// Instruction sets. Kernels in *.simd.inc are compiled for the first three; the others add products
// in bf16 to avx512, see core/cpu/pairs.h.
enum class Isa { generic, avx2, avx512, avx512_bf16, amx };

// The one in use: the best the processor has, or what the environment variable TESSERA_ISA names
// (if the processor has it).
Isa isa();
const char* isa_name();

}  // namespace tessera::cpu

// TESSERA_SELECT(unary_tiles) is cpu::<isa>::unary_tiles for the instruction set in use.
#ifdef TESSERA_X86_SIMD
#define TESSERA_SELECT(name)                                                           \
  (::tessera::cpu::isa() >= ::tessera::cpu::Isa::avx512 ? ::tessera::cpu::avx512::name \
   : ::tessera::cpu::isa() == ::tessera::cpu::Isa::avx2 ? ::tessera::cpu::avx2::name   \
                                                        : ::tessera::cpu::generic::name)
#define TESSERA_FOR_EACH_ISA(declaration) \
  namespace tessera::cpu::generic {       \
  declaration;                            \
  }                                       \
  namespace tessera::cpu::avx2 {          \
  declaration;                            \
  }                                       \
  namespace tessera::cpu::avx512 {        \
  declaration;                            \
  }
#else
#define TESSERA_SELECT(name) (::tessera::cpu::generic::name)
#define TESSERA_FOR_EACH_ISA(declaration) \
  namespace tessera::cpu::generic {       \
  declaration;                            \
  }
#endif

// Defines `name`_kernels<T>(): the table `name`_f32 or, for double, `name`_f64.
#define TESSERA_REAL_KERNELS(Table, name)    \
  template <class T>                         \
  const Table<T>& name##_kernels() {         \
    if constexpr (std::is_same_v<T, double>) \
      return TESSERA_SELECT(name##_f64);     \
    else                                     \
      return TESSERA_SELECT(name##_f32);     \
  }

namespace tessera::cpu {

// Calls f with the 0 of the type that kernels of real numbers compute `dtype` in: double for f64,
// else float.
template <class F>
void for_real(DType dtype, F&& f) {
  dtype == f64 ? f(double{}) : f(float{});
}

}  // namespace tessera::cpu
