#include "ops/conv_kernels.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/buffer.h"
#include "core/cpu/gemm.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/pairs.h"
#include "core/cpu/parallel.h"
#include "core/cpu/reals.h"
#include "ops/conv_patches.h"

namespace tessera::detail {

namespace {

constexpr int64_t kPositions = 256;  // positions of a block of patches, a multiple of all panels
constexpr int64_t kDepth = 256;      // products summed before a block is left
constexpr int64_t kItems = 16;       // work items that keep the cores of a machine busy

// Weights as the kernel reads them: [groups, rows, depth] with zeros behind.
template <class T>
struct PackedWeights {
  const T* data;
  int64_t depth, rows;  // of a group, padded
  Ref<Buffer> memory;

  PackedWeights(const cpu::SumOf<T>* weight, int64_t groups, int64_t results, int64_t length) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      const cpu::GemmKernel<T>& kernel = cpu::gemm_kernel<T>();
      depth = blocks_of(length, kernel.step) * kernel.step;
      rows = blocks_of(results, kernel.rows) * kernel.rows;
      memory = allocate(groups * rows * depth * static_cast<int64_t>(sizeof(T)));
      T* const to = reinterpret_cast<T*>(memory->data);
      data = to;
      std::fill(to, to + groups * rows * depth, T{});
      cpu::parallel_for(groups * results, results * length < 32768, [&](int64_t i) {
        cpu::narrow(weight + i * length, length, to + (i / results * rows + i % results) * depth);
      });
    } else {
      data = weight;
      depth = length;
      rows = results;
    }
  }
};

// A product of weights with patches: for every image and group
//   result[m][position] = sum over channels and taps of weight[m][channel][tap] * patch
template <class T>
struct PatchProduct {
  Patches patches;
  int64_t batch, groups, channels, results;  // channels of the source and results, in one group
  cpu::ConstReals source;                    // [batch, groups * channels, source plane]
  PackedWeights<T> weight;                   // [groups, results, channels * taps]
  const cpu::SumOf<T>* bias;                 // [groups * results] or null
  cpu::Reals result;                         // [batch, groups * results, result plane]
  // Where a position of the grid is in the result plane: begin + position * step.
  Index plane, begin, step;
  Finished done;  // only if all of the plane is the grid

  void run() const {
    const int64_t positions = product(patches.grid);
    const int64_t blocks = blocks_of(positions, kPositions);
    // Where there are few blocks the result channels are split too, though patches are then read
    // several times.
    const int64_t rows = batch * groups * blocks < kItems ? 8 * cpu::kMaxGemmRows : results;
    const int64_t row_blocks = results == 0 ? 0 : blocks_of(results, rows);
    const double work = static_cast<double>(batch * groups * positions) *
                        static_cast<double>(results * channels * patches.taps());
    cpu::parallel_for(batch * groups * blocks * row_blocks, work < cpu::kSerialWork,
                      [&](int64_t item) {
                        const int64_t first_row = item % row_blocks * rows;
                        const int64_t begin_position = item / row_blocks % blocks * kPositions;
                        const int64_t group = item / row_blocks / blocks % groups;
                        const int64_t image = item / row_blocks / blocks / groups;
                        block(image, group, first_row, std::min(rows, results - first_row),
                              begin_position, std::min(positions, begin_position + kPositions));
                      });
  }

 private:
  void block(int64_t image, int64_t group, int64_t first_row, int64_t rows, int64_t begin_position,
             int64_t end_position) const {
    const cpu::GemmKernel<T>& kernel = cpu::gemm_kernel<T>();
    const int64_t panel = kernel.columns, panels = blocks_of(end_position - begin_position, panel);
    const int64_t depth = channels * patches.taps(), width = panels * panel;
    const int64_t deepest = std::min(weight.depth, kDepth);
    const int64_t padded = blocks_of(rows, kernel.rows) * kernel.rows;
    using Sum = cpu::SumOf<T>;
    const Ref<Buffer> memory = allocate(width * deepest * static_cast<int64_t>(sizeof(T)) +
                                        padded * width * static_cast<int64_t>(sizeof(Sum)));
    Sum* const sums = reinterpret_cast<Sum*>(memory->data);
    T* const columns = reinterpret_cast<T*>(sums + padded * width);
    const int64_t source_plane = product(patches.source);
    const cpu::ConstReals planes = source + (image * groups + group) * channels * source_plane;
    const T* const weights = weight.data + (group * weight.rows + first_row) * weight.depth;

    const std::vector<Run> runs = runs_of(patches.grid, begin_position, end_position);
    std::vector<cpu::RowPacker<T>> packers;
    int64_t q = 0;
    do {  // once even if there is nothing to sum: the result is zero then
      const int64_t count = std::min(kDepth, depth - q);
      const int64_t whole = blocks_of(count, kernel.step) * kernel.step;
      packers.clear();
      for (int64_t j = 0; j < panels; ++j) packers.emplace_back(columns + j * panel * whole, panel);
      T row[kPositions] = {};  // zeros behind the last position
      for (int64_t k = q; k < q + count; ++k) {
        patches.read(planes + k / patches.taps() * source_plane,
                     patches.shift[static_cast<size_t>(k % patches.taps())], runs, row);
        const T* from = row;
        for (cpu::RowPacker<T>& packer : packers) {
          std::copy_n(from, panel, packer.row());
          packer.done();
          from += panel;
        }
      }
      for (cpu::RowPacker<T>& packer : packers) packer.pad(kernel.step);
      for (int64_t j = 0; j < panels; ++j) {
        for (int64_t i = 0; i < rows; i += kernel.rows) {
          kernel.run(std::min(kernel.rows, rows - i), whole, weights + i * weight.depth + q,
                     weight.depth, 1, columns + j * panel * whole, sums + i * width + j * panel,
                     width, q > 0);
        }
      }
      q += kDepth;
    } while (q < depth);
    store(image, group * results + first_row, rows, sums, width, runs);
    for (int64_t i = 0; i < rows && done; ++i) {
      const int64_t channel = (image * groups + group) * results + first_row + i;
      done(channel * product(plane) + begin_position, end_position - begin_position);
    }
  }

  void store(int64_t image, int64_t first_channel, int64_t rows, cpu::SumOf<T>* sums, int64_t width,
             const std::vector<Run>& runs) const {
    for (int64_t i = 0; i < rows; ++i) {
      const cpu::Reals out =
          result + (image * groups * results + first_channel + i) * product(plane);
      cpu::SumOf<T>* const row = sums + i * width;
      if (bias != nullptr) {
        for (int64_t k = 0; k < width; ++k) row[k] += bias[first_channel + i];
      }
      const cpu::SumOf<T>* from = row;
      for (const Run& run : runs) {
        const int64_t d = begin[0] + run.first[0] * step[0];
        const int64_t h = begin[1] + run.first[1] * step[1];
        (out + ((d * plane[1] + h) * plane[2] + begin[2] + run.first[2] * step[2]))
            .write(run.count, from, step[2]);
        from += run.count;
      }
    }
  }
};

// What reaches the input elements begin, begin + stride, ... along one axis: which taps of the
// kernel, and from where.
struct Phase {
  int64_t begin, count;
  std::vector<std::pair<int64_t, int64_t>> taps;  // tap, shift
};

std::vector<Phase> phases_of(int64_t input, int64_t kernel, int64_t stride, int64_t before,
                             int64_t dilation) {
  std::vector<Phase> phases;
  for (int64_t begin = 0; begin < std::min(stride, input); ++begin) {
    Phase phase{begin, blocks_of(input - begin, stride), {}};
    for (int64_t u = 0; u < kernel; ++u) {
      const int64_t distance = begin + before - u * dilation;
      if (distance % stride == 0) phase.taps.emplace_back(u, distance / stride);
    }
    phases.push_back(std::move(phase));
  }
  return phases;
}

}  // namespace

template <class T>
static void patch_forward(const ConvGeometry& g, cpu::ConstReals x, const cpu::SumOf<T>* w,
                          const cpu::SumOf<T>* bias, cpu::Reals y, const Finished& done) {
  const Index plane = in_three(g.output, 1);
  const int64_t results = g.out_channels / g.groups;
  const int64_t depth = g.in_channels / g.groups * g.kernel.numel();
  const Patches patches = forward_patches(g);
  const PackedWeights<T> packed(w, g.groups, results, depth);
  PatchProduct<T>{
      patches,   g.batch,   g.groups, g.in_channels / g.groups, results, x, packed, bias, y, plane,
      {0, 0, 0}, {1, 1, 1}, done}
      .run();
}

// An input element gathers from the results that saw it. Those `stride` apart are seen by the same
// taps, at distances that differ by one: each such phase is a correlation of stride 1.
template <class T>
static void patch_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const cpu::SumOf<T>* w,
                                const cpu::SumOf<T>* bias, cpu::Reals dx, const Finished& done) {
  using Sum = cpu::SumOf<T>;
  const Index kernel = in_three(g.kernel, 1), input = in_three(g.input, 1);
  const Index stride = in_three(g.stride, 1), before = in_three(g.before, 0);
  const Index dilation = in_three(g.dilation, 1);
  const int64_t channels = g.in_channels / g.groups, results = g.out_channels / g.groups;
  std::array<std::vector<Phase>, 3> phases;
  for (size_t i = 0; i < 3; ++i)
    phases[i] = phases_of(input[i], kernel[i], stride[i], before[i], dilation[i]);
  const Ref<Buffer> memory = allocate(g.w_shape().numel() * static_cast<int64_t>(sizeof(Sum)));
  Sum* const weight = reinterpret_cast<Sum*>(memory->data);
  const bool one_phase = stride == Index{1, 1, 1};
  for (const Phase& a : phases[0]) {
    for (const Phase& b : phases[1]) {
      for (const Phase& c : phases[2]) {
        std::vector<Index> shift;
        std::vector<int64_t> taps;
        for (const auto& [t, shift_t] : a.taps) {
          for (const auto& [u, shift_u] : b.taps) {
            for (const auto& [v, shift_v] : c.taps) {
              taps.push_back((t * kernel[1] + u) * kernel[2] + v);
              shift.push_back({shift_t, shift_u, shift_v});
            }
          }
        }
        // [groups, results, channels, taps] to [groups, channels, results, those taps]
        const auto count = static_cast<int64_t>(taps.size());
        cpu::parallel_for(g.in_channels, g.w_shape().numel() < 32768, [&](int64_t channel) {
          const int64_t group = channel / channels;
          Sum* out = weight + channel * results * count;
          for (int64_t k = 0; k < results; ++k) {
            const Sum* from =
                w + ((group * results + k) * channels + channel % channels) * product(kernel);
            for (const int64_t tap : taps) *out++ = from[tap];
          }
        });
        const Patches patches{in_three(g.output, 1), {a.count, b.count, c.count}, {1, 1, 1}, shift};
        const PackedWeights<T> packed(weight, g.groups, channels, results * count);
        PatchProduct<T>{patches,
                        g.batch,
                        g.groups,
                        results,
                        channels,
                        dy,
                        packed,
                        bias,
                        dx,
                        input,
                        {a.begin, b.begin, c.begin},
                        stride,
                        one_phase ? done : Finished()}
            .run();
      }
    }
  }
  if (!one_phase) tell_all(done, g.x_shape().numel());
}

// A product of the patches, channels and taps by positions, with dy, positions by results, summed
// over blocks of positions of all images. The blocks are shared out to a number of parts that
// depends on the geometry alone; the parts are added in order.
template <class T>
static void patch_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                                  cpu::SumOf<T>* dw) {
  using Sum = cpu::SumOf<T>;
  constexpr int64_t kRows = 16 * cpu::kMaxGemmRows;  // of patches in one work item
  constexpr int64_t kStride = kPositions + 16;       // powers of two collide in the cache
  const Patches patches = forward_patches(g);
  const int64_t channels = g.in_channels / g.groups, results = g.out_channels / g.groups;
  const cpu::GemmKernel<T>& kernel = cpu::gemm_kernel<T>(results);
  const int64_t depth = channels * patches.taps(), panel = kernel.columns;
  const int64_t width = blocks_of(results, panel) * panel;
  const int64_t positions = product(patches.grid), input_plane = product(patches.source);
  const int64_t image_blocks = blocks_of(positions, kPositions);
  const int64_t blocks = g.batch * image_blocks;
  if (depth == 0 || results == 0) return;
  const int64_t row_blocks = blocks_of(depth, kRows);
  const int64_t parts = std::clamp<int64_t>(blocks, 1, blocks_of(kItems, row_blocks * g.groups));
  const int64_t padded = blocks_of(depth, kernel.rows) * kernel.rows;
  const Ref<Buffer> partial =
      allocate(parts * g.groups * padded * width * static_cast<int64_t>(sizeof(Sum)));
  Sum* const sums = reinterpret_cast<Sum*>(partial->data);  // [parts, groups, padded, width]

  const auto accumulate = [&](int64_t part, int64_t group, int64_t first_row, int64_t rows) {
    const int64_t padded_rows = blocks_of(rows, kernel.rows) * kernel.rows;
    const Ref<Buffer> memory = allocate((padded_rows * kStride + 2 * kPositions * panel) *
                                        static_cast<int64_t>(sizeof(T)));
    T* const columns = reinterpret_cast<T*>(memory->data);
    T* const gradient = columns + padded_rows * kStride;
    T* const lines = gradient + kPositions * panel;
    Sum* const out = sums + ((part * g.groups + group) * padded + first_row) * width;
    const int64_t begin = blocks * part / parts, end = blocks * (part + 1) / parts;
    if (begin == end) std::fill(out, out + rows * width, Sum{});
    for (int64_t block = begin; block < end; ++block) {
      const int64_t image = block / image_blocks, first = block % image_blocks * kPositions;
      const int64_t count = std::min(kPositions, positions - first);
      const int64_t whole = blocks_of(count, kernel.step) * kernel.step;
      const std::vector<Run> runs = runs_of(patches.grid, first, first + count);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t channel = group * channels + (first_row + r) / patches.taps();
        const auto tap = static_cast<size_t>((first_row + r) % patches.taps());
        patches.read(x + (image * g.in_channels + channel) * input_plane, patches.shift[tap], runs,
                     columns + r * kStride);
        std::fill(columns + r * kStride + count, columns + r * kStride + whole, T{});
      }
      for (int64_t j = 0; j < results; j += panel) {
        const int64_t lanes = std::min(panel, results - j);
        const cpu::ConstReals from =
            dy + ((image * g.out_channels + group * results + j) * positions + first);
        const bool own = from.dtype == dtype_of<T>;
        for (int64_t k = 0; k < lanes && !own; ++k)
          (from + k * positions).read(count, lines + k * kPositions);
        const T* const line = own ? from.template view<T>(0, nullptr) : lines;
        const int64_t next = own ? positions : kPositions;
        if (lanes < panel || count < whole) std::fill(gradient, gradient + whole * panel, T{});
        if constexpr (std::is_same_v<T, BFloat16>) {
          for (int64_t k = 0; k < lanes; ++k) {
            for (int64_t p = 0; p < count; ++p)
              gradient[cpu::row_element<T>(p, k, panel)] = line[k * next + p];
          }
        } else {
          cpu::turn(count, lanes, line, next, panel, gradient);
        }
        for (int64_t r = 0; r < rows; r += kernel.rows) {
          kernel.run(std::min(kernel.rows, rows - r), whole, columns + r * kStride, kStride, 1,
                     gradient, out + r * width + j, width, block > begin);
        }
      }
    }
  };
  const bool serial = g.flops() < 2 * cpu::kSerialWork;
  cpu::parallel_for(parts * g.groups * row_blocks, serial, [&](int64_t item) {
    const int64_t row = item % row_blocks * kRows;
    accumulate(item / row_blocks / g.groups, item / row_blocks % g.groups, row,
               std::min(kRows, depth - row));
  });
  // Some neighbours together, which share the lines of the sums.
  constexpr int64_t kTogether = 16;
  const int64_t shares = blocks_of(results, kTogether);
  cpu::parallel_for(g.groups * shares, serial, [&](int64_t item) {
    const int64_t group = item / shares, begin = item % shares * kTogether;
    const int64_t count = std::min(kTogether, results - begin);
    const Sum* const from = sums + group * padded * width + begin;
    Sum* const to = dw + (group * results + begin) * depth;
    for (int64_t q = 0; q < depth; ++q) {
      for (int64_t k = 0; k < count; ++k) {
        Sum sum = from[q * width + k];
        for (int64_t part = 1; part < parts; ++part)
          sum += from[(part * g.groups * padded + q) * width + k];
        to[k * depth + q] = sum;
      }
    }
  });
}

template <class T>
void conv_forward(const ConvGeometry& g, cpu::ConstReals x, const T* w, const T* bias, cpu::Reals y,
                  const Finished& done) {
  patch_forward<T>(g, x, w, bias, y, done);
}
template <class T>
void conv_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const T* w, const T* bias,
                        cpu::Reals dx, const Finished& done) {
  patch_backward_data<T>(g, dy, w, bias, dx, done);
}
template <class T>
void conv_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy, T* dw) {
  patch_backward_weight<T>(g, x, dy, dw);
}

void pairs_forward(const ConvGeometry& g, cpu::ConstReals x, const float* w, const float* bias,
                   cpu::Reals y, const Finished& done) {
  patch_forward<BFloat16>(g, x, w, bias, y, done);
}
void pairs_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const float* w,
                         const float* bias, cpu::Reals dx, const Finished& done) {
  patch_backward_data<BFloat16>(g, dy, w, bias, dx, done);
}
void pairs_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                           float* dw) {
  patch_backward_weight<BFloat16>(g, x, dy, dw);
}

#define INSTANTIATE(T)                                                                          \
  template void conv_forward<T>(const ConvGeometry&, cpu::ConstReals, const T*, const T*,       \
                                cpu::Reals, const Finished&);                                   \
  template void conv_backward_data<T>(const ConvGeometry&, cpu::ConstReals, const T*, const T*, \
                                      cpu::Reals, const Finished&);                             \
  template void conv_backward_weight<T>(const ConvGeometry&, cpu::ConstReals, cpu::ConstReals, T*);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace tessera::detail
