#include "core/dtype.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <doctest/doctest.h>

using namespace tessera;

namespace {

constexpr DType kAll[] = {f32, f64, bf16, f16, i32, i64, u8, bool_};

template <class T>
T from_bits(uint16_t bits) {
  T value;
  value.bits = bits;
  return value;
}

template <class T>
double real(uint16_t bits) {
  return static_cast<double>(static_cast<float>(from_bits<T>(bits)));
}

// Every 16-bit pattern is kept by a trip through float, except that a NaN may get another payload.
template <class T>
void check_round_trip() {
  int wrong = 0;
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto value = static_cast<float>(from_bits<T>(static_cast<uint16_t>(bits)));
    const T again(value);
    wrong += std::isnan(value) ? !std::isnan(static_cast<float>(again)) : again.bits != bits;
  }
  CHECK(wrong == 0);
}

// The result is the nearest value there is, the even one of two: compared with its neighbours, the
// pattern above and below. `infinity` is the pattern of infinity.
template <class T>
void check_rounding(uint16_t infinity, double overflow) {
  std::mt19937 random(1);
  int wrong = 0;
  for (int round = 0; round < 200000; ++round) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()) & 0x7fffffff);
    if (!std::isfinite(value)) continue;
    const uint16_t bits = T(value).bits;
    const auto exact = static_cast<double>(value);
    if (exact >= overflow) {
      wrong += bits != infinity;
      continue;
    }
    const double error = std::abs(real<T>(bits) - exact);
    const double above = std::abs(real<T>(static_cast<uint16_t>(bits + 1)) - exact);
    const double below =
        bits == 0 ? HUGE_VAL : std::abs(real<T>(static_cast<uint16_t>(bits - 1)) - exact);
    const bool odd = (bits & 1) != 0;
    wrong += bits >= infinity || above < error || below < error ||
             (odd && (above == error || below == error));
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_SUITE("core/dtype") {
  TEST_CASE("sizes and names") {
    CHECK(size_of(f32) == 4);
    CHECK(size_of(f64) == 8);
    CHECK(size_of(bf16) == 2);
    CHECK(size_of(f16) == 2);
    CHECK(size_of(i32) == 4);
    CHECK(size_of(i64) == 8);
    CHECK(size_of(u8) == 1);
    CHECK(size_of(bool_) == 1);
    CHECK(name_of(bf16) == "bf16");
    CHECK(name_of(bool_) == "bool");
    for (const DType d : kAll) CHECK(dispatch(d, []<class T>(T) { return dtype_of<T>; }) == d);
  }

  TEST_CASE("every dtype is of one kind") {
    for (const DType d : kAll) CHECK(is_floating(d) + is_integer(d) + (d == bool_) == 1);
    CHECK(compute_type(f16) == f32);
    CHECK(compute_type(f64) == f64);
  }

  TEST_CASE("promotion as in torch.promote_types") {
    CHECK(promote(u8, i32) == i32);
    CHECK(promote(i64, f16) == f16);
    CHECK(promote(f16, bf16) == f32);
    CHECK(promote(bf16, f32) == f32);
    CHECK(promote(f32, f64) == f64);
    CHECK(promote(bool_, u8) == u8);
    for (const DType a : kAll) {
      CHECK(promote(a, a) == a);
      for (const DType b : kAll) CHECK(promote(a, b) == promote(b, a));
    }
  }

  TEST_CASE("halves keep their bits") {
    check_round_trip<Half>();
    check_round_trip<BFloat16>();
  }

  TEST_CASE("halves round to the nearest, ties to even") {
    check_rounding<Half>(0x7c00, 65520);
    check_rounding<BFloat16>(0x7f80, 0x1.ffp127);
    CHECK(Half(1 + 0x1p-11F).bits == 0x3c00);      // a tie, down to even
    CHECK(Half(1 + 3 * 0x1p-11F).bits == 0x3c02);  // a tie, up to even
    CHECK(Half(0x1p-25F).bits == 0);               // half the smallest subnormal
    CHECK(Half(0x1.8p-25F).bits == 1);
    CHECK(BFloat16(1 + 0x1p-8F).bits == 0x3f80);
    CHECK(BFloat16(-1 - 3 * 0x1p-8F).bits == 0xbf82);
  }

  TEST_CASE("halves keep nan, infinity and the sign of zero") {
    const float inf = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(Half(-inf).bits == 0xfc00);
    CHECK(BFloat16(-inf).bits == 0xff80);
    CHECK(std::isnan(static_cast<float>(Half(nan))));
    CHECK(std::isnan(static_cast<float>(BFloat16(nan))));
    CHECK(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7f800001U)))));
    CHECK(Half(-0.0F).bits == 0x8000);
    CHECK(BFloat16(-0.0F).bits == 0x8000);
    CHECK(Half(1e30F).bits == 0x7c00);
  }
}
