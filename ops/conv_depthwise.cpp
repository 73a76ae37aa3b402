#include "ops/conv_depthwise.h"

#include <algorithm>
#include <utility>
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

using cpu::Scratch;

const DepthwiseKernels& depthwise_kernels() {
  return TESSERA_SELECT(depthwise);
}

int64_t whole_vectors(int64_t count) {
  return blocks_of(count, depthwise_kernels().lanes) * depthwise_kernels().lanes;
}

Index plus(const Index& a, const Index& b, int64_t times = 1) {
  return {a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]};
}

// A dense array over three axes. A step along one axis is the same number of elements everywhere,
// so what a tap sees from consecutive results are consecutive elements, over the ends of lines too:
// the results that fall between lines are not used.
struct Frame {
  Index extents;

  int64_t size() const { return product(extents); }
  int64_t at(const Index& index) const {
    return (index[0] * extents[1] + index[1]) * extents[2] + index[2];
  }
  // Elements up to the last one of a part of the frame.
  int64_t reach(const Index& part) const { return at({part[0] - 1, part[1] - 1, part[2]}); }
};

// Input element (o + shift) * stride + phase - before is what result o sees through a tap. The
// elements of one phase are a frame, padded with zeros, in which all taps have stride 1.
struct Depthwise {
  explicit Depthwise(const ConvGeometry& geometry)
      : g(geometry),
        multiplier(g.out_channels / std::max<int64_t>(1, g.groups)),
        input(in_three(g.input, 1)),
        output(in_three(g.output, 1)),
        stride(in_three(g.stride, 1)),
        before(in_three(g.before, 0)) {
    const Index kernel = in_three(g.kernel, 1), dilation = in_three(g.dilation, 1);
    for (size_t i = 0; i < 3; ++i) reach[i] = (kernel[i] - 1) * dilation[i] / stride[i];
    phase.extents = plus(output, reach);
    around.extents = plus(output, reach, 2);
    for (int64_t t = 0; t < product(kernel); ++t) {
      const Index tap = {t / kernel[2] / kernel[1], t / kernel[2] % kernel[1], t % kernel[2]};
      Index offset, shift;
      for (size_t i = 0; i < 3; ++i) {
        offset[i] = tap[i] * dilation[i] % stride[i];
        shift[i] = tap[i] * dilation[i] / stride[i];
      }
      phase_of.push_back(Frame{stride}.at(offset));
      shift_of.push_back(shift);
    }
  }

  int64_t taps() const { return static_cast<int64_t>(phase_of.size()); }
  int64_t phases() const { return product(stride); }
  Index phase_index(int64_t p) const {
    return {p / stride[2] / stride[1], p / stride[2] % stride[1], p % stride[2]};
  }

  // Planes that are one work item, and whether all of them together are too few.
  int64_t together() const {
    constexpr int64_t kElements = 16384;
    return std::max<int64_t>(1, kElements / std::max<int64_t>(1, product(input)));
  }
  bool serial() const { return g.flops() < cpu::kSerialWork; }

  // The input plane as phases, and some zeros behind, which vectors may read.
  int64_t split_size() const { return phases() * phase.size() + depthwise_kernels().lanes; }
  void split(const float* x, float* to) const {
    std::fill(to, to + split_size(), 0.0f);
    for_each_line(
        [&](int64_t p, int64_t line, int64_t first, int64_t low, int64_t high, const Index& e) {
          float* const out = to + p * phase.size() + phase.at({e[0], e[1], 0});
          const float* const from = x + line;
          if (stride[2] == 1) {
            std::copy(from + first + low, from + first + high, out + low);
          } else if (stride[2] == 2) {
            depthwise_kernels().every_second(from + first + 2 * low, high - low, out + low);
          } else {
            for (int64_t j = low; j < high; ++j) out[j] = from[first + j * stride[2]];
          }
        });
  }

  // Calls f(phase, line, first, low, high, e) for the lines of all phases that lie in the input:
  // element j, low <= j < high, of line e of the phase is x[line + first + j * stride].
  template <class F>
  void for_each_line(F&& f) const {
    for (int64_t p = 0; p < phases(); ++p) {
      const Index offset = phase_index(p);
      const int64_t first = offset[2] - before[2];
      const int64_t low = first < 0 ? blocks_of(-first, stride[2]) : 0;
      const int64_t inside = first < input[2] ? blocks_of(input[2] - first, stride[2]) : 0;
      const int64_t high = std::min(inside, phase.extents[2]);
      if (low >= high) continue;
      for (int64_t d = 0; d < phase.extents[0]; ++d) {
        const int64_t slice = d * stride[0] + offset[0] - before[0];
        if (slice < 0 || slice >= input[0]) continue;
        for (int64_t h = 0; h < phase.extents[1]; ++h) {
          const int64_t row = h * stride[1] + offset[1] - before[1];
          if (row < 0 || row >= input[1]) continue;
          f(p, (slice * input[1] + row) * input[2], first, low, high, Index{d, h, 0});
        }
      }
    }
  }

  // Calls f(position in the frame, position in a dense array) for the lines of a part of a frame.
  static void lines_of(const Frame& frame, const Index& part, auto&& f) {
    for (int64_t d = 0; d < part[0]; ++d) {
      for (int64_t h = 0; h < part[1]; ++h) f(frame.at({d, h, 0}), (d * part[1] + h) * part[2]);
    }
  }

  const ConvGeometry& g;
  int64_t multiplier;  // results of each channel
  Index input, output, stride, before, reach{};
  Frame phase, around;  // of a phase of the input, and of results with zeros around them
  std::vector<int64_t> phase_of;
  std::vector<Index> shift_of;
};

}  // namespace

bool depthwise_fits(const ConvGeometry& g) {
  return g.groups > 1 && g.groups == g.in_channels;
}

void depthwise_forward(const ConvGeometry& g, cpu::ConstReals x, const float* w, const float* bias,
                       cpu::Reals y, const Finished& done) {
  const Depthwise work(g);
  const int64_t planes = g.batch * g.in_channels, taps = work.taps(), size = g.output.numel();
  const int64_t reach = whole_vectors(work.phase.reach(work.output));
  cpu::parallel_for(blocks_of(planes, work.together()), work.serial(), [&](int64_t item) {
    const Scratch<float> split(work.split_size()), frame(reach);
    const Scratch<float> seen(x.dtype == f32 ? 0 : g.input.numel());
    std::vector<const float*> sources;
    for (int64_t t = 0; t < taps; ++t) {
      const auto i = static_cast<size_t>(t);
      sources.push_back(split.data() + work.phase_of[i] * work.phase.size() +
                        work.phase.at(work.shift_of[i]));
    }
    const int64_t end = std::min(planes, (item + 1) * work.together());
    for (int64_t plane = item * work.together(); plane < end; ++plane) {
      work.split((x + plane * g.input.numel()).view(g.input.numel(), seen.data()), split.data());
      for (int64_t m = 0; m < work.multiplier; ++m) {
        const int64_t result = plane * work.multiplier + m, k = result % g.out_channels;
        depthwise_kernels().gather(bias ? bias[k] : 0, w + k * taps, sources.data(), taps, reach,
                                   frame.data());
        Depthwise::lines_of(work.phase, work.output, [&](int64_t from, int64_t to) {
          (y + (result * size + to)).write(work.output[2], frame.data() + from);
        });
        done(result * size, size);
      }
    }
  });
}

// The element of a phase that a tap saw gets the result's gradient: a gather from the gradients,
// with zeros around them, where the taps are in reverse.
void depthwise_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const float* w,
                             const float* bias, cpu::Reals dx, const Finished& done) {
  const Depthwise work(g);
  const int64_t planes = g.batch * g.in_channels, taps = work.taps(), size = g.output.numel();
  const int64_t reach = whole_vectors(work.around.reach(work.phase.extents));
  const int64_t frame_size = work.around.size() + depthwise_kernels().lanes;
  const int64_t many = work.multiplier * frame_size;
  cpu::parallel_for(blocks_of(planes, work.together()), work.serial(), [&](int64_t item) {
    const Scratch<float> gradients(many), frames(work.phases() * reach);
    const Scratch<float> memory(dx.dtype == f32 ? 0 : g.input.numel());
    std::fill(gradients.data(), gradients.data() + many, 0.0f);
    std::vector<const float*> sources;
    std::vector<float> weights;
    const int64_t end = std::min(planes, (item + 1) * work.together());
    for (int64_t plane = item * work.together(); plane < end; ++plane) {
      for (int64_t m = 0; m < work.multiplier; ++m) {
        const cpu::ConstReals from = dy + (plane * work.multiplier + m) * size;
        float* const inner = gradients.data() + m * frame_size + work.around.at(work.reach);
        Depthwise::lines_of(work.around, work.output, [&](int64_t to, int64_t line) {
          (from + line).read(work.output[2], inner + to);
        });
      }
      const int64_t channel = plane % g.in_channels;
      const float start = bias ? bias[channel] : 0;
      for (int64_t p = 0; p < work.phases(); ++p) {
        sources.clear();
        weights.clear();
        for (int64_t t = 0; t < taps; ++t) {
          const auto i = static_cast<size_t>(t);
          if (work.phase_of[i] != p) continue;
          for (int64_t m = 0; m < work.multiplier; ++m) {
            sources.push_back(gradients.data() + m * frame_size +
                              work.around.at(plus(work.reach, work.shift_of[i], -1)));
            weights.push_back(w[(channel * work.multiplier + m) * taps + t]);
          }
        }
        depthwise_kernels().gather(start, weights.data(), sources.data(),
                                   static_cast<int64_t>(sources.size()), reach,
                                   frames.data() + p * reach);
      }
      const cpu::Reals result = dx + plane * g.input.numel();
      float* const to = result.room(memory.data());
      std::fill(to, to + g.input.numel(), start);  // some elements no result sees
      work.for_each_line(
          [&](int64_t p, int64_t line, int64_t first, int64_t low, int64_t high, const Index& e) {
            const float* const from = frames.data() + p * reach + work.around.at({e[0], e[1], 0});
            if (work.stride[2] == 1) {
              std::copy(from + low, from + high, to + line + first + low);
            } else {
              for (int64_t j = low; j < high; ++j) to[line + first + j * work.stride[2]] = from[j];
            }
          });
      result.take(g.input.numel(), to);
      done(plane * g.input.numel(), g.input.numel());
    }
  });
}

void depthwise_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                               float* dw) {
  const Depthwise work(g);
  const int64_t taps = work.taps(), size = g.output.numel(), lanes = depthwise_kernels().lanes;
  const int64_t reach = whole_vectors(work.phase.reach(work.output));
  const int64_t many = work.multiplier * taps;
  const int64_t together = std::max<int64_t>(1, work.together() / std::max<int64_t>(1, g.batch));
  cpu::parallel_for(blocks_of(g.in_channels, together), work.serial(), [&](int64_t item) {
    const Scratch<float> split(work.split_size()), frame(reach);
    const Scratch<float> seen(x.dtype == f32 ? 0 : g.input.numel());
    std::fill(frame.data(), frame.data() + reach, 0.0f);
    std::vector<const float*> sources;
    for (int64_t t = 0; t < taps; ++t) {
      const auto i = static_cast<size_t>(t);
      sources.push_back(split.data() + work.phase_of[i] * work.phase.size() +
                        work.phase.at(work.shift_of[i]));
    }
    std::vector<float> sums(static_cast<size_t>(many * lanes));
    std::vector<double> totals(static_cast<size_t>(many));
    const int64_t end = std::min(g.in_channels, (item + 1) * together);
    for (int64_t channel = item * together; channel < end; ++channel) {
      std::fill(totals.begin(), totals.end(), 0.0);
      constexpr int64_t kSummed = 4096;  // products added in f32
      int64_t summed = 0;
      for (int64_t image = 0; image < g.batch; ++image) {
        const int64_t plane = image * g.in_channels + channel;
        work.split((x + plane * g.input.numel()).view(g.input.numel(), seen.data()), split.data());
        for (int64_t m = 0; m < work.multiplier; ++m) {
          const cpu::ConstReals from = dy + (plane * work.multiplier + m) * size;
          Depthwise::lines_of(work.phase, work.output, [&](int64_t to, int64_t line) {
            (from + line).read(work.output[2], frame.data() + to);
          });
          depthwise_kernels().correlate(frame.data(), sources.data(), taps, reach,
                                        sums.data() + m * taps * lanes);
        }
        summed += size;
        if (summed < kSummed && image + 1 < g.batch) continue;
        for (size_t i = 0; i < totals.size(); ++i) {
          float* const sum = sums.data() + i * static_cast<size_t>(lanes);
          for (int64_t lane = 0; lane < lanes; ++lane)
            totals[i] += static_cast<double>(std::exchange(sum[lane], 0.0f));
        }
        summed = 0;
      }
      for (int64_t i = 0; i < many; ++i)
        dw[channel * many + i] = static_cast<float>(totals[static_cast<size_t>(i)]);
    }
  });
}

}  // namespace tessera::detail
