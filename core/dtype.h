#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tessera {

// The element types of tensors. `bool_` is NumPy's name for the one-byte truth value.
enum class DType : uint8_t { f32, f64, bf16, f16, i32, i64, u8, bool_ };
using enum DType;

inline constexpr int kDTypes = 8;

// Bytes per element.
constexpr int64_t size_of(DType dtype) {
  constexpr int8_t sizes[kDTypes] = {4, 8, 2, 2, 4, 8, 1, 1};
  return sizes[static_cast<size_t>(dtype)];
}
std::string_view name_of(DType dtype);  // "f32", ..., "bool"

constexpr bool is_floating(DType d) {
  return d == f32 || d == f64 || d == bf16 || d == f16;
}
constexpr bool is_half(DType d) {
  return d == bf16 || d == f16;
}
constexpr bool is_integer(DType d) {
  return d == i32 || d == i64 || d == u8;
}

// The type arithmetic is done in: halves are computed in f32 and rounded after every operation,
// everything else in itself.
constexpr DType compute_type(DType d) {
  return is_half(d) ? f32 : d;
}

// The smallest type that holds both, as torch.promote_types: bool < u8 < i32 < i64 < f16, bf16 <
// f32 < f64, and f16 with bf16 gives f32.
DType promote(DType a, DType b);

// Storage of a half: bits only, arithmetic is done in float.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);  // rounds to nearest, ties to even
  explicit operator float() const;
};

struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float value);  // rounds to nearest, ties to even; overflow gives infinity
  explicit operator float() const;
};

// Calls `f` with a value of the C++ type that stores `dtype`: dispatch(d, [&]<class T>(T) {...}).
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case f32:
      return f(float{});
    case f64:
      return f(double{});
    case bf16:
      return f(BFloat16{});
    case f16:
      return f(Half{});
    case i32:
      return f(int32_t{});
    case i64:
      return f(int64_t{});
    case u8:
      return f(uint8_t{});
    case bool_:
      break;
  }
  return f(bool{});
}

// The DType that stores T.
template <class T>
struct dtype_of_type;
template <>
struct dtype_of_type<float> {
  static constexpr DType value = f32;
};
template <>
struct dtype_of_type<double> {
  static constexpr DType value = f64;
};
template <>
struct dtype_of_type<BFloat16> {
  static constexpr DType value = bf16;
};
template <>
struct dtype_of_type<Half> {
  static constexpr DType value = f16;
};
template <>
struct dtype_of_type<int32_t> {
  static constexpr DType value = i32;
};
template <>
struct dtype_of_type<int64_t> {
  static constexpr DType value = i64;
};
template <>
struct dtype_of_type<uint8_t> {
  static constexpr DType value = u8;
};
template <>
struct dtype_of_type<bool> {
  static constexpr DType value = bool_;
};
template <class T>
inline constexpr DType dtype_of = dtype_of_type<T>::value;

}  // namespace tessera
