#pragma once

#include <cstdint>

namespace tessera::detail {

// Lines of n elements and where they are in phases: element i of line l is at
//   offset[l % line_step * step + i % step] + l / line_step * phase_line + i / step
struct DepthwiseLines {
  int64_t lines, n, line_step, step;
  const int64_t* offset;
  int64_t phase_line;
};

// Loops over `lines` lines of n elements, those of an array a fixed number of elements apart. A tap
// sees the lines of x from its offset on.
struct DepthwiseKernels {
  int64_t lanes;
  // y[l * y_line + j] = start + sum over t of weight[t] * x[offset[t] + l * x_line + j]
  void (*gather)(float start, const float* weight, const int64_t* offset, int64_t taps,
                 const float* x, int64_t x_line, int64_t lines, int64_t n, float* y,
                 int64_t y_line);
  // The `lanes` elements sums[t * lanes...] have the sum of
  // x[offset[t] + l * x_line + j] * dy[l * dy_line + j] shared out among them, and added.
  void (*correlate)(const float* dy, int64_t dy_line, const int64_t* offset, int64_t taps,
                    const float* x, int64_t x_line, int64_t lines, int64_t n, float* sums);
  // phases[...] = x[l * n + i], see DepthwiseLines, and back
  void (*deal)(const float* x, const DepthwiseLines& lines, float* phases);
  void (*weave)(const float* phases, const DepthwiseLines& lines, float* x);
};

}  // namespace tessera::detail
