#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace tessera::cpu {

// Conversions of n elements, in vectors; the same bits as those of core/dtype.h.
void widen(const BFloat16* from, int64_t n, float* to);
void widen(const Half* from, int64_t n, float* to);
void narrow(const float* from, int64_t n, BFloat16* to);
void narrow(const float* from, int64_t n, Half* to);

// Real numbers in memory for kernels that compute in T, float or double: those in f64 for double,
// those in f32 or a half for float. Halves come into the caches as f32 block by block, so that
// every kernel takes them and none has to be written for them.
class ConstReals {
 public:
  ConstReals(const float* first)  // NOLINT(google-explicit-constructor)
      : data(reinterpret_cast<const std::byte*>(first)), dtype(f32) {}
  ConstReals(const double* first)  // NOLINT(google-explicit-constructor)
      : data(reinterpret_cast<const std::byte*>(first)), dtype(f64) {}
  ConstReals(const std::byte* first, DType type) : data(first), dtype(type) {}

  ConstReals operator+(int64_t elements) const { return {data + elements * size_of(dtype), dtype}; }
  // The first n elements, `stride` apart.
  void read(int64_t n, float* to, int64_t stride = 1) const;
  void read(int64_t n, double* to, int64_t stride = 1) const;
  void read(int64_t n, BFloat16* to, int64_t stride = 1) const;  // of bf16
  // They where they are, or a copy in `memory`.
  template <class T>
  const T* view(int64_t n, T* memory) const {
    if (dtype == dtype_of<T>) return reinterpret_cast<const T*>(data);
    read(n, memory);
    return memory;
  }

  const std::byte* data;
  DType dtype;
};

class Reals {
 public:
  Reals(float* first)  // NOLINT(google-explicit-constructor)
      : data(reinterpret_cast<std::byte*>(first)), dtype(f32) {}
  Reals(double* first)  // NOLINT(google-explicit-constructor)
      : data(reinterpret_cast<std::byte*>(first)), dtype(f64) {}
  Reals(std::byte* first, DType type) : data(first), dtype(type) {}

  Reals operator+(int64_t elements) const { return {data + elements * size_of(dtype), dtype}; }
  operator ConstReals() const { return {data, dtype}; }  // NOLINT(google-explicit-constructor)
  // Replaces the first n elements, `stride` apart.
  void write(int64_t n, const float* from, int64_t stride = 1) const;
  void write(int64_t n, const double* from, int64_t stride = 1) const;
  // Where n elements can be computed that `take` then brings here: here, or in `memory`.
  template <class T>
  T* room(T* memory) const {
    return dtype == dtype_of<T> ? reinterpret_cast<T*>(data) : memory;
  }
  template <class T>
  void take(int64_t n, const T* from) const {
    if (dtype != dtype_of<T>) write(n, from);
  }

  std::byte* data;
  DType dtype;
};

}  // namespace tessera::cpu
