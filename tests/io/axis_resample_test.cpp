#include "io/axis_resample.h"

#include <cmath>

#include <doctest/doctest.h>

using namespace tessera::io;

namespace {

std::vector<float> waves(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = std::sin(0.7F * static_cast<float>(i * i % 97));
  return values;
}

// The same one line at a time.
std::vector<float> line_by_line(const std::vector<float>& values, int64_t outer, int64_t inner,
                                const AxisTaps& taps) {
  std::vector<float> result(static_cast<size_t>(outer * taps.out() * inner));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      std::vector<float> line;
      for (int64_t k = 0; k < taps.in; ++k) {
        line.push_back(values[static_cast<size_t>((o * taps.in + k) * inner + i)]);
      }
      line = resample_axis(line, 1, 1, taps);
      for (int64_t k = 0; k < taps.out(); ++k) {
        result[static_cast<size_t>((o * taps.out() + k) * inner + i)] =
            line[static_cast<size_t>(k)];
      }
    }
  }
  return result;
}

}  // namespace

TEST_SUITE("io/axis_resample") {
  TEST_CASE("values between elements, worked out by hand") {
    const std::vector<double> places = {-1, 0, 0.25, 0.5, 1, 7};
    const std::vector<float> values = {2, 6};
    CHECK(resample_axis(values, 1, 1, taps_at(places, 2, Interpolation::linear)) ==
          std::vector<float>{2, 2, 3, 4, 6, 6});
    CHECK(resample_axis(values, 1, 1, taps_at(places, 2, Interpolation::nearest)) ==
          std::vector<float>{2, 2, 2, 6, 6, 6});
  }

  TEST_CASE("a spline goes through the elements, and is exact for constants and cubes") {
    const std::vector<float> values = waves(9);
    std::vector<double> places(9);
    for (size_t i = 0; i < 9; ++i) places[i] = static_cast<double>(i);
    const auto through = resample_axis(values, 1, 1, taps_at(places, 9, Interpolation::cubic));
    for (size_t i = 0; i < 9; ++i) CHECK(std::abs(through[i] - values[i]) < 1e-6);
    for (const int64_t n : {1, 2, 5}) {
      const std::vector<float> constant(static_cast<size_t>(n), 3);
      for (const float x :
           resample_axis(constant, 1, 1, taps_at({0, 0.3, 7}, n, Interpolation::cubic))) {
        CHECK(std::abs(x - 3) < 1e-5);
      }
    }
    std::vector<float> cubes;
    for (int i = 0; i < 60; ++i) cubes.push_back(static_cast<float>(i * i * i) / 1000);
    const auto between =
        resample_axis(cubes, 1, 1, taps_at({29.5, 30.25}, 60, Interpolation::cubic));
    CHECK(std::abs(between[0] - 29.5F * 29.5F * 29.5F / 1000) < 1e-4);
    CHECK(std::abs(between[1] - 30.25F * 30.25F * 30.25F / 1000) < 1e-4);
  }

  TEST_CASE("coefficients give the elements back") {
    const std::vector<float> values = waves(6);
    const auto coefficients = resample_axis(values, 1, 1, coefficient_taps(6));
    REQUIRE(coefficients.size() == 10);
    for (size_t i = 0; i < 6; ++i) {
      const float sum = (coefficients[i + 1] + 4 * coefficients[i + 2] + coefficients[i + 3]) / 6;
      CHECK(std::abs(sum - values[i]) < 1e-5);
    }
  }

  TEST_CASE("every axis of an array, of any size") {
    for (const auto interpolation :
         {Interpolation::nearest, Interpolation::linear, Interpolation::cubic}) {
      const AxisTaps taps = taps_at({-0.2, 1.4, 2.5, 2.9, 0.1}, 4, interpolation);
      for (const auto& [outer, inner] :
           {std::pair<int64_t, int64_t>{1, 1}, {37, 1}, {3, 5}, {2, 130}}) {
        const auto values = waves(static_cast<size_t>(outer * 4 * inner));
        CHECK(resample_axis(values, outer, inner, taps) ==
              line_by_line(values, outer, inner, taps));
      }
    }
  }
}
