#include <cstring>

#include "core/cpu/reals.h"
#include "core/cpu/tile.h"
#include "core/scalar.h"

namespace tessera::cpu {

namespace {

template <class To, class From>
To element(From value) {
  if constexpr (std::is_same_v<From, BFloat16> || std::is_same_v<From, Half>) {
    return element<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16> || std::is_same_v<To, Half>) {
    return To(static_cast<float>(value));
  } else {
    return converted<To>(value);
  }
}

}  // namespace

void convert(const std::byte* src, DType from, std::byte* dst, DType to, int64_t n) {
  if (from == to) {
    std::memmove(dst, src, static_cast<size_t>(n * size_of(from)));
    return;
  }
  if (to == f32 && is_half(from)) {
    return ConstReals(src, from).read(n, reinterpret_cast<float*>(dst));
  }
  if (from == f32 && is_half(to)) {
    return Reals(dst, to).write(n, reinterpret_cast<const float*>(src));
  }
  dispatch(from, [&]<class From>(From) {
    dispatch(to, [&]<class To>(To) {
      const auto* s = reinterpret_cast<const From*>(src);
      auto* d = reinterpret_cast<To*>(dst);
      for (int64_t i = 0; i < n; ++i) d[i] = element<To>(s[i]);
    });
  });
}

}  // namespace tessera::cpu
