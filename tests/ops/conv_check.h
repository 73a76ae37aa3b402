#pragma once

#include <vector>

#include <doctest/doctest.h>

#include "ops/conv_kernels.h"

namespace tessera::testing {

// Small whole numbers, so that every order of summation gives the same.
inline std::vector<float> whole_numbers(const Shape& shape, int64_t seed) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((static_cast<int64_t>(i) * 7919 + seed) % 7 - 3);
  return values;
}

// All three passes equal the direct kernels bit by bit, with and without a bias.
template <class Forward, class BackwardData, class BackwardWeight>
void check_passes(const detail::ConvGeometry& g, Forward&& forward, BackwardData&& backward_data,
                  BackwardWeight&& backward_weight) {
  CAPTURE(g.x_shape().str());
  CAPTURE(g.w_shape().str());
  CAPTURE(g.stride.str());
  const auto x = whole_numbers(g.x_shape(), 1), w = whole_numbers(g.w_shape(), 2),
             dy = whole_numbers(g.y_shape(), 3),
             bias = whole_numbers({std::max(g.in_channels, g.out_channels)}, 4);
  for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
    std::vector<float> y(dy.size(), 9.0f), dx(x.size(), 9.0f), dw(w.size(), 9.0f);
    std::vector<float> expected_y = y, expected_dx = dx, expected_dw = dw;
    forward(g, x.data(), w.data(), b, y.data());
    backward_data(g, dy.data(), w.data(), b, dx.data());
    backward_weight(g, x.data(), dy.data(), dw.data());
    detail::conv_forward(g, x.data(), w.data(), b, expected_y.data());
    detail::conv_backward_data(g, dy.data(), w.data(), b, expected_dx.data());
    detail::conv_backward_weight(g, x.data(), dy.data(), expected_dw.data());
    CHECK(y == expected_y);
    CHECK(dx == expected_dx);
    CHECK(dw == expected_dw);
  }
}

}  // namespace tessera::testing
