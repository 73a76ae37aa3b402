#include "core/cpu/pairs.h"

#include <atomic>
#include <utility>

#include "core/cpu/isa.h"
#include "core/cpu/tiles.h"

#ifdef TESSERA_X86_SIMD
#include <immintrin.h>
#endif

namespace tessera::cpu {

namespace {

#ifdef TESSERA_X86_SIMD

// The tiles of AMX. The assembler knows them, so no option of the compiler is needed; the compiler
// keeps nothing in them.
class AmxTiles {
 public:
  // All tiles are 16 rows of 64 bytes; a thread says so once.
  AmxTiles() {
    static thread_local bool configured = false;
    if (configured) return;
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } const shapes;
    static_assert(sizeof shapes == 64);
    asm volatile("ldtilecfg %0" ::"m"(shapes));
    configured = true;
  }
  template <int kTo>
  void zero() const {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTo));
  }
  template <int kTo>
  void load(const void* from, int64_t stride) const {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTo) : "memory");
  }
  template <int kFrom>
  void store(void* to, int64_t stride) const {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kFrom) : "memory");
  }
  template <int kSum, int kA, int kB>
  void multiply() const {
    asm volatile("tdpbf16ps %%tmm%c0, %%tmm%c1, %%tmm%c2" ::"i"(kB), "i"(kA), "i"(kSum));
  }
};

constexpr GemmKernel<BFloat16> amx_kernel = tile_kernel<AmxTiles>();

// As many sums as hide the latency, and no more than the registers hold.
constexpr int kPairRows = 6, kPairVectors = 4, kPairLanes = 16;

[[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]] void multiply_pairs(
    int64_t, int64_t depth, const BFloat16* a, int64_t a_row, int64_t, const BFloat16* b, float* c,
    int64_t c_row, bool accumulate) {
  __m512 sum[kPairRows][kPairVectors];
#pragma GCC unroll 6
  for (int i = 0; i < kPairRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kPairVectors; ++v)
      sum[i][v] =
          accumulate ? _mm512_loadu_ps(c + i * c_row + v * kPairLanes) : _mm512_setzero_ps();
  }
  for (int64_t p = 0; p < depth; p += 2, b += 2 * kPairVectors * kPairLanes) {
    __m512bh row[kPairVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kPairVectors; ++v)
      row[v] = (__m512bh)_mm512_loadu_si512(b + 2 * v * kPairLanes);
#pragma GCC unroll 6
    for (int i = 0; i < kPairRows; ++i) {
      int pair;
      __builtin_memcpy(&pair, a + i * a_row + p, sizeof pair);
      const auto both = (__m512bh)_mm512_set1_epi32(pair);
#pragma GCC unroll 4
      for (int v = 0; v < kPairVectors; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], both, row[v]);
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < kPairRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kPairVectors; ++v)
      _mm512_storeu_ps(c + i * c_row + v * kPairLanes, sum[i][v]);
  }
}

constexpr GemmKernel<BFloat16> dot_kernel = {kPairRows, kPairVectors* kPairLanes, 2,
                                             multiply_pairs};

const GemmKernel<BFloat16>* best_kernel() {
  return isa() == Isa::amx ? &amx_kernel : isa() == Isa::avx512_bf16 ? &dot_kernel : nullptr;
}

#else

const GemmKernel<BFloat16>* best_kernel() {
  return nullptr;
}

#endif

std::atomic<const GemmKernel<BFloat16>*>& kernel_in_use() {
  static std::atomic<const GemmKernel<BFloat16>*> kernel = best_kernel();
  return kernel;
}

}  // namespace

const GemmKernel<BFloat16>* pair_kernel() {
  return kernel_in_use().load(std::memory_order_relaxed);
}

template <>
const GemmKernel<BFloat16>& gemm_kernel(int64_t) {
  return *pair_kernel();
}

PairKernelInUse::PairKernelInUse(const GemmKernel<BFloat16>* kernel)
    : saved_(kernel_in_use().exchange(kernel)) {}

PairKernelInUse::~PairKernelInUse() {
  kernel_in_use() = saved_;
}

}  // namespace tessera::cpu
