#include "io/axis_resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/cpu/parallel.h"

namespace tessera::io {

namespace {

// The pole of the filter that turns samples into coefficients of a cubic B-spline
// (Unser, Aldroubi, Eden 1993: sqrt(3) - 2), and its gain.
constexpr auto kPole = static_cast<float>(std::numbers::sqrt3 - 2);
constexpr float kGain = 6;

// Lines that are computed side by side: rows of a block hold one element of each.
constexpr int64_t kBeside = 64;  // lines that are neighbours in memory
constexpr int64_t kAcross = 16;  // lines that lie behind one another

// Rows -2 to n + 1 of a block; row(i)[j] is element i of line j.
template <int64_t B>
class Block {
 public:
  explicit Block(int64_t n) : n_(n), rows_(static_cast<size_t>((n + 4) * B)) {}
  float* row(int64_t i) { return rows_.data() + (i + 2) * B; }

  // Continues the first and the last row outside.
  void repeat_ends() {
    for (int64_t i = -2; i < 0; ++i) std::copy_n(row(0), B, row(i));
    for (int64_t i = n_; i < n_ + 2; ++i) std::copy_n(row(n_ - 1), B, row(i));
  }

  // Replaces the elements by coefficients: the filter once forwards and once backwards. Outside the
  // elements are constant, so that both sums to infinity are known.
  void to_coefficients() {
    float last[B], before[B];
    for (int64_t j = 0; j < B; ++j) {
      last[j] = kGain / (1 - kPole) * row(n_ - 1)[j];  // the forward sum far behind the end
      before[j] = kGain / (1 - kPole) * row(0)[j];     // and far before the start
      row(0)[j] = before[j];
    }
    for (int64_t i = 1; i < n_; ++i) {
      const float* previous = row(i - 1);
      float* current = row(i);
      for (int64_t j = 0; j < B; ++j) current[j] = kGain * current[j] + kPole * previous[j];
    }
    for (int64_t j = 0; j < B; ++j) {
      const float steady = last[j] / (1 - kPole);
      const float decaying = (row(n_ - 1)[j] - last[j]) / (1 - kPole * kPole);
      row(n_ - 1)[j] = -kPole * (steady + decaying);
      row(n_)[j] = -kPole * (steady + kPole * decaying);
      row(n_ + 1)[j] = -kPole * (steady + kPole * kPole * decaying);
    }
    for (int64_t i = -2; i < 0; ++i) std::copy_n(before, B, row(i));
    for (int64_t i = n_ - 2; i >= -2; --i) {
      const float* next = row(i + 1);
      float* current = row(i);
      for (int64_t j = 0; j < B; ++j) current[j] = kPole * (next[j] - current[j]);
    }
  }

 private:
  int64_t n_;
  std::vector<float> rows_;
};

// Where the elements of lines are: element i of line j is number i * step + j * line.
struct Strides {
  int64_t step, line;
};

// Computes `count` <= B lines.
template <int64_t B>
void resample_lines(const float* in, Strides from, float* out, Strides to, int64_t count,
                    const AxisTaps& taps, Block<B>& block) {
  for (int64_t i = 0; i < taps.in; ++i) {
    float* row = block.row(i);
    for (int64_t j = 0; j < count; ++j) row[j] = in[i * from.step + j * from.line];
  }
  if (taps.spline) {
    block.to_coefficients();
  } else {
    block.repeat_ends();
  }
  const float* weight = taps.weights.data();
  for (int64_t i = 0; i < taps.out(); ++i, weight += taps.taps) {
    const float* row = block.row(taps.first[static_cast<size_t>(i)]);
    float sum[B];
    for (int64_t j = 0; j < B; ++j) sum[j] = weight[0] * row[j];
    for (int tap = 1; tap < taps.taps; ++tap) {
      for (int64_t j = 0; j < B; ++j) sum[j] += weight[tap] * row[tap * B + j];
    }
    for (int64_t j = 0; j < count; ++j) out[i * to.step + j * to.line] = sum[j];
  }
}

}  // namespace

AxisTaps taps_at(const std::vector<double>& places, int64_t in, Interpolation interpolation) {
  AxisTaps result{.in = in, .spline = interpolation == Interpolation::cubic};
  result.taps = interpolation == Interpolation::nearest ? 1 : result.spline ? 4 : 2;
  // A spline swings on for a while; the others do not.
  const double margin = result.spline ? 0.5 : 0;
  for (const double outside : places) {
    const double place = std::clamp(outside, -margin, static_cast<double>(in - 1) + margin);
    const bool nearest = interpolation == Interpolation::nearest;
    const double floor = std::floor(nearest ? place + 0.5 : place);
    result.first.push_back(static_cast<int32_t>(floor) - (result.spline ? 1 : 0));
    const double t = place - floor, s = 1 - t;
    const auto add = [&](double weight) { result.weights.push_back(static_cast<float>(weight)); };
    if (nearest) {
      add(1);
    } else if (!result.spline) {
      add(s);
      add(t);
    } else {
      add(s * s * s / 6);
      add(2. / 3 - t * t * (2 - t) / 2);
      add(2. / 3 - s * s * (2 - s) / 2);
      add(t * t * t / 6);
    }
  }
  return result;
}

AxisTaps coefficient_taps(int64_t in) {
  AxisTaps result{.in = in, .spline = true};
  for (int64_t i = -2; i < in + 2; ++i) {
    result.first.push_back(static_cast<int32_t>(i));
    result.weights.push_back(1);
  }
  return result;
}

std::vector<float> resample_axis(const std::vector<float>& values, int64_t outer, int64_t inner,
                                 const AxisTaps& taps) {
  const int64_t in = taps.in, out = taps.out();
  std::vector<float> result(static_cast<size_t>(outer * out * inner));
  constexpr int64_t kGrain = 8;  // blocks for one thread
  if (inner == 1) {
    const int64_t blocks = (outer + kAcross - 1) / kAcross;
    cpu::parallel_ranges(blocks, kGrain, [&](int64_t begin, int64_t end) {
      Block<kAcross> block(in);
      for (int64_t b = begin; b < end; ++b) {
        const int64_t line = b * kAcross;
        resample_lines(values.data() + line * in, {1, in}, result.data() + line * out, {1, out},
                       std::min(kAcross, outer - line), taps, block);
      }
    });
    return result;
  }
  const int64_t across = (inner + kBeside - 1) / kBeside;
  cpu::parallel_ranges(outer * across, kGrain, [&](int64_t begin, int64_t end) {
    Block<kBeside> block(in);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t o = b / across, line = b % across * kBeside;
      resample_lines(values.data() + o * in * inner + line, {inner, 1},
                     result.data() + o * out * inner + line, {inner, 1},
                     std::min(kBeside, inner - line), taps, block);
    }
  });
  return result;
}

}  // namespace tessera::io
