#include <cmath>
#include <cstring>
#include <limits>

#include "core/cpu/tile.h"

namespace tessera::cpu {

namespace {

template <class To, class From>
To converted(From value) {
  if constexpr (std::is_same_v<From, BFloat16> || std::is_same_v<From, Half>) {
    return converted<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_same_v<To, BFloat16> || std::is_same_v<To, Half>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    // Towards zero; out of range is undefined in C++, here it saturates and NaN gives 0.
    constexpr int64_t low = std::is_same_v<To, uint8_t> ? std::numeric_limits<int64_t>::min()
                                                        : std::numeric_limits<To>::min();
    if (!(value >= static_cast<From>(low))) return value == value ? static_cast<To>(low) : To(0);
    constexpr auto high =
        static_cast<From>(std::is_same_v<To, int32_t> ? 2147483648.0 : 9223372036854775808.0);
    if (value >= high) return std::numeric_limits<To>::max();
    return static_cast<To>(static_cast<int64_t>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace

void convert(const std::byte* src, DType from, std::byte* dst, DType to, int64_t n) {
  if (from == to) {
    std::memmove(dst, src, static_cast<size_t>(n * size_of(from)));
    return;
  }
  dispatch(from, [&]<class From>(From) {
    dispatch(to, [&]<class To>(To) {
      const auto* s = reinterpret_cast<const From*>(src);
      auto* d = reinterpret_cast<To*>(dst);
      for (int64_t i = 0; i < n; ++i) d[i] = converted<To>(s[i]);
    });
  });
}

}  // namespace tessera::cpu
