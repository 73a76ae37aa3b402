#include "io/label_resample.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Interpolation;

TEST_SUITE("io/label_resample") {
  TEST_CASE("half of the weight decides") {
    const std::array<std::array<double, 2>, 3> even = {{{0.5, 0.5}, {0.5, 0.5}, {0.5, 0.5}}};
    CHECK(io::vote({1, 1, 1, 1, 2, 3, 4, 5}, even) == 1);
    CHECK(io::vote({1, 1, 1, 1, 2, 2, 2, 2}, even) == 2);  // the larger one of two
    CHECK(io::vote({-1, -1, -1, -1, -2, -2, -2, 9}, even) == -1);
    CHECK(io::vote({1, 1, 1, 2, 2, 2, 3, 3}, even) == 0);  // nobody has half
    CHECK(io::vote({1, 1, 1, 2, 2, 2, 3, 3}, {{{0.75, 0.25}, {0.5, 0.5}, {0.5, 0.5}}}) == 1);
  }

  TEST_CASE("places among labels") {
    const auto check = [](double place, Interpolation how, int64_t low, int64_t high,
                          double weight) {
      const io::LabelTap tap = io::label_tap(place, 3, how);
      CHECK(tap.low == low);
      CHECK(tap.high == high);
      CHECK(tap.low_weight == weight);
      CHECK(tap.high_weight == 1 - weight);
    };
    check(-4, Interpolation::linear, 0, 1, 1);
    check(1.25, Interpolation::linear, 1, 2, 0.75);
    check(9, Interpolation::linear, 2, 2, 1);
    check(0.5, Interpolation::nearest, 1, 1, 1);
    check(0.49, Interpolation::nearest, 0, 0, 1);
  }

  TEST_CASE("labels of any dtype") {
    for (const DType dtype : {u8, i32, i64, f32, f64, f16, bool_}) {
      const Tensor labels = tensor({0, 1, 1}, {3}, dtype);
      const std::vector<int32_t> values = io::labels_of(labels, "x");
      CHECK(values == std::vector<int32_t>{0, 1, 1});
      const Tensor back = io::labels_tensor(values, {3}, dtype);
      CHECK(back.dtype() == dtype);
      CHECK(back.to_vector<double>() == std::vector<double>{0, 1, 1});
    }
    CHECK_THROWS_WITH_AS(io::labels_of(tensor({0.5}, {1}), "x"),
                         doctest::Contains("whole numbers, got 0.5"), Error);
    CHECK_THROWS_AS(io::labels_of(tensor({1e10}, {1}, i64), "x"), Error);
  }

  TEST_CASE("a volume at other places") {
    const std::vector<int32_t> labels = {1, 1, 3, 3};
    const auto taps = [&](std::initializer_list<double> places, int64_t n) {
      std::vector<io::LabelTap> result;
      for (const double place : places) {
        result.push_back(io::label_tap(place, n, Interpolation::linear));
      }
      return result;
    };
    CHECK(io::resample_labels(labels, 2, {1, 1, 2},
                              {taps({0}, 1), taps({0, 0}, 1), taps({0, 0.5, 1}, 2)}) ==
          std::vector<int32_t>{1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3});
  }
}
