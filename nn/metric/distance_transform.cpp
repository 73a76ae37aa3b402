#include "nn/metric/distance_transform.h"

#include <algorithm>
#include <cmath>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

// The extents before an axis, along it, and behind it.
struct Lines {
  int64_t outer = 1, length = 1, inner = 1;
};

Lines lines_along(const Shape& shape, int axis) {
  return {shape.slice(0, axis).numel(), shape[axis], shape.slice(axis + 1, shape.ndim()).numel()};
}

// Steps to the nearest voxel of the set along axis 0, then their squared lengths. Whole rows of
// neighbours are treated together, so every loop runs over adjacent numbers.
void first_axis(std::span<const uint8_t> set, double* out, const Lines& lines, double spacing) {
  constexpr int64_t kColumns = 512;
  cpu::parallel_ranges(lines.inner, kColumns, [&](int64_t begin, int64_t end) {
    const int64_t n = lines.length, stride = lines.inner;
    for (int64_t i = 0; i < n; ++i) {
      const uint8_t* inside = set.data() + i * stride;
      double* row = out + i * stride;
      const double* before = row - stride;
      for (int64_t w = begin; w < end; ++w) {
        row[w] = inside[w] != 0 ? 0 : i == 0 ? kInfinity : before[w] + 1;
      }
    }
    for (int64_t i = n - 1; i >= 0; --i) {
      double* row = out + i * stride;
      const double* behind = row + stride;
      if (i + 1 < n) {
        for (int64_t w = begin; w < end; ++w) row[w] = std::min(row[w], behind[w] + 1);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      double* row = out + i * stride;
      for (int64_t w = begin; w < end; ++w) row[w] = row[w] * spacing * (row[w] * spacing);
    }
  });
}

// For one line f, the lower envelope of the parabolas f[q] + (spacing (x - q))^2.
class Envelope {
 public:
  Envelope(int64_t length, double spacing)
      : spacing_(spacing),
        apex_(static_cast<size_t>(length)),
        height_(static_cast<size_t>(length)),
        from_(static_cast<size_t>(length)) {}

  // Replaces f[x] by the smallest of them.
  void lower_(double* f, int64_t length) {
    const int64_t count = build(f, length);
    if (count == 0) return;
    int64_t k = 0;
    for (int64_t x = 0; x < length; ++x) {
      const auto at = static_cast<double>(x);
      while (k + 1 < count && from_[static_cast<size_t>(k + 1)] <= at) ++k;
      const double step = (at - apex_[static_cast<size_t>(k)]) * spacing_;
      f[x] = height_[static_cast<size_t>(k)] + step * step;
    }
  }

 private:
  // Which parabolas are lowest somewhere: apex_[k], of height_[k], from x = from_[k] on.
  int64_t build(const double* f, int64_t length) {
    const double scale = 1 / (spacing_ * spacing_);
    int64_t count = 0;
    for (int64_t q = 0; q < length; ++q) {
      if (f[q] == kInfinity) continue;
      const auto at = static_cast<double>(q);
      double from = -kInfinity;
      while (count > 0) {
        const double apex = apex_[static_cast<size_t>(count - 1)];
        const double rise = (f[q] - height_[static_cast<size_t>(count - 1)]) * scale;
        from = 0.5 * (rise / (at - apex) + at + apex);
        if (from > from_[static_cast<size_t>(count - 1)]) break;
        --count;
        from = -kInfinity;
      }
      apex_[static_cast<size_t>(count)] = at;
      height_[static_cast<size_t>(count)] = f[q];
      from_[static_cast<size_t>(count)] = from;
      ++count;
    }
    return count;
  }

  double spacing_;
  std::vector<double> apex_, height_, from_;
};

// The last axis: lines lie in memory as they are.
void last_axis(double* out, const Lines& lines, double spacing) {
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, lines.length));
  cpu::parallel_ranges(lines.outer, grain, [&](int64_t begin, int64_t end) {
    Envelope envelope(lines.length, spacing);
    for (int64_t i = begin; i < end; ++i) envelope.lower_(out + i * lines.length, lines.length);
  });
}

// Any axis between: a few lines side by side are copied together, so that each cache line that is
// fetched is used up.
void middle_axis(double* out, const Lines& lines, double spacing) {
  constexpr int64_t kColumns = 16;
  const int64_t blocks = (lines.inner + kColumns - 1) / kColumns;
  cpu::parallel_for(lines.outer * blocks, false, [&](int64_t item) {
    const int64_t n = lines.length, first = item % blocks * kColumns;
    const int64_t columns = std::min(kColumns, lines.inner - first);
    double* block = out + item / blocks * n * lines.inner + first;
    Envelope envelope(n, spacing);
    std::vector<double> copy(static_cast<size_t>(n * columns));
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = 0; c < columns; ++c) {
        copy[static_cast<size_t>(c * n + i)] = block[i * lines.inner + c];
      }
    }
    for (int64_t c = 0; c < columns; ++c) envelope.lower_(copy.data() + c * n, n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = 0; c < columns; ++c) {
        block[i * lines.inner + c] = copy[static_cast<size_t>(c * n + i)];
      }
    }
  });
}

void check(std::span<const uint8_t> set, const Shape& shape, std::span<const double> spacing) {
  require(shape.ndim() >= 1 && shape.numel() == static_cast<int64_t>(set.size()),
          "distance_transform: the shape must have as many voxels as the set, got {} and {}", shape,
          set.size());
  require(spacing.empty() || static_cast<int>(spacing.size()) == shape.ndim(),
          "distance_transform: the spacing must have {} numbers, one for each axis, got {}",
          shape.ndim(), spacing.size());
  for (const double s : spacing) {
    require(s > 0 && std::isfinite(s),
            "distance_transform: a spacing must be above 0 and finite, got {}", s);
  }
}

}  // namespace

std::vector<double> squared_distance_transform(std::span<const uint8_t> set, const Shape& shape,
                                               std::span<const double> spacing) {
  check(set, shape, spacing);
  std::vector<double> out(set.size());
  if (set.empty()) return out;
  // From the first axis to the last: squares are added up in the order of SciPy, which gives the
  // same bits, so that comparisons with a tolerance have the same outcome.
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    const double step = spacing.empty() ? 1 : spacing[static_cast<size_t>(axis)];
    const Lines lines = lines_along(shape, axis);
    if (axis == 0) {
      first_axis(set, out.data(), lines, step);
    } else if (lines.inner == 1) {
      last_axis(out.data(), lines, step);
    } else {
      middle_axis(out.data(), lines, step);
    }
  }
  return out;
}

std::vector<double> distance_transform(std::span<const uint8_t> set, const Shape& shape,
                                       std::span<const double> spacing) {
  std::vector<double> out = squared_distance_transform(set, shape, spacing);
  constexpr int64_t kGrain = 65536;
  cpu::parallel_ranges(static_cast<int64_t>(out.size()), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      out[static_cast<size_t>(i)] = std::sqrt(out[static_cast<size_t>(i)]);
    }
  });
  return out;
}

}  // namespace tessera::nn
