#include "ops/resample.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(resample) {
  struct Case {
    const char* what;
    Shape shape;
    int64_t axis, extent;
    ResampleOptions options;
  };
  const Case cases[] = {
      {"linear, last axis", {2, 3}, -1, 7, {}},
      {"linear, first axis", {3, 2}, 0, 5, {}},
      {"cubic, smaller", {2, 7, 2}, 1, 3, {.filter = Filter::cubic}},
      {"antialiased linear", {7, 2}, 0, 3, {.antialias = true}},
      {"antialiased cubic",
       {2, 9},
       1,
       4,
       {.filter = Filter::cubic, .antialias = true, .exclude_outside = true}},
      {"nearest", {2, 3, 2}, 1, 5, {.filter = Filter::nearest}},
      {"area", {2, 7}, 1, 3, {.filter = Filter::area}},
      {"crop backwards, beyond the ends",
       {2, 5},
       1,
       4,
       {.coordinates = Coordinates::tf_crop_and_resize,
        .roi_start = 1.2,
        .roi_end = -0.1,
        .extrapolation_value = 3}},
      {"fractional scale", {1, 5}, 1, 6, {.scale = 1.3}},
      {"one element", {1, 3}, 0, 4, {}},
      {"to nothing", {2, 3}, 1, 0, {}},
      {"of nothing", {0, 3}, 1, 2, {}},
  };
  for (const Case& c : cases) {
    list.push_back({c.what,
                    [c](const Tensors& x) { return resample(x[0], c.axis, c.extent, c.options); },
                    {uniform(c.shape)}});
  }
}

static std::vector<double> resampled(const Tensor& x, int64_t extent,
                                     const ResampleOptions& options) {
  return resample(x, 0, extent, options).to_vector<double>();
}

TEST_SUITE("ops/resample") {
  TEST_CASE("two elements become four along a straight line") {
    const Tensor x = tensor({0, 8}, {2});
    CHECK(resampled(x, 4, {}) == std::vector<double>{0, 2, 6, 8});
    CHECK(resampled(x, 5, {.coordinates = Coordinates::align_corners}) ==
          std::vector<double>{0, 2, 4, 6, 8});
    CHECK(resampled(x, 4, {.coordinates = Coordinates::asymmetric}) ==
          std::vector<double>{0, 4, 8, 8});
  }

  TEST_CASE("rounding decides which element is nearest") {
    const Tensor x = tensor({0, 1, 2}, {3});
    const auto nearest = [&](NearestRounding rounding) {
      return resampled(x, 6,
                       {.filter = Filter::nearest,
                        .coordinates = Coordinates::asymmetric,
                        .rounding = rounding});
    };
    CHECK(nearest(NearestRounding::round_prefer_floor) == std::vector<double>{0, 0, 1, 1, 2, 2});
    CHECK(nearest(NearestRounding::round_prefer_ceil) == std::vector<double>{0, 1, 1, 2, 2, 2});
    CHECK(nearest(NearestRounding::floor) == std::vector<double>{0, 0, 1, 1, 2, 2});
    CHECK(nearest(NearestRounding::ceil) == std::vector<double>{0, 1, 1, 2, 2, 2});
  }

  TEST_CASE("nearest keeps any dtype") {
    const Tensor x = tensor({1, 0, 1}, {3}, bool_);
    const Tensor y = resample(x, 0, 6, {.filter = Filter::nearest});
    CHECK(y.dtype() == bool_);
    CHECK(y.to_vector<double>() == std::vector<double>{1, 1, 0, 0, 1, 1});
  }

  TEST_CASE("crops and fills what lies outside") {
    CHECK(resampled(tensor({1, 2, 3}, {3}), 3,
                    {.coordinates = Coordinates::tf_crop_and_resize,
                     .roi_start = 0.5,
                     .roi_end = 1.5,
                     .extrapolation_value = 9}) == std::vector<double>{2, 3, 9});
  }

  TEST_CASE("an element without weight does not spread nan") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto y =
        resampled(tensor({1, 2, nan}, {3}), 5, {.coordinates = Coordinates::align_corners});
    CHECK(std::vector<double>(y.begin(), y.begin() + 3) == std::vector<double>{1, 1.5, 2});
    CHECK(std::isnan(y[3]));
  }

  TEST_CASE("agrees with the reference implementation of ONNX Resize") {
    const Oracle oracle("resample");
    const std::pair<std::string, Coordinates> coordinates[] = {
        {"half_pixel", Coordinates::half_pixel},
        {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
        {"half_pixel_symmetric", Coordinates::half_pixel_symmetric},
        {"align_corners", Coordinates::align_corners},
        {"asymmetric", Coordinates::asymmetric},
        {"tf_crop_and_resize", Coordinates::tf_crop_and_resize},
    };
    const Tensor x = oracle("x");
    for (const double scale : {0.3, 0.6, 1.0, 2.6}) {
      for (const auto& named : coordinates) {
        const auto check = [&](const std::string& filter, ResampleOptions o) {
          o.coordinates = named.second;
          o.scale = scale;
          o.roi_start = 0.2;
          o.roi_end = 1.1;
          o.extrapolation_value = 10;
          const std::string what = fmt::format("{} {} {:.1f}", filter, named.first, scale);
          const Tensor expected = oracle(what);
          INFO(what);
          check_close(resample(x, 0, expected.shape(0), o), expected, 1e-12);
        };
        check("floor", {.filter = Filter::nearest, .rounding = NearestRounding::floor});
        check("ceil", {.filter = Filter::nearest, .rounding = NearestRounding::ceil});
        check("round_prefer_floor", {.filter = Filter::nearest});
        check("round_prefer_ceil",
              {.filter = Filter::nearest, .rounding = NearestRounding::round_prefer_ceil});
        check("linear", {});
        check("linear antialias", {.antialias = true});
        check("linear antialias exclude", {.antialias = true, .exclude_outside = true});
        check("cubic", {.filter = Filter::cubic});
        check("cubic exclude", {.filter = Filter::cubic, .cubic_a = -0.5, .exclude_outside = true});
        check("cubic antialias", {.filter = Filter::cubic, .antialias = true});
      }
    }
  }

  TEST_CASE("f32, in vectors, agrees with the plain loops of f64 and its gradient too") {
    for (const int64_t lines : {1, 3, 16, 37}) {
      for (const int64_t n : {1, 5, 16, 33}) {
        for (const int64_t extent : {1, 4, 32, 66}) {
          for (const Filter filter : {Filter::linear, Filter::cubic, Filter::nearest}) {
            for (const int64_t axis : {0, 1}) {
              const Tensor x = variable(uniform(axis == 1 ? Shape{lines, n} : Shape{n, lines}));
              const auto resized = [&](const Tensor& from) {
                return resample(from, axis, extent, {.filter = filter});
              };
              const Tensor y = resized(x), low = resized(cast(x, f32));
              check_close(cast(low, f64), y, 1e-6);
              check_close(grad(sum(cast(low * low, f64)), x), grad(sum(y * y), x), 1e-5);
            }
          }
        }
      }
    }
    const Tensor outside = resample(ones({20, 4}), 1, 6,
                                    {.coordinates = Coordinates::tf_crop_and_resize,
                                     .roi_start = -1,
                                     .roi_end = 2,
                                     .extrapolation_value = 9});
    CHECK(outside.data<float>()[0] == 9);
    CHECK(outside.data<float>()[119] == 9);
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = tensor({1, 2, 3}, {3});
    CHECK_THROWS_WITH_AS(
        resample(cast(x, i32), 0, 6),
        doctest::Contains(
            "resample: the input must be floating unless the filter is nearest, got i32; cast it"),
        Error);
    CHECK_THROWS_AS(resample(Tensor(), 0, 6), Error);
    CHECK_THROWS_AS(resample(x, 1, 6), Error);
    CHECK_THROWS_AS(resample(x, 0, -1), Error);
    CHECK_THROWS_AS(resample(x, 0, int64_t{1} << 62), Error);
    CHECK_THROWS_AS(resample(tensor({}, {0}), 0, 1), Error);
    CHECK_THROWS_AS(resample(x, 0, 6, {.scale = -2}), Error);
    CHECK_THROWS_AS(resample(x, 0, 6, {.scale = std::nan("")}), Error);
    CHECK_THROWS_AS(resample(x, 0, 6, {.scale = 1e-9, .antialias = true}), Error);
    CHECK_THROWS_AS(resample(x, 0, 6, {.filter = Filter::nearest, .antialias = true}), Error);
  }
}
