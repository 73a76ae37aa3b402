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

Index plus(const Index& a, const Index& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}

// A dense array over three axes. A step along one axis is the same number of elements everywhere:
// what a tap sees from the lines of a slice are lines as far from each other.
struct Frame {
  Index extents;

  int64_t size() const { return product(extents); }
  int64_t slice() const { return extents[1] * extents[2]; }
  int64_t line() const { return extents[2]; }
  int64_t at(const Index& index) const {
    return (index[0] * extents[1] + index[1]) * extents[2] + index[2];
  }
};

// Input element (o + shift) * stride + phase - before is what result o sees through a tap. The
// elements of one phase are a frame, padded with zeros, in which all taps have stride 1.
struct Depthwise {
  explicit Depthwise(const ConvGeometry& geometry)
      : g(geometry),
        multiplier(g.out_channels / std::max<int64_t>(1, g.groups)),
        input{in_three(g.input, 1)},
        output{in_three(g.output, 1)},
        stride{in_three(g.stride, 1)} {
    const Index kernel = in_three(g.kernel, 1), dilation = in_three(g.dilation, 1);
    const Index before = in_three(g.before, 0), &step = stride.extents;
    for (size_t i = 0; i < 3; ++i) {
      reach[i] = (kernel[i] - 1) * dilation[i] / step[i];
      phase.extents[i] =
          std::max(output.extents[i] + reach[i], blocks_of(input.extents[i] + before[i], step[i]));
    }
    around.extents = plus(phase.extents, reach);
    for (int64_t t = 0; t < product(kernel); ++t) {
      const Index tap = {t / kernel[2] / kernel[1], t / kernel[2] % kernel[1], t % kernel[2]};
      const auto [phase_index, shift] =
          phase_and_place({tap[0] * dilation[0], tap[1] * dilation[1], tap[2] * dilation[2]});
      phase_of.push_back(phase_index);
      shift_of.push_back(shift);
    }
    for (int64_t d = 0; d < input.extents[0]; ++d) {
      for (int64_t i = 0; i < step[1] * step[2]; ++i) {
        const auto [phase_index, place] =
            phase_and_place(plus({d, i / step[2], i % step[2]}, before));
        in_phases_.push_back(phase_index * phase.size() + phase.at(place));
      }
    }
  }

  int64_t taps() const { return static_cast<int64_t>(phase_of.size()); }
  int64_t phases() const { return stride.size(); }
  int64_t phases_size() const { return phases() * phase.size(); }

  // Planes that are one work item, and whether all of them together are too few.
  int64_t together() const {
    constexpr int64_t kElements = 16384;
    return std::max<int64_t>(1, kElements / std::max<int64_t>(1, input.size()));
  }
  bool serial() const { return g.flops() < cpu::kSerialWork; }

  // Where in the phases of the input each tap finds what the first result sees.
  std::vector<int64_t> sights() const {
    std::vector<int64_t> offsets;
    for (size_t t = 0; t < phase_of.size(); ++t)
      offsets.push_back(phase_of[t] * phase.size() + phase.at(shift_of[t]));
    return offsets;
  }

  // The phases of an input plane. Elements that none of the plane comes to are left alone.
  void split(const float* x, float* phases) const {
    for (int64_t d = 0; d < input.extents[0]; ++d)
      depthwise_kernels().deal(x + d * input.slice(), lines_of_slice(d), phases);
  }
  void join(const float* phases, float* x) const {
    for (int64_t d = 0; d < input.extents[0]; ++d)
      depthwise_kernels().weave(phases, lines_of_slice(d), x + d * input.slice());
  }

  const ConvGeometry& g;
  int64_t multiplier;  // results of each channel
  Frame input, output, stride;
  Index reach{};
  Frame phase, around;  // of a phase of the input, and of results with zeros around them
  std::vector<int64_t> phase_of;
  std::vector<Index> shift_of;

 private:
  std::pair<int64_t, Index> phase_and_place(const Index& padded) const {
    Index offset, place;
    for (size_t i = 0; i < 3; ++i) {
      offset[i] = padded[i] % stride.extents[i];
      place[i] = padded[i] / stride.extents[i];
    }
    return {stride.at(offset), place};
  }
  DepthwiseLines lines_of_slice(int64_t d) const {
    const Index& step = stride.extents;
    return {input.extents[1],
            input.extents[2],
            step[1],
            step[2],
            in_phases_.data() + d * step[1] * step[2],
            phase.line()};
  }

  // Where the first elements of each slice are in the phases, as many lines and columns as the
  // stride.
  std::vector<int64_t> in_phases_;
};

}  // namespace

bool depthwise_fits(const ConvGeometry& g) {
  return g.groups > 1 && g.groups == g.in_channels;
}

void depthwise_forward(const ConvGeometry& g, cpu::ConstReals x, const float* w, const float* bias,
                       cpu::Reals y, const Finished& done) {
  const Depthwise work(g);
  const Frame& output = work.output;
  const int64_t planes = g.batch * g.in_channels, taps = work.taps(), size = output.size();
  const std::vector<int64_t> sights = work.sights();
  cpu::parallel_for(blocks_of(planes, work.together()), work.serial(), [&](int64_t item) {
    const Scratch<float> phases(work.phases_size());
    const Scratch<float> seen(x.dtype == f32 ? 0 : g.input.numel());
    const Scratch<float> memory(y.dtype == f32 ? 0 : size);
    std::fill(phases.data(), phases.data() + work.phases_size(), 0.0f);
    const int64_t end = std::min(planes, (item + 1) * work.together());
    for (int64_t plane = item * work.together(); plane < end; ++plane) {
      work.split((x + plane * g.input.numel()).view(g.input.numel(), seen.data()), phases.data());
      for (int64_t m = 0; m < work.multiplier; ++m) {
        const int64_t index = plane * work.multiplier + m, k = index % g.out_channels;
        const cpu::Reals result = y + index * size;
        float* const to = result.room(memory.data());
        for (int64_t d = 0; d < output.extents[0]; ++d) {
          depthwise_kernels().gather(bias ? bias[k] : 0, w + k * taps, sights.data(), taps,
                                     phases.data() + d * work.phase.slice(), work.phase.line(),
                                     output.extents[1], output.line(), to + d * output.slice(),
                                     output.line());
        }
        result.take(size, to);
        done(index * size, size);
      }
    }
  });
}

// The element of a phase that a tap saw gets the result's gradient: a gather from the gradients,
// with zeros around them, where the taps are in reverse.
void depthwise_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const float* w,
                             const float* bias, cpu::Reals dx, const Finished& done) {
  const Depthwise work(g);
  const Frame &output = work.output, &around = work.around;
  const int64_t planes = g.batch * g.in_channels, taps = work.taps(), size = output.size();
  const int64_t multiplier = work.multiplier, many = multiplier * around.size();
  const bool in_place = work.phases() == 1;  // an input plane is its phase, but for the padding
  const Frame& target = in_place ? work.input : work.phase;
  const int64_t first = in_place ? around.at(in_three(g.before, 0)) : 0;
  // Of each phase, the taps that see it, of all results of a channel.
  std::vector<std::vector<int64_t>> sources(static_cast<size_t>(work.phases())), weights = sources;
  for (int64_t m = 0; m < multiplier; ++m) {
    for (int64_t t = 0; t < taps; ++t) {
      const auto i = static_cast<size_t>(t), p = static_cast<size_t>(work.phase_of[i]);
      sources[p].push_back(m * around.size() + around.at(work.reach) + first -
                           around.at(work.shift_of[i]));
      weights[p].push_back(m * taps + t);
    }
  }
  cpu::parallel_for(blocks_of(planes, work.together()), work.serial(), [&](int64_t item) {
    const Scratch<float> gradients(many), phases(in_place ? 0 : work.phases_size());
    const Scratch<float> seen(dy.dtype == f32 ? 0 : size);
    const Scratch<float> memory(dx.dtype == f32 ? 0 : g.input.numel());
    std::fill(gradients.data(), gradients.data() + many, 0.0f);
    std::vector<float> weight(static_cast<size_t>(multiplier * taps));
    const int64_t end = std::min(planes, (item + 1) * work.together());
    for (int64_t plane = item * work.together(); plane < end; ++plane) {
      constexpr int64_t kNone[] = {0};
      for (int64_t m = 0; m < multiplier; ++m) {
        const float* const from = (dy + (plane * multiplier + m) * size).view(size, seen.data());
        float* const to = gradients.data() + m * around.size() + around.at(work.reach);
        for (int64_t d = 0; d < output.extents[0]; ++d) {
          depthwise_kernels().deal(from + d * output.slice(),
                                   {output.extents[1], output.line(), 1, 1, kNone, around.line()},
                                   to + d * around.slice());
        }
      }
      const cpu::Reals result = dx + plane * g.input.numel();
      float* const to = result.room(memory.data());
      const int64_t channel = plane % g.in_channels;
      for (size_t p = 0; p < sources.size(); ++p) {
        float* const part = in_place ? to : phases.data() + static_cast<int64_t>(p) * target.size();
        for (size_t t = 0; t < weights[p].size(); ++t)
          weight[t] = w[channel * multiplier * taps + weights[p][t]];
        for (int64_t d = 0; d < target.extents[0]; ++d) {
          depthwise_kernels().gather(bias ? bias[channel] : 0, weight.data(), sources[p].data(),
                                     static_cast<int64_t>(sources[p].size()),
                                     gradients.data() + d * around.slice(), around.line(),
                                     target.extents[1], target.line(), part + d * target.slice(),
                                     target.line());
        }
      }
      if (!in_place) work.join(phases.data(), to);
      result.take(g.input.numel(), to);
      done(plane * g.input.numel(), g.input.numel());
    }
  });
}

void depthwise_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                               float* dw) {
  const Depthwise work(g);
  const Frame& output = work.output;
  const int64_t taps = work.taps(), size = output.size(), lanes = depthwise_kernels().lanes;
  const int64_t many = work.multiplier * taps;
  const int64_t together = std::max<int64_t>(1, work.together() / std::max<int64_t>(1, g.batch));
  const std::vector<int64_t> sights = work.sights();
  cpu::parallel_for(blocks_of(g.in_channels, together), work.serial(), [&](int64_t item) {
    const Scratch<float> phases(work.phases_size());
    const Scratch<float> seen(x.dtype == f32 ? 0 : g.input.numel());
    const Scratch<float> gradients(dy.dtype == f32 ? 0 : size);
    std::fill(phases.data(), phases.data() + work.phases_size(), 0.0f);
    std::vector<float> sums(static_cast<size_t>(many * lanes));
    std::vector<double> totals(static_cast<size_t>(many));
    const int64_t end = std::min(g.in_channels, (item + 1) * together);
    for (int64_t channel = item * together; channel < end; ++channel) {
      std::fill(totals.begin(), totals.end(), 0.0);
      constexpr int64_t kSummed = 4096;  // products added in f32
      int64_t summed = 0;
      for (int64_t image = 0; image < g.batch; ++image) {
        const int64_t plane = image * g.in_channels + channel;
        work.split((x + plane * g.input.numel()).view(g.input.numel(), seen.data()), phases.data());
        for (int64_t m = 0; m < work.multiplier; ++m) {
          const float* const from =
              (dy + (plane * work.multiplier + m) * size).view(size, gradients.data());
          for (int64_t d = 0; d < output.extents[0]; ++d) {
            depthwise_kernels().correlate(from + d * output.slice(), output.line(), sights.data(),
                                          taps, phases.data() + d * work.phase.slice(),
                                          work.phase.line(), output.extents[1], output.line(),
                                          sums.data() + m * taps * lanes);
          }
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
