#pragma once

#include <cstdint>
#include <type_traits>

#include "core/reduction.h"
#include "core/scalar.h"

// What kernels for GPUs, printed programs and *.cu.inc files, are written with. NVRTC compiles it
// for the GPU; a C++ compiler compiles it too, for tests: then one call computes one block, thread
// after thread. So between two TESSERA_SYNC a kernel is written as TESSERA_THREADS { ... }, whose
// variables do not live on, and what threads tell each other is in TESSERA_SHARED arrays.

#ifdef __CUDACC_RTC__
#define TESSERA_KERNEL(name, Args) \
  extern "C" __global__ void __launch_bounds__(256) name(const __grid_constant__ Args a)
#define TESSERA_SHARED __shared__
#define TESSERA_SYNC __syncthreads()
#define TESSERA_THREADS for (int thread = threadIdx.x, once = 1; once; once = 0)
#else
#include "core/dtype.h"
#define TESSERA_KERNEL(name, Args) extern "C" void name(const Args& a)
#define TESSERA_SHARED static
#define TESSERA_SYNC
#define TESSERA_THREADS for (int thread = 0; thread < 256; ++thread)
#endif

namespace tessera {

#ifdef __CUDACC_RTC__

inline int64_t block_x() {
  return blockIdx.x;
}
inline int64_t block_y() {
  return blockIdx.y;
}

// For what does not depend on the order of threads: integers that are added, and extremes.
inline void add_at(uint64_t* at, uint64_t value) {
  atomicAdd(at, value);
}
inline void raise_to(uint64_t* at, uint64_t value) {
  atomicMax(at, value);
}

// The halves in memory; the same as in core/dtype.h, by the instructions of the GPU.
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(float x) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
  explicit operator float() const { return __uint_as_float(static_cast<uint32_t>(bits) << 16); }
};

struct Half {
  uint16_t bits;
  Half() = default;
  explicit Half(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
  explicit operator float() const {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
  }
};

#else

inline int64_t block[2];  // which one the call computes
inline int64_t block_x() {
  return block[0];
}
inline int64_t block_y() {
  return block[1];
}
inline void add_at(uint64_t* at, uint64_t value) {
  *at += value;
}
inline void raise_to(uint64_t* at, uint64_t value) {
  if (*at < value) *at = value;
}

#endif

// What elements of type T are computed in: halves in float.
template <class T>
struct ComputeType {
  using type = T;
};
template <>
struct ComputeType<BFloat16> {
  using type = float;
};
template <>
struct ComputeType<Half> {
  using type = float;
};
template <class T>
using Compute = typename ComputeType<T>::type;

// The parameters of a launch: the arrays, and whatever numbers the text leaves open.
template <int kSlots, int kNumbers>
struct Args {
  void* slot[kSlots];
  int64_t n[kNumbers];
};

// Where a kernel reports a value that breaks a contract (core/cuda/faults.h). The first kernel that
// does so is remembered, with the value of any of its threads.
struct Fault {
  int64_t* cell = nullptr;
  int64_t number = 0;
  void report(int64_t value) const {
    if (cell[0] != 0 && cell[0] != number) return;
    cell[1] = value;
    cell[0] = number;
  }
};

// A variable of each thread that lives on from one TESSERA_THREADS to the next: `sum[thread]`. On a
// GPU it is in registers.
template <class T>
class PerThread {
 public:
#ifdef __CUDACC_RTC__
  T& operator[](int) {
    return value_;
  }

 private:
  T value_;
#else
  T& operator[](int thread) {
    return values_[thread];
  }

 private:
  T values_[256];
#endif
};

// What a kernel of a *.cu.inc file is launched with: the type of its argument.
template <class P>
P parameters_of(void (*)(const P&));

// W neighbouring elements, read and written as one.
template <class T, int W>
struct alignas(sizeof(T) * W) Pack {
  T e[W];
};
template <int W, class T>
inline const Pack<T, W>& pack_at(const T* first) {
  return *reinterpret_cast<const Pack<T, W>*>(first);
}
template <int W, class T>
inline Pack<T, W>& pack_at(T* first) {
  return *reinterpret_cast<Pack<T, W>*>(first);
}

namespace reduction {

// What is known of a reduction after some elements of type T: for R as in core/reduction.h.
template <class R, class T>
struct Partial {
  Wide<T> value;
  void start() { value = R::template identity<Wide<T>>(); }
  void add(T element, int64_t) {
    value = join_wrapping<R, Wide<T>>(value, static_cast<Wide<T>>(element));
  }
  void join(const Partial& other) { value = join_wrapping<R, Wide<T>>(value, other.value); }
  T result() const { return static_cast<T>(value); }
};

// The position of the first extreme.
template <bool kLargest, class T>
struct PartialPosition {
  T value;
  int64_t position;  // -1: nothing seen yet
  void start() { position = -1; }
  void add(T element, int64_t at) {
    if (position < 0 || replaces(kLargest, value, element)) value = element, position = at;
  }
  void join(const PartialPosition& other) {
    if (other.position < 0) return;
    const bool same = position >= 0 && !replaces(kLargest, value, other.value) &&
                      !replaces(kLargest, other.value, value);
    if (position < 0 || (same ? other.position < position : replaces(kLargest, value, other.value)))
      value = other.value, position = other.position;
  }
  int64_t result() const { return position; }
};

struct ArgMax {};
struct ArgMin {};
template <class T>
struct Partial<ArgMax, T> : PartialPosition<true, T> {};
template <class T>
struct Partial<ArgMin, T> : PartialPosition<false, T> {};

// Joins what the `lanes` threads of each result know, `stride` apart, into the first of them, in an
// order that only depends on `lanes`, a power of two.
template <class P>
inline void join_lanes(P* partial, int lanes, int stride = 1) {
  TESSERA_SYNC;
  for (int width = lanes / 2; width > 0; width /= 2) {
    TESSERA_THREADS {
      if (thread / stride % lanes < width) partial[thread].join(partial[thread + width * stride]);
    }
    TESSERA_SYNC;
  }
}
template <int kLanes, int kStride, class P>
inline void join_lanes(P* partial) {
  join_lanes(partial, kLanes, kStride);
}

}  // namespace reduction
}  // namespace tessera
