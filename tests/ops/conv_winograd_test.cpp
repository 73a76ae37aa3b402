#include "ops/conv_winograd.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "core/cpu/parallel.h"
#include "ops/conv_kernels.h"

using namespace tessera;
using namespace tessera::detail;

namespace {

// About normally distributed.
template <class T>
std::vector<T> numbers(const Shape& shape, uint64_t seed) {
  std::vector<T> values(static_cast<size_t>(shape.numel()));
  uint64_t state = seed * 2654435761U + 12345;
  for (T& value : values) {
    double sum = -2;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      sum += static_cast<double>(state >> 33) / static_cast<double>(uint64_t{1} << 31);
    }
    value = static_cast<T>(static_cast<float>(sum));
  }
  return values;
}

// Root mean square of the difference, relative to that of the expected values.
double error(const std::vector<float>& got, const std::vector<double>& expected) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(static_cast<double>(got[i]) - expected[i], 2);
    size += expected[i] * expected[i];
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

template <class T>
struct Passes {
  std::vector<T> y, dx, dw;
  explicit Passes(const ConvGeometry& g)
      : y(static_cast<size_t>(g.y_shape().numel()), T(9)),
        dx(static_cast<size_t>(g.x_shape().numel()), T(9)),
        dw(static_cast<size_t>(g.w_shape().numel()), T(9)) {}
};

// All three passes against the direct kernels in f64: no more than 5 times the error of the direct
// kernels in f32, or the little that few sums leave.
void check(const Shape& x_shape, int64_t results, const ConvOptions& options) {
  const ConvGeometry g = conv_geometry("conv2d", 2, x_shape, {results, x_shape[1], 3, 3}, options);
  CAPTURE(g.x_shape().str());
  CAPTURE(g.w_shape().str());
  REQUIRE(winograd_fits(g));
  const auto x = numbers<float>(g.x_shape(), 1), w = numbers<float>(g.w_shape(), 2),
             dy = numbers<float>(g.y_shape(), 3),
             bias = numbers<float>({std::max(g.in_channels, g.out_channels)}, 4);
  const std::vector<double> x64(x.begin(), x.end()), w64(w.begin(), w.end()),
      dy64(dy.begin(), dy.end()), bias64(bias.begin(), bias.end());
  Passes<float> ours(g), direct(g);
  Passes<double> expected(g);
  winograd_forward(g, x.data(), w.data(), bias.data(), ours.y.data());
  winograd_backward_data(g, dy.data(), w.data(), bias.data(), ours.dx.data());
  winograd_backward_weight(g, x.data(), dy.data(), ours.dw.data());
  conv_forward<float>(g, x.data(), w.data(), bias.data(), direct.y.data());
  conv_backward_data<float>(g, dy.data(), w.data(), bias.data(), direct.dx.data());
  conv_backward_weight(g, x.data(), dy.data(), direct.dw.data());
  conv_forward(g, x64.data(), w64.data(), bias64.data(), expected.y.data());
  conv_backward_data(g, dy64.data(), w64.data(), bias64.data(), expected.dx.data());
  conv_backward_weight(g, x64.data(), dy64.data(), expected.dw.data());
  constexpr double kLittle = 2e-6;
  CHECK(error(ours.y, expected.y) < 5 * error(direct.y, expected.y) + kLittle);
  CHECK(error(ours.dx, expected.dx) < 5 * error(direct.dx, expected.dx) + kLittle);
  CHECK(error(ours.dw, expected.dw) < 5 * error(direct.dw, expected.dw) + kLittle);
}

}  // namespace

TEST_SUITE("ops/conv_winograd") {
  TEST_CASE("all three passes agree with the direct kernels in f64") {
    for (const int64_t extent : {1, 2, 3, 4, 5, 6, 7, 8, 9})
      check({2, 3, extent, 10 - extent}, 5, {.padding = 1});
    for (const int64_t channels : {1, 3, 16, 17, 33, 70}) {
      check({1, channels, 9, 66}, 17, {.padding = 1});
      check({2, 17, 13, 11}, channels, {});
    }
    check({1, 8, 6, 130}, 9, {.padding = {2, 0}});
    check({3, 5, 7, 6}, 8, {.padding = uneven({0, 2}, {3, 1})});
    check({1, 4, 5, 5}, 4, {.padding = 4});
  }

  TEST_CASE("so do layers with many channels, which are blocked otherwise") {
    check({1, 300, 14, 15}, 290, {.padding = 1});
    check({8, 140, 20, 24}, 72, {.padding = 1});
  }

  TEST_CASE("nothing to compute") {
    const ConvGeometry empty = conv_geometry("conv2d", 2, {0, 4, 5, 5}, {3, 4, 3, 3}, {});
    std::vector<float> dw(static_cast<size_t>(empty.w_shape().numel()), 9.0f);
    winograd_forward(empty, nullptr, dw.data(), nullptr, nullptr);
    winograd_backward_weight(empty, nullptr, nullptr, dw.data());
    CHECK(dw == std::vector<float>(dw.size(), 0.0f));
    const ConvGeometry blind = conv_geometry("conv2d", 2, {1, 0, 3, 3}, {2, 0, 3, 3}, {});
    std::vector<float> y(2, 9.0f);
    winograd_forward(blind, nullptr, nullptr, nullptr, y.data());
    CHECK(y == std::vector<float>{0, 0});
  }

  TEST_CASE("other geometries are not for these kernels") {
    const auto fits = [](const Shape& w, const ConvOptions& options) {
      return winograd_fits(conv_geometry("conv2d", 2, {1, 4, 9, 9}, w, options));
    };
    CHECK(fits({4, 4, 3, 3}, {}));
    CHECK(!fits({4, 4, 3, 2}, {}));
    CHECK(!fits({4, 4, 3, 3}, {.stride = {1, 2}}));
    CHECK(!fits({4, 4, 3, 3}, {.dilation = 2}));
    CHECK(!fits({4, 2, 3, 3}, {.groups = 2}));
    CHECK(!winograd_fits(conv_geometry("conv1d", 1, {1, 4, 9}, {4, 4, 3}, {})));
  }
}
