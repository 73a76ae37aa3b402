#include "ops/conv_depthwise.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/cpu/gemm.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "ops/conv_depthwise_kernels.h"
#include "ops/conv_patches.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::DepthwiseKernels depthwise)

namespace tessera::detail {

namespace {

const DepthwiseKernels& kernels() {
  return TESSERA_SELECT(depthwise);
}

using cpu::Scratch;

int64_t rounded(int64_t count) {
  const int64_t lanes = kernels().lanes;
  return (count + lanes - 1) / lanes * lanes;
}

// One axis: input element o * stride + tap * dilation - before is what output o sees through a tap.
struct Axis {
  int64_t input, output, kernel, stride, before, dilation;

  // The output that sees an input element through a tap; -1 if there is none.
  int64_t output_of(int64_t element, int64_t tap) const {
    const int64_t distance = element + before - tap * dilation;
    if (distance < 0) return -1;
    if (stride == 1) return distance < output ? distance : -1;
    return distance % stride == 0 && distance / stride < output ? distance / stride : -1;
  }
};

// What all passes of one geometry share.
struct Depthwise {
  explicit Depthwise(const ConvGeometry& g)
      : geometry(g),
        multiplier(g.out_channels / std::max<int64_t>(1, g.groups)),
        taps(g.kernel.numel()),
        input_plane(g.input.numel()),
        output_plane(g.output.numel()) {
    const Index input = in_three(g.input, 1), output = in_three(g.output, 1);
    const Index kernel = in_three(g.kernel, 1), stride = in_three(g.stride, 1);
    const Index before = in_three(g.before, 0), dilation = in_three(g.dilation, 1);
    for (size_t a = 0; a < 3; ++a)
      axis[a] = {input[a], output[a], kernel[a], stride[a], before[a], dilation[a]};
    const Axis& w = axis[2];
    // Elements j * stride + phase - before of an input row, for each phase: what a tap sees are
    // then neighbours. As long as the last results of a rounded row can see.
    phase_width = rounded(w.output) + (w.kernel - 1) * w.dilation / w.stride;
    row_width = w.stride * phase_width;
    for (int64_t v = 0; v < w.kernel; ++v) {
      const int64_t at = v * w.dilation;
      phase_of.push_back(at % w.stride);
      shift_of.push_back(at / w.stride);
    }
  }

  bool serial() const { return geometry.flops() < cpu::kSerialWork; }

  // The input plane at x as phases of rows, and one more row of zeros for rows outside.
  void split_rows(const float* x, float* to) const {
    const Axis& w = axis[2];
    const int64_t rows = axis[0].input * axis[1].input;
    for (int64_t r = 0; r < rows; ++r, x += w.input) {
      for (int64_t phase = 0; phase < w.stride; ++phase, to += phase_width) {
        const int64_t first = phase - w.before;  // in x
        const int64_t low =
            first < 0 ? std::min(phase_width, (-first + w.stride - 1) / w.stride) : 0;
        const int64_t inside = first < w.input ? (w.input - first + w.stride - 1) / w.stride : 0;
        const int64_t high = std::clamp(inside, low, phase_width);
        std::fill(to, to + low, 0.0f);
        if (w.stride == 1) {
          std::copy(x + first + low, x + first + high, to + low);
        } else {
          for (int64_t j = low; j < high; ++j) to[j] = x[first + j * w.stride];
        }
        std::fill(to + high, to + phase_width, 0.0f);
      }
    }
    std::fill(to, to + row_width, 0.0f);
  }
  int64_t split_size() const { return (axis[0].input * axis[1].input + 1) * row_width; }

  // Where the taps of the output row (d, h) find their rows in a split plane.
  void sources_of(const float* split, int64_t d, int64_t h, const float** sources) const {
    const float* const zeros = split + axis[0].input * axis[1].input * row_width;
    for (int64_t t = 0; t < axis[0].kernel; ++t) {
      for (int64_t u = 0; u < axis[1].kernel; ++u) {
        const int64_t i = d * axis[0].stride + t * axis[0].dilation - axis[0].before;
        const int64_t j = h * axis[1].stride + u * axis[1].dilation - axis[1].before;
        const bool inside = i >= 0 && i < axis[0].input && j >= 0 && j < axis[1].input;
        const float* const row = inside ? split + (i * axis[1].input + j) * row_width : zeros;
        for (size_t v = 0; v < phase_of.size(); ++v)
          *sources++ = row + phase_of[v] * phase_width + shift_of[v];
      }
    }
  }

  const ConvGeometry& geometry;
  int64_t multiplier, taps;  // results of each channel, elements of a kernel
  int64_t input_plane, output_plane;
  std::array<Axis, 3> axis;
  int64_t phase_width, row_width;
  std::vector<int64_t> phase_of, shift_of;  // of each tap along the last axis
};

}  // namespace

bool depthwise_fits(const ConvGeometry& g) {
  return g.groups > 1 && g.groups == g.in_channels;
}

void depthwise_forward(const ConvGeometry& g, const float* x, const float* w, const float* bias,
                       float* y) {
  const Depthwise work(g);
  cpu::parallel_for(g.batch * g.in_channels, work.serial(), [&](int64_t plane) {
    const Scratch<float> split(work.split_size()), line(rounded(work.axis[2].output));
    work.split_rows(x + plane * work.input_plane, split.data());
    std::vector<const float*> sources(static_cast<size_t>(work.taps));
    const int64_t Wo = work.axis[2].output, H = work.axis[1].output;
    for (int64_t row = 0; row < work.axis[0].output * H; ++row) {
      work.sources_of(split.data(), row / H, row % H, sources.data());
      for (int64_t m = 0; m < work.multiplier; ++m) {
        const int64_t result = plane * work.multiplier + m, k = result % g.out_channels;
        float* const to = y + result * work.output_plane + row * Wo;
        const bool whole = Wo == rounded(Wo);
        kernels().gather(bias ? bias[k] : 0, w + k * work.taps, sources.data(), work.taps,
                         rounded(Wo), whole ? to : line.data());
        if (!whole) std::copy(line.data(), line.data() + Wo, to);
      }
    }
  });
}

// The element of a split row that a tap saw gets the result's gradient: a gather from rows of dy
// with the taps in reverse, for every phase of its own.
void depthwise_backward_data(const ConvGeometry& g, const float* dy, const float* w,
                             const float* bias, float* dx) {
  const Depthwise work(g);
  const Axis &d = work.axis[0], &h = work.axis[1], &across = work.axis[2];
  const int64_t reach = (across.kernel - 1) * across.dilation / across.stride;
  const int64_t width = rounded(work.phase_width);  // of the gradient of a phase
  const int64_t padded = reach + width;             // zeros, a row of dy, zeros
  cpu::parallel_for(g.batch * g.in_channels, work.serial(), [&](int64_t plane) {
    const int64_t rows = d.output * h.output;
    const Scratch<float> results((work.multiplier * rows + 1) * padded), line(width);
    std::fill(results.data(), results.data() + (work.multiplier * rows + 1) * padded, 0.0f);
    for (int64_t r = 0; r < work.multiplier * rows; ++r) {
      const float* const from =
          dy + plane * work.multiplier * work.output_plane + r * across.output;
      std::copy(from, from + across.output, results.data() + r * padded + reach);
    }
    const int64_t channel = plane % g.in_channels;
    const float start = bias ? bias[channel] : 0;
    std::vector<const float*> sources;
    std::vector<float> weights;
    for (int64_t row = 0; row < d.input * h.input; ++row) {
      float* const to = dx + plane * work.input_plane + row * across.input;
      for (int64_t phase = 0; phase < across.stride; ++phase) {
        sources.clear();
        weights.clear();
        for (int64_t tu = 0; tu < d.kernel * h.kernel; ++tu) {
          const int64_t i = d.output_of(row / h.input, tu / h.kernel);
          const int64_t j = h.output_of(row % h.input, tu % h.kernel);
          if (i < 0 || j < 0) continue;
          for (int64_t m = 0; m < work.multiplier; ++m) {
            const float* const line_of_results =
                results.data() + (m * rows + i * h.output + j) * padded + reach;
            const float* const taps =
                w + (channel * work.multiplier + m) * work.taps + tu * across.kernel;
            for (int64_t v = 0; v < across.kernel; ++v) {
              if (work.phase_of[static_cast<size_t>(v)] != phase) continue;
              sources.push_back(line_of_results - work.shift_of[static_cast<size_t>(v)]);
              weights.push_back(taps[v]);
            }
          }
        }
        kernels().gather(start, weights.data(), sources.data(),
                         static_cast<int64_t>(sources.size()), width, line.data());
        // Element j of the phase is at j * stride + phase - before of the row.
        const int64_t first = phase - across.before;
        const int64_t low = first < 0 ? (-first + across.stride - 1) / across.stride : 0;
        const int64_t inside =
            first < across.input ? (across.input - first + across.stride - 1) / across.stride : 0;
        const int64_t high = std::min(inside, work.phase_width);
        for (int64_t j = low; j < high; ++j) to[first + j * across.stride] = line.data()[j];
      }
      // Elements behind the last that any result sees.
      const int64_t seen = std::clamp<int64_t>(work.row_width - across.before, 0, across.input);
      std::fill(to + seen, to + across.input, start);
    }
  });
}

void depthwise_backward_weight(const ConvGeometry& g, const float* x, const float* dy, float* dw) {
  const Depthwise work(g);
  cpu::parallel_for(g.in_channels, work.serial(), [&](int64_t channel) {
    const int64_t lanes = kernels().lanes, Wo = work.axis[2].output, H = work.axis[1].output;
    const Scratch<float> split(work.split_size()), line(rounded(Wo));
    std::fill(line.data(), line.data() + rounded(Wo), 0.0f);
    std::vector<float> sums(static_cast<size_t>(work.multiplier * work.taps * lanes), 0.0f);
    std::vector<double> totals(static_cast<size_t>(work.multiplier * work.taps), 0.0);
    std::vector<const float*> sources(static_cast<size_t>(work.taps));
    for (int64_t image = 0; image < g.batch; ++image) {
      const int64_t plane = image * g.in_channels + channel;
      work.split_rows(x + plane * work.input_plane, split.data());
      for (int64_t row = 0; row < work.axis[0].output * H; ++row) {
        work.sources_of(split.data(), row / H, row % H, sources.data());
        for (int64_t m = 0; m < work.multiplier; ++m) {
          const float* const from =
              dy + (plane * work.multiplier + m) * work.output_plane + row * Wo;
          std::copy(from, from + Wo, line.data());
          kernels().correlate(line.data(), sources.data(), work.taps, rounded(Wo),
                              sums.data() + m * work.taps * lanes);
        }
      }
      for (size_t i = 0; i < sums.size(); ++i) {
        totals[i / static_cast<size_t>(lanes)] += static_cast<double>(sums[i]);
        sums[i] = 0;
      }
    }
    for (size_t i = 0; i < totals.size(); ++i)
      dw[channel * work.multiplier * work.taps + static_cast<int64_t>(i)] =
          static_cast<float>(totals[i]);
  });
}

}  // namespace tessera::detail
