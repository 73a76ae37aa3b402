#include "ops/conv_kernels.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::detail;

namespace {

// Small whole numbers, so that every order of summation gives the same.
template <class T>
std::vector<T> numbers(const Shape& shape, int64_t seed) {
  std::vector<T> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<T>((static_cast<int64_t>(i) * 7919 + seed) % 7 - 3);
  return values;
}

// Calls f(position in x, in w, in y) for every product that the definition sums; two axes.
template <class F>
void for_each_product(const ConvGeometry& g, F&& f) {
  const int64_t channels = g.in_channels / g.groups, results = g.out_channels / g.groups;
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t o = 0; o < g.out_channels; ++o) {
      for (int64_t i = 0; i < g.output[0]; ++i) {
        for (int64_t j = 0; j < g.output[1]; ++j) {
          for (int64_t c = 0; c < channels; ++c) {
            for (int64_t u = 0; u < g.kernel[0]; ++u) {
              for (int64_t v = 0; v < g.kernel[1]; ++v) {
                const int64_t h = i * g.stride[0] + u * g.dilation[0] - g.before[0];
                const int64_t w = j * g.stride[1] + v * g.dilation[1] - g.before[1];
                if (h < 0 || h >= g.input[0] || w < 0 || w >= g.input[1]) continue;
                const int64_t channel = o / results * channels + c;
                f(((n * g.in_channels + channel) * g.input[0] + h) * g.input[1] + w,
                  ((o * channels + c) * g.kernel[0] + u) * g.kernel[1] + v,
                  ((n * g.out_channels + o) * g.output[0] + i) * g.output[1] + j);
              }
            }
          }
        }
      }
    }
  }
}

template <class T>
void check(const ConvGeometry& g) {
  INFO("input " << g.x_shape().str() << " weight " << g.w_shape().str() << " stride "
                << g.stride.str() << " dilation " << g.dilation.str() << " padding "
                << g.before.str());
  const std::vector<T> x = numbers<T>(g.x_shape(), 1), w = numbers<T>(g.w_shape(), 2);
  const std::vector<T> y = numbers<T>(g.y_shape(), 3);
  std::vector<T> expected_x(x.size()), expected_w(w.size()), expected_y(y.size());
  for_each_product(g, [&](int64_t i, int64_t k, int64_t o) {
    const auto a = static_cast<size_t>(i), b = static_cast<size_t>(k), c = static_cast<size_t>(o);
    expected_y[c] += x[a] * w[b];
    expected_x[a] += y[c] * w[b];
    expected_w[b] += x[a] * y[c];
  });
  std::vector<T> dx(x.size(), T(9)), dw(w.size(), T(9)), result(y.size(), T(9));
  conv_forward<T>(g, x.data(), w.data(), nullptr, result.data());
  conv_backward_data<T>(g, y.data(), w.data(), nullptr, dx.data());
  conv_backward_weight(g, x.data(), y.data(), dw.data());
  CHECK(result == expected_y);
  CHECK(dx == expected_x);
  CHECK(dw == expected_w);

  const std::vector<T> bias = numbers<T>({std::max(g.in_channels, g.out_channels)}, 4);
  const auto add = [&](std::vector<T>& values, const Shape& shape) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] +=
          bias[i / static_cast<size_t>(shape.slice(2, 4).numel()) % static_cast<size_t>(shape[1])];
  };
  add(expected_x, g.x_shape());
  add(expected_y, g.y_shape());
  conv_forward(g, x.data(), w.data(), bias.data(), result.data());
  conv_backward_data(g, y.data(), w.data(), bias.data(), dx.data());
  CHECK(result == expected_y);
  CHECK(dx == expected_x);
}

}  // namespace

TEST_SUITE("ops/conv_kernels") {
  TEST_CASE("all three kernels equal the definition") {
    const auto geometry = [](const Shape& x, const Shape& w, const ConvOptions& options) {
      return conv_geometry("conv2d", 2, x, w, options);
    };
    check<float>(geometry({2, 3, 9, 7}, {5, 3, 3, 3}, {.padding = 1}));
    check<double>(geometry({2, 4, 8, 9}, {6, 2, 3, 2}, {.stride = {2, 3}, .groups = 2}));
    check<float>(geometry({1, 6, 7, 7}, {12, 1, 3, 3}, {.padding = 1, .groups = 6}));
    check<double>(geometry({3, 2, 6, 5}, {2, 2, 2, 2}, {.padding = uneven({0, 2}, {3, 1})}));
    check<float>(geometry({1, 2, 11, 9}, {3, 2, 3, 3}, {.padding = 2, .dilation = {3, 2}}));
    check<float>(geometry({1, 2, 11, 9}, {3, 2, 3, 3}, {.stride = 4, .padding = 2, .dilation = 2}));
    check<double>(geometry({2, 1, 5, 5}, {1, 1, 1, 1}, {.stride = 7}));
    check<float>(geometry({1, 1, 4, 4}, {1, 1, 2, 2}, {.padding = 5}));
    check<float>(geometry({0, 2, 4, 4}, {3, 2, 2, 2}, {}));
    check<float>(geometry({2, 0, 4, 4}, {3, 0, 2, 2}, {}));
    check<float>(geometry({2, 2, 4, 4}, {0, 2, 2, 2}, {}));
  }

  TEST_CASE("so do sizes of several blocks") {
    const auto geometry = [](const Shape& x, const Shape& w, const ConvOptions& options) {
      return conv_geometry("conv2d", 2, x, w, options);
    };
    check<float>(geometry({2, 40, 20, 33}, {70, 40, 3, 3}, {.padding = 1}));
    check<double>(geometry({1, 70, 18, 17}, {100, 70, 2, 2}, {.stride = 2}));
    check<float>(geometry({1, 5, 40, 300}, {7, 5, 1, 5}, {.padding = {0, 2}}));
  }
}
