#include "ops/conv_unfold.h"

#include <algorithm>
#include <vector>

#include "core/cpu/gemm.h"
#include "core/cpu/parallel.h"
#include "core/cpu/scratch.h"
#include "ops/conv_kernels.h"
#include "ops/conv_patches.h"

namespace tessera::detail {

namespace {

using cpu::Matrix, cpu::Scratch;

constexpr int64_t kFew = 256;  // patches

bool patches_overlap(const ConvGeometry& g) {
  for (int axis = 0; axis < g.kernel.ndim(); ++axis) {
    if (g.dilation[axis] * (g.kernel[axis] - 1) >= g.stride[axis]) return true;
  }
  return false;
}

int64_t patches_of(const ConvGeometry& g) {
  return g.batch * g.output.numel();
}

// Whether the patches of an image take less memory than its results, and fit a cache: so it is in
// first layers, of which the direct kernels do not make much.
bool patches_small(const ConvGeometry& g) {
  constexpr int64_t kMost = int64_t{1} << 21;
  const int64_t depth = g.in_channels * g.kernel.numel();
  return depth <= g.out_channels && depth * g.output.numel() <= kMost;
}

// [a, b, n] to [b, a, n].
void swap_axes(const float* from, int64_t a, int64_t b, int64_t n, float* to) {
  for (int64_t i = 0; i < a; ++i) {
    for (int64_t j = 0; j < b; ++j, from += n) std::copy(from, from + n, to + (j * a + i) * n);
  }
}

// The images of a convolution, some at a time. Their patches are the columns of a matrix
// [depth, images * positions], whose rows are the elements of a patch.
struct Unfolded {
  explicit Unfolded(const ConvGeometry& geometry) : g(geometry) {}

  const ConvGeometry& g;
  const Patches patches = forward_patches(g);
  const std::vector<Run> runs = runs_of(patches.grid, 0, product(patches.grid));
  const int64_t positions = g.output.numel(), plane = g.input.numel();
  const int64_t channels = g.in_channels, results = g.out_channels;
  const int64_t depth = channels * patches.taps();
  // Few patches are one product, so that the weights are read once.
  const int64_t together = patches_of(g) <= kFew ? std::max<int64_t>(1, g.batch) : 1;
  // Whether the matrix of an image is the image.
  const bool same =
      depth == channels && g.output == g.input && g.before == Shape::filled(g.before.ndim(), 0);

  bool empty() const { return patches_of(g) == 0 || depth == 0 || results == 0; }
  bool serial() const { return static_cast<double>(depth * positions) < cpu::kSerialWork; }

  // Offsets of all images, `size` elements each.
  std::vector<int64_t> images(int64_t size) const {
    std::vector<int64_t> offsets;
    for (int64_t image = 0; image < g.batch; ++image) offsets.push_back(image * size);
    return offsets;
  }

  void unfold(cpu::ConstReals x, int64_t count, float* columns) const {
    cpu::parallel_for(channels, serial(), [&](int64_t c) {
      float* to = columns + c * patches.taps() * count * positions;
      for (const Index& shift : patches.shift) {
        for (int64_t image = 0; image < count; ++image, to += positions)
          patches.read(x + (image * channels + c) * plane, shift, runs, to);
      }
    });
  }

  // The transpose of unfold, plus bias.
  void fold(const float* columns, int64_t count, const float* bias, cpu::Reals x,
            const Finished& done) const {
    cpu::parallel_for(channels, serial(), [&](int64_t c) {
      const Scratch<float> memory(x.dtype == f32 ? 0 : plane);
      for (int64_t image = 0; image < count; ++image) {
        const cpu::Reals result = x + (image * channels + c) * plane;
        float* const to = result.room(memory.data());
        std::fill(to, to + plane, bias ? bias[c] : 0.0f);
        const float* from = columns + (c * patches.taps() * count + image) * positions;
        for (const Index& shift : patches.shift) {
          patches.add(from, shift, runs, to);
          from += count * positions;
        }
        result.take(plane, to);
        done((image * channels + c) * plane, plane);
      }
    });
  }

  // Memory for the results of images, or their gradients, in both orders.
  struct Rows {
    Rows(const Unfolded& u, DType dtype)
        : swapped(u.together > 1 ? u.size() : 0), widened(dtype == f32 ? 0 : u.size()) {}
    Scratch<float> swapped, widened;
  };
  int64_t size() const { return results * together * positions; }  // of the results of a pass

  // Results, or their gradients, of the images of a pass as the matrix [results, images *
  // positions].
  const float* gathered(cpu::ConstReals y, const Rows& memory) const {
    const float* const values = y.view(size(), memory.widened.data());
    if (together == 1) return values;
    swap_axes(values, together, results, positions, memory.swapped.data());
    return memory.swapped.data();
  }
};

constexpr int64_t kZero[] = {0};

}  // namespace

bool unfold_fits(const ConvGeometry& g) {
  return g.groups == 1 && (!patches_overlap(g) || patches_of(g) <= kFew || patches_small(g));
}

void unfold_forward(const ConvGeometry& g, cpu::ConstReals x, const float* w, const float* bias,
                    cpu::Reals y, const Finished& done) {
  const Unfolded u(g);
  const Matrix<const float> weights{w, u.depth, 1}, biases{bias, 1, 0};
  if (u.same && u.together == 1 && x.dtype == f32) {
    const std::vector<int64_t> none(static_cast<size_t>(g.batch), 0);
    cpu::gemm<float>(u.results, u.positions, u.depth, weights, none,
                     {x.view<float>(0, nullptr), u.positions, 1}, u.images(u.depth * u.positions),
                     {y.room<float>(nullptr), u.positions, 1}, biases, done);
    return;
  }
  const Scratch<float> columns(u.depth * u.together * u.positions);
  const Unfolded::Rows memory(u, y.dtype);
  for (int64_t image = 0; image < g.batch; image += u.together) {
    const int64_t count = u.together, width = count * u.positions;
    u.unfold(x + image * u.channels * u.plane, count, columns.data());
    const int64_t offset = image * u.results * u.positions;
    const cpu::Reals result = y + offset;
    float* const to = result.room(memory.widened.data());
    float* const product = count > 1 ? memory.swapped.data() : to;
    const bool in_place = count == 1 && y.dtype == f32;
    cpu::gemm<float>(u.results, width, u.depth, weights, kZero, {columns.data(), width, 1}, kZero,
                     {product, width, 1}, biases, in_place ? done.from(offset) : Finished());
    if (in_place) continue;
    if (count > 1) swap_axes(product, u.results, count, u.positions, to);
    result.take(u.size(), to);
    tell_all(done.from(offset), u.size());
  }
}

void unfold_backward_data(const ConvGeometry& g, cpu::ConstReals dy, const float* w,
                          const float* bias, cpu::Reals dx, const Finished& done) {
  const Unfolded u(g);
  if (u.same && u.together == 1 && dx.dtype == f32) {
    const std::vector<int64_t> none(static_cast<size_t>(g.batch), 0);
    cpu::gemm<float>(u.depth, u.positions, u.results, {w, 1, u.depth}, none,
                     {dy.view<float>(0, nullptr), u.positions, 1},
                     u.images(u.results * u.positions), {dx.room<float>(nullptr), u.positions, 1},
                     {bias, 1, 0}, done);
    return;
  }
  const Scratch<float> columns(u.depth * u.together * u.positions);
  const Unfolded::Rows memory(u, dy.dtype);
  for (int64_t image = 0; image < g.batch; image += u.together) {
    const int64_t count = u.together, width = count * u.positions;
    const float* const from = u.gathered(dy + image * u.results * u.positions, memory);
    // The smaller matrix is the one that is read across its rows.
    if (width < u.depth) {
      cpu::gemm<float>(width, u.depth, u.results, {from, 1, width}, kZero, {w, u.depth, 1}, kZero,
                       {columns.data(), 1, width});
    } else {
      cpu::gemm<float>(u.depth, width, u.results, {w, 1, u.depth}, kZero, {from, width, 1}, kZero,
                       {columns.data(), width, 1});
    }
    const int64_t offset = image * u.channels * u.plane;
    u.fold(columns.data(), count, bias, dx + offset, done.from(offset));
  }
}

void unfold_backward_weight(const ConvGeometry& g, cpu::ConstReals x, cpu::ConstReals dy,
                            float* dw) {
  if (patches_overlap(g) && patches_of(g) > kFew) return conv_backward_weight<float>(g, x, dy, dw);
  const Unfolded u(g);
  const int64_t size = u.results * u.depth;
  if (u.empty()) {
    std::fill(dw, dw + size, 0.0f);
    return;
  }
  // Parts of the positions of each image have sums of their own, which are added in order: all
  // cores have something to do where there are few weights.
  constexpr int64_t kItems = 16, kBlock = 192 * 256, kLeast = 256;
  const int64_t width = u.together * u.positions;
  const int64_t wanted =
      blocks_of(kItems, blocks_of(size, kBlock) * blocks_of(g.batch, u.together));
  const int64_t part = std::clamp(blocks_of(width, wanted), std::min(width, kLeast), width);
  const int64_t parts = blocks_of(width, part);
  const int64_t passes = blocks_of(g.batch, u.together);
  const bool in_place = u.same && u.together == 1 && x.dtype == f32;
  const Scratch<float> columns(in_place ? 0 : u.depth * width);
  const Unfolded::Rows memory(u, dy.dtype);
  const Scratch<float> sums(passes * parts > 1 ? passes * parts * size : 0);
  float* const totals = passes * parts > 1 ? sums.data() : dw;
  for (int64_t pass = 0; pass < passes; ++pass) {
    const int64_t image = pass * u.together;
    const cpu::ConstReals own = x + image * u.channels * u.plane;
    if (!in_place) u.unfold(own, u.together, columns.data());
    const float* const seen = in_place ? own.view<float>(0, nullptr) : columns.data();
    const float* const from = u.gathered(dy + image * u.results * u.positions, memory);
    const auto sum = [&](int64_t first, int64_t count, int64_t length) {
      std::vector<int64_t> begins;
      for (int64_t i = first; i < first + count; ++i) begins.push_back(i * part);
      cpu::gemm<float>(u.results, u.depth, length, {from, width, 1}, begins, {seen, 1, width},
                       begins, {totals + (pass * parts + first) * size, u.depth, 1});
    };
    const int64_t whole = width / part;
    sum(0, whole, part);
    if (whole < parts) sum(whole, 1, width - whole * part);
  }
  if (totals == dw) return;
  cpu::parallel_ranges(size, 4096, [&](int64_t begin, int64_t end) {
    std::copy(totals + begin, totals + end, dw + begin);
    for (int64_t i = 1; i < passes * parts; ++i) {
      const float* const more = totals + i * size;
      for (int64_t k = begin; k < end; ++k) dw[k] += more[k];
    }
  });
}

}  // namespace tessera::detail
