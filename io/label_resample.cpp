#include "io/label_resample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "core/cpu/parallel.h"
#include "core/error.h"

namespace tessera::io {

LabelTap label_tap(double place, int64_t n, Interpolation interpolation) {
  place = std::clamp(place, 0., static_cast<double>(n - 1));
  if (interpolation == Interpolation::nearest) {
    const auto nearest = static_cast<int64_t>(std::floor(place + 0.5));
    return {nearest, nearest};
  }
  const double floor = std::floor(place);
  const auto low = static_cast<int64_t>(floor);
  const double t = place - floor;
  return {low, std::min(low + 1, n - 1), 1 - t, t};
}

int32_t vote(const std::array<int32_t, 8>& corners,
             const std::array<std::array<double, 2>, 3>& weights) {
  int32_t winner = 0;
  bool found = false;
  for (const int32_t label : corners) {
    double sum = 0;
    for (size_t corner = 0; corner < 8; ++corner) {
      if (corners[corner] != label) continue;
      sum += weights[0][corner / 4] * weights[1][corner / 2 % 2] * weights[2][corner % 2];
    }
    if (sum < 0.5) continue;
    winner = found ? std::max(winner, label) : label;
    found = true;
  }
  return winner;
}

std::vector<int32_t> resample_labels(const std::vector<int32_t>& labels, int64_t outer,
                                     const std::array<int64_t, 3>& size,
                                     const std::array<std::vector<LabelTap>, 3>& taps) {
  const auto D = std::ssize(taps[0]), H = std::ssize(taps[1]), W = std::ssize(taps[2]);
  std::vector<int32_t> result(static_cast<size_t>(outer * D * H * W));
  cpu::parallel_for(outer * D, false, [&](int64_t item) {
    const LabelTap& z = taps[0][static_cast<size_t>(item % D)];
    const int32_t* volume = labels.data() + item / D * size[0] * size[1] * size[2];
    int32_t* to = result.data() + item * H * W;
    for (const LabelTap& y : taps[1]) {
      const auto row = [&](int64_t d, int64_t h) { return volume + (d * size[1] + h) * size[2]; };
      const int32_t* rows[4] = {row(z.low, y.low), row(z.low, y.high), row(z.high, y.low),
                                row(z.high, y.high)};
      for (const LabelTap& x : taps[2]) {
        const std::array<int32_t, 8> corners = {rows[0][x.low],  rows[0][x.high], rows[1][x.low],
                                                rows[1][x.high], rows[2][x.low],  rows[2][x.high],
                                                rows[3][x.low],  rows[3][x.high]};
        int32_t different = 0;
        for (const int32_t label : corners) different |= label ^ corners[0];
        *to++ = different == 0 ? corners[0]
                               : vote(corners, {{{z.low_weight, z.high_weight},
                                                 {y.low_weight, y.high_weight},
                                                 {x.low_weight, x.high_weight}}});
      }
    }
  });
  return result;
}

std::vector<int32_t> labels_of(const Tensor& labels, const char* name) {
  if (!is_floating(labels.dtype()) && labels.dtype() != i64) return labels.to_vector<int32_t>();
  const std::vector<double> values = labels.to_vector<double>();
  std::vector<int32_t> result(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const bool whole = values[i] == std::floor(values[i]) &&
                       std::abs(values[i]) <= std::numeric_limits<int32_t>::max();
    require(whole, "{}: labels must be whole numbers, got {}; is this an image?", name, values[i]);
    result[i] = static_cast<int32_t>(values[i]);
  }
  return result;
}

Tensor labels_tensor(const std::vector<int32_t>& labels, const Shape& shape, DType dtype) {
  if (dtype == i32) return from_bytes(labels.data(), shape, i32);
  Tensor result;
  dispatch(dtype, [&]<class T>(T) {
    const auto values = std::make_unique_for_overwrite<T[]>(labels.size());
    for (size_t i = 0; i < labels.size(); ++i) {
      if constexpr (std::is_arithmetic_v<T>) {
        values[i] = static_cast<T>(labels[i]);
      } else {
        values[i] = T(static_cast<float>(labels[i]));
      }
    }
    result = from_bytes(values.get(), shape, dtype);
  });
  return result;
}

}  // namespace tessera::io
