#include "core/cpu/reals.h"

#include <algorithm>

#include "core/cpu/isa.h"
#include "core/cpu/reals_kernels.h"

TESSERA_FOR_EACH_ISA(extern const HalfKernels halves;
                     void every_second(const float* from, int64_t n, float* to))

namespace tessera::cpu {

namespace {

// Calls f(position, length) for blocks of n elements.
template <class F>
void by_blocks(int64_t n, F&& f) {
  constexpr int64_t kBlock = 256;
  for (int64_t i = 0; i < n; i += kBlock) f(i, std::min(kBlock, n - i));
}

// n elements of type S, `stride` apart, as T, and back.
template <class S, class T>
void gather(const std::byte* data, int64_t n, int64_t stride, T* to) {
  const auto* const from = reinterpret_cast<const S*>(data);
  if constexpr (std::is_same_v<S, T>) {
    if (stride == 1) return static_cast<void>(std::copy(from, from + n, to));
    if constexpr (std::is_same_v<T, float>) {
      if (stride == 2) return TESSERA_SELECT(every_second)(from, n, to);
    }
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
  } else if (stride == 1) {
    widen(from, n, to);
  } else {
    by_blocks(n, [&](int64_t i, int64_t length) {
      S block[256];
      for (int64_t k = 0; k < length; ++k) block[k] = from[(i + k) * stride];
      widen(block, length, to + i);
    });
  }
}

template <class S, class T>
void scatter(std::byte* data, int64_t n, int64_t stride, const T* from) {
  auto* const to = reinterpret_cast<S*>(data);
  if constexpr (std::is_same_v<S, T>) {
    if (stride == 1) {
      std::copy(from, from + n, to);
    } else {
      for (int64_t i = 0; i < n; ++i) to[i * stride] = from[i];
    }
  } else if (stride == 1) {
    narrow(from, n, to);
  } else {
    by_blocks(n, [&](int64_t i, int64_t length) {
      S block[256];
      narrow(from + i, length, block);
      for (int64_t k = 0; k < length; ++k) to[(i + k) * stride] = block[k];
    });
  }
}

}  // namespace

void widen(const BFloat16* from, int64_t n, float* to) {
  TESSERA_SELECT(halves).widen_bf16(from, n, to);
}
void widen(const Half* from, int64_t n, float* to) {
  TESSERA_SELECT(halves).widen_f16(from, n, to);
}
void narrow(const float* from, int64_t n, BFloat16* to) {
  TESSERA_SELECT(halves).narrow_bf16(from, n, to);
}
void narrow(const float* from, int64_t n, Half* to) {
  TESSERA_SELECT(halves).narrow_f16(from, n, to);
}

void ConstReals::read(int64_t n, float* to, int64_t stride) const {
  if (dtype == f32) return gather<float>(data, n, stride, to);
  dtype == bf16 ? gather<BFloat16>(data, n, stride, to) : gather<Half>(data, n, stride, to);
}

void ConstReals::read(int64_t n, double* to, int64_t stride) const {
  gather<double>(data, n, stride, to);
}

void ConstReals::read(int64_t n, BFloat16* to, int64_t stride) const {
  gather<BFloat16>(data, n, stride, to);
}

void Reals::write(int64_t n, const float* from, int64_t stride) const {
  if (dtype == f32) return scatter<float>(data, n, stride, from);
  dtype == bf16 ? scatter<BFloat16>(data, n, stride, from) : scatter<Half>(data, n, stride, from);
}

void Reals::write(int64_t n, const double* from, int64_t stride) const {
  scatter<double>(data, n, stride, from);
}

}  // namespace tessera::cpu
