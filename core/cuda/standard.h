// What scalar functions use of the C++ standard library, for NVRTC, which has the functions but
// not the headers. It stands for <cstdint>, <cmath>, <limits>, <numbers> and <type_traits>.
#pragma once

using int8_t = signed char;
using int16_t = short;
using int32_t = int;
using int64_t = long long;
using uint8_t = unsigned char;
using uint16_t = unsigned short;
using uint32_t = unsigned int;
using uint64_t = unsigned long long;

namespace std {

template <class T, T kValue>
struct integral_constant {
  static constexpr T value = kValue;
};
template <bool kValue>
using bool_constant = integral_constant<bool, kValue>;

template <class T, class U>
inline constexpr bool is_same_v = false;
template <class T>
inline constexpr bool is_same_v<T, T> = true;
template <class T>
inline constexpr bool is_floating_point_v = is_same_v<T, float> || is_same_v<T, double>;
template <class T>
inline constexpr bool is_integral_v = !is_floating_point_v<T>;  // of the types of elements
template <class T>
inline constexpr bool is_signed_v = T(-1) < T(0);
template <class Base, class Derived>
inline constexpr bool is_base_of_v = __is_base_of(Base, Derived);

template <bool kFirst, class T, class>
struct conditional {
  using type = T;
};
template <class T, class U>
struct conditional<false, T, U> {
  using type = U;
};
template <bool kFirst, class T, class U>
using conditional_t = typename conditional<kFirst, T, U>::type;

template <class T>
struct numeric_limits {
  static constexpr int digits = 8 * sizeof(T) - is_signed_v<T>;
  static constexpr T max() {
    return is_signed_v<T> ? T(((T(1) << (digits - 1)) - 1) * 2 + 1) : T(-1);
  }
  static constexpr T min() { return is_signed_v<T> ? T(-max() - 1) : T(0); }
};
template <>
struct numeric_limits<bool> {
  static constexpr int digits = 1;
  static constexpr bool max() { return true; }
  static constexpr bool min() { return false; }
};
template <>
struct numeric_limits<float> {
  static constexpr float max() { return 3.402823466e+38f; }
  static constexpr float min() { return 1.175494351e-38f; }
  static constexpr float infinity() { return __builtin_bit_cast(float, 0x7f800000); }
};
template <>
struct numeric_limits<double> {
  static constexpr double max() { return 1.7976931348623157e+308; }
  static constexpr double min() { return 2.2250738585072014e-308; }
  static constexpr double infinity() { return __builtin_bit_cast(double, 0x7ff0000000000000); }
};

namespace numbers {
template <class T>
inline constexpr T pi_v = T(3.14159265358979323846);
inline constexpr double pi = pi_v<double>;
}  // namespace numbers

using ::acos, ::acosh, ::asin, ::asinh, ::atan, ::atan2, ::atanh, ::ceil, ::copysign, ::cos, ::cosh,
    ::erf, ::erfc, ::exp, ::exp2, ::expm1, ::floor, ::fmod, ::hypot, ::log, ::log10, ::log1p,
    ::log2, ::nearbyint, ::pow, ::sin, ::sinh, ::sqrt, ::tan, ::tanh, ::trunc;
inline float abs(float x) {
  return fabsf(x);
}
inline double abs(double x) {
  return fabs(x);
}

}  // namespace std
