#pragma once

#include <algorithm>
#include <cmath>
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

// Calls pass(done) and checks that it told of every element of `result` once, when it was final.
template <class Pass>
void check_told(const std::vector<float>& result, Pass&& pass) {
  std::vector<float> told(result.size());
  std::vector<int> times(result.size(), 0);
  const auto listen = [&](int64_t begin, int64_t n) {
    std::copy_n(result.begin() + begin, n, told.begin() + begin);
    for (int64_t i = begin; i < begin + n; ++i) ++times[static_cast<size_t>(i)];
  };
  pass(Finished(listen));
  CHECK(told == result);
  CHECK(times == std::vector<int>(result.size(), 1));
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
    check_told(y, [&](const Finished& done) { forward(g, x.data(), w.data(), b, y.data(), done); });
    check_told(dx, [&](const Finished& done) {
      backward_data(g, dy.data(), w.data(), b, dx.data(), done);
    });
    backward_weight(g, x.data(), dy.data(), dw.data());
    check_told(expected_y, [&](const Finished& done) {
      detail::conv_forward(g, x.data(), w.data(), b, expected_y.data(), done);
    });
    check_told(expected_dx, [&](const Finished& done) {
      detail::conv_backward_data(g, dy.data(), w.data(), b, expected_dx.data(), done);
    });
    detail::conv_backward_weight(g, x.data(), dy.data(), expected_dw.data());
    CHECK(y == expected_y);
    CHECK(dx == expected_dx);
    CHECK(dw == expected_dw);
  }
}

// About normally distributed.
inline std::vector<float> normal_numbers(const Shape& shape, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  uint64_t state = seed * 2654435761U + 12345;
  for (float& value : values) {
    double sum = -2;
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      sum += static_cast<double>(state >> 33) / static_cast<double>(uint64_t{1} << 31);
    }
    value = static_cast<float>(sum);
  }
  return values;
}

// Root mean square of the difference, relative to that of the expected values.
inline double error(const std::vector<float>& got, const std::vector<double>& expected) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(static_cast<double>(got[i]) - expected[i], 2);
    size += expected[i] * expected[i];
  }
  return size == 0 ? std::sqrt(difference) : std::sqrt(difference / size);
}

// A pass against the direct kernel in f64: no more than 5 times the error of the direct kernel in
// f32, or the little that few sums leave.
template <class Pass, class Single, class Double>
void check_error(int64_t size, Pass&& pass, Single&& single, Double&& exact) {
  constexpr double kLittle = 2e-6;
  std::vector<float> got(static_cast<size_t>(size), 9.0f), direct = got;
  std::vector<double> expected(got.size());
  pass(got.data());
  single(direct.data());
  exact(expected.data());
  CHECK(error(got, expected) < 5 * error(direct, expected) + kLittle);
}

template <class BackwardWeight>
void check_weight_error(const detail::ConvGeometry& g, BackwardWeight&& backward_weight) {
  CAPTURE(g.x_shape().str());
  CAPTURE(g.w_shape().str());
  const auto x = normal_numbers(g.x_shape(), 1), dy = normal_numbers(g.y_shape(), 3);
  const std::vector<double> x64(x.begin(), x.end()), dy64(dy.begin(), dy.end());
  check_error(
      g.w_shape().numel(), [&](float* dw) { backward_weight(g, x.data(), dy.data(), dw); },
      [&](float* dw) { detail::conv_backward_weight(g, x.data(), dy.data(), dw); },
      [&](double* dw) { detail::conv_backward_weight(g, x64.data(), dy64.data(), dw); });
}

template <class Forward, class BackwardData>
void check_errors(const detail::ConvGeometry& g, Forward&& forward, BackwardData&& backward_data) {
  CAPTURE(g.x_shape().str());
  CAPTURE(g.w_shape().str());
  const auto x = normal_numbers(g.x_shape(), 1), w = normal_numbers(g.w_shape(), 2),
             dy = normal_numbers(g.y_shape(), 3),
             bias = normal_numbers({std::max(g.in_channels, g.out_channels)}, 4);
  const std::vector<double> x64(x.begin(), x.end()), w64(w.begin(), w.end()),
      dy64(dy.begin(), dy.end()), bias64(bias.begin(), bias.end());
  const auto listened = [](float* result, int64_t size, auto&& pass) {
    std::vector<float> own(static_cast<size_t>(size), 9.0f);
    check_told(own, [&](const Finished& done) { pass(own.data(), done); });
    std::copy(own.begin(), own.end(), result);
  };
  check_error(
      g.y_shape().numel(),
      [&](float* y) {
        listened(y, g.y_shape().numel(), [&](float* own, const Finished& done) {
          forward(g, x.data(), w.data(), bias.data(), own, done);
        });
      },
      [&](float* y) { detail::conv_forward(g, x.data(), w.data(), bias.data(), y); },
      [&](double* y) { detail::conv_forward(g, x64.data(), w64.data(), bias64.data(), y); });
  check_error(
      g.x_shape().numel(),
      [&](float* dx) {
        listened(dx, g.x_shape().numel(), [&](float* own, const Finished& done) {
          backward_data(g, dy.data(), w.data(), bias.data(), own, done);
        });
      },
      [&](float* dx) { detail::conv_backward_data(g, dy.data(), w.data(), bias.data(), dx); },
      [&](double* dx) {
        detail::conv_backward_data(g, dy64.data(), w64.data(), bias64.data(), dx);
      });
}

}  // namespace tessera::testing
