#include "core/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace tessera {

std::string_view name_of(DType dtype) {
  static constexpr std::array<std::string_view, kDTypes> names = {"f32", "f64", "bf16", "f16",
                                                                  "i32", "i64", "u8",   "bool"};
  return names[static_cast<size_t>(dtype)];
}

DType promote(DType a, DType b) {
  if (is_half(a) && is_half(b) && a != b) return f32;
  // Rank in the promotion order, indexed by DType.
  static constexpr std::array<int, kDTypes> rank = {5, 6, 4, 4, 2, 3, 1, 0};
  return rank[static_cast<size_t>(a)] >= rank[static_cast<size_t>(b)] ? a : b;
}

BFloat16::BFloat16(float value) {
  const auto x = std::bit_cast<uint32_t>(value);
  // A NaN keeps its sign and stays a NaN: rounding could carry it into infinity.
  bits = std::isnan(value) ? static_cast<uint16_t>((x >> 16) | 0x40)
                           : static_cast<uint16_t>((x + 0x7fff + ((x >> 16) & 1)) >> 16);
}

BFloat16::operator float() const {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

Half::Half(float value) {
  const auto x = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (x >> 16) & 0x8000;
  const uint32_t magnitude = x & 0x7fffffff;
  uint32_t half = 0;
  if (magnitude > 0x7f800000) {  // NaN
    half = 0x7e00;
  } else if (magnitude >= 0x477ff000) {  // 65520 and more round to infinity
    half = 0x7c00;
  } else if (magnitude < 0x38800000) {  // below 2^-14: subnormal, let a float addition round
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<uint32_t>(shifted) - 0x3f000000;
  } else {
    half = (magnitude + 0xc8000fff + ((magnitude >> 13) & 1)) >> 13;
  }
  bits = static_cast<uint16_t>(sign | half);
}

Half::operator float() const {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1f;
  const uint32_t mantissa = bits & 0x3ff;
  float magnitude = 0;
  if (exponent == 0) {
    magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  } else if (exponent == 31) {
    magnitude = std::bit_cast<float>(0x7f800000 | (mantissa << 13));
  } else {
    magnitude = std::bit_cast<float>(((exponent + 112) << 23) | (mantissa << 13));
  }
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

}  // namespace tessera
