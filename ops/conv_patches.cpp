#include "ops/conv_patches.h"

#include "core/cpu/parallel.h"

namespace tessera::detail {

Index in_three(const Shape& values, int64_t missing) {
  Index index;
  index.fill(missing);
  std::copy(values.begin(), values.end(), index.end() - values.ndim());
  return index;
}

std::vector<Run> runs_of(const Index& grid, int64_t begin, int64_t end) {
  std::vector<Run> runs;
  while (begin < end) {
    const int64_t line = begin / grid[2], w = begin % grid[2];
    const int64_t count = std::min(grid[2] - w, end - begin);
    runs.push_back({{line / grid[1], line % grid[1], w}, count});
    begin += count;
  }
  return runs;
}

Patches::Sight Patches::through(const Index& tap, const Run& run) const {
  const int64_t d = run.first[0] * step[0] + tap[0], h = run.first[1] * step[1] + tap[1];
  const int64_t w = run.first[2] * step[2] + tap[2];
  if (d < 0 || d >= source[0] || h < 0 || h >= source[1]) return {run.count, run.count, 0};
  const int64_t low = w < 0 ? std::min(run.count, blocks_of(-w, step[2])) : 0;
  const int64_t high = w < source[2] ? blocks_of(source[2] - w, step[2]) : 0;
  return {low, std::clamp(high, low, run.count), (d * source[1] + h) * source[2] + w};
}

void tell_all(const Finished& done, int64_t n) {
  if (!done) return;
  cpu::parallel_ranges(n, 16384, [&](int64_t begin, int64_t end) { done(begin, end - begin); });
}

Patches forward_patches(const ConvGeometry& g) {
  const Index kernel = in_three(g.kernel, 1), dilation = in_three(g.dilation, 1);
  const Index before = in_three(g.before, 0);
  Patches patches{in_three(g.input, 1), in_three(g.output, 1), in_three(g.stride, 1), {}};
  for (int64_t t = 0; t < kernel[0]; ++t) {
    for (int64_t u = 0; u < kernel[1]; ++u) {
      for (int64_t v = 0; v < kernel[2]; ++v)
        patches.shift.push_back({t * dilation[0] - before[0], u * dilation[1] - before[1],
                                 v * dilation[2] - before[2]});
    }
  }
  return patches;
}

}  // namespace tessera::detail
