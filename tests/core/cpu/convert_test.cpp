#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "core/cpu/tile.h"

using namespace tessera;

namespace {

template <class To, class From>
To convert_one(From value) {
  To result;
  cpu::convert(reinterpret_cast<const std::byte*>(&value), dtype_of<From>,
               reinterpret_cast<std::byte*>(&result), dtype_of<To>, 1);
  return result;
}

constexpr DType kAll[] = {f32, f64, bf16, f16, i32, i64, u8, bool_};
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_SUITE("core/cpu/convert") {
  TEST_CASE("small whole numbers survive every pair of dtypes") {
    const double values[] = {0, 1, 2, 77, 100};
    for (const DType from : kAll) {
      for (const DType to : kAll) {
        std::byte source[64], target[64];
        double back[5];
        cpu::convert(reinterpret_cast<const std::byte*>(values), f64, source, from, 5);
        cpu::convert(source, from, target, to, 5);
        cpu::convert(target, to, reinterpret_cast<std::byte*>(back), f64, 5);
        for (int i = 0; i < 5; ++i) {
          const bool truth = from == bool_ || to == bool_;
          CHECK(back[i] == (truth ? values[i] != 0 : values[i]));
        }
      }
    }
  }

  TEST_CASE("reals become integers towards zero") {
    CHECK(convert_one<int32_t>(2.9) == 2);
    CHECK(convert_one<int32_t>(-2.9F) == -2);
    CHECK(convert_one<int64_t>(-0.5) == 0);
    CHECK(convert_one<uint8_t>(255.9) == 255);
    CHECK(convert_one<int64_t>(Half(-3.5F)) == -3);
  }

  TEST_CASE("reals out of range saturate, and nan is 0") {
    constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
    constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
    CHECK(convert_one<int32_t>(kInf) == kMax);
    CHECK(convert_one<int32_t>(-kInf) == kMin);
    CHECK(convert_one<int32_t>(2147483648.0) == kMax);
    CHECK(convert_one<int32_t>(2147483647.0) == kMax);
    CHECK(convert_one<int32_t>(3e9F) == kMax);
    CHECK(convert_one<int32_t>(-2147483648.9) == kMin);
    CHECK(convert_one<int64_t>(1e300) == std::numeric_limits<int64_t>::max());
    CHECK(convert_one<int64_t>(-1e30F) == std::numeric_limits<int64_t>::min());
    CHECK(convert_one<int32_t>(kNan) == 0);
    CHECK(convert_one<int64_t>(static_cast<float>(kNan)) == 0);
    CHECK(convert_one<uint8_t>(kNan) == 0);
  }

  TEST_CASE("whole numbers out of range wrap") {
    CHECK(convert_one<uint8_t>(int32_t{256 + 7}) == 7);
    CHECK(convert_one<uint8_t>(int64_t{-1}) == 255);
    CHECK(convert_one<int32_t>((int64_t{1} << 32) + 5) == 5);
    CHECK(convert_one<uint8_t>(-1.0) == 255);
  }

  TEST_CASE("everything but zero is true") {
    CHECK(convert_one<bool>(0.5));
    CHECK(convert_one<bool>(kNan));
    CHECK_FALSE(convert_one<bool>(-0.0));
    CHECK(convert_one<bool>(Half(6e-8F)));
    CHECK(convert_one<float>(true) == 1);
  }

  TEST_CASE("reals are rounded to the nearest") {
    CHECK(convert_one<float>(0.1) == 0.1F);
    CHECK(convert_one<float>(1e300) == std::numeric_limits<float>::infinity());
    CHECK(convert_one<Half>(1.0 / 3).bits == Half(1.0F / 3).bits);
    CHECK(convert_one<float>((int64_t{1} << 24) + 1) == 16777216.0F);
    CHECK(std::isnan(convert_one<float>(kNan)));
  }

  TEST_CASE("equal dtypes are copied, in place too") {
    std::vector<int32_t> values{1, 2, 3, 4};
    auto* bytes = reinterpret_cast<std::byte*>(values.data());
    cpu::convert(bytes, i32, bytes + 4, i32, 3);
    CHECK(values == std::vector<int32_t>{1, 1, 2, 3});
    cpu::convert(bytes, i32, bytes, i32, 0);
  }
}
