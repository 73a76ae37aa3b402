#pragma once

namespace tessera::cpu {

// Instruction sets that kernels in *.simd.inc are compiled for.
enum class Isa { generic, avx2, avx512 };

// The one in use: the best the processor has, or what the environment variable TESSERA_ISA names
// (generic, avx2 or avx512, if the processor has it).
Isa isa();
const char* isa_name();

}  // namespace tessera::cpu

// TESSERA_SELECT(unary_tiles) is cpu::<isa>::unary_tiles for the instruction set in use.
#ifdef TESSERA_X86_SIMD
#define TESSERA_SELECT(name)                                                           \
  (::tessera::cpu::isa() == ::tessera::cpu::Isa::avx512 ? ::tessera::cpu::avx512::name \
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
