#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/op.h"
#include "ops/activation.h"
#include "ops/attention_nodes.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/channel_norm.h"
#include "ops/dropout.h"
#include "ops/index.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/roi_align.h"
#include "ops/row_norm.h"
#include "ops/sample_points.h"
#include "ops/scan.h"
#include "ops/scatter.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/softmax_nodes.h"
#include "ops/sort.h"
#include "ops/unary.h"
#include "optim/adam.h"

// The kernels that are bound by memory, and some that are not, for tables of their speed.
namespace tessera::bench {

// A table with a line for the work that makes a tensor out of ones in memory.
class Lines {
 public:
  using Make = std::function<Tensor()>;
  virtual ~Lines() = default;
  virtual void flops(const std::string& what, double work, const Make& make) const = 0;
  virtual void bytes(const std::string& what, double work, const Make& make) const = 0;
};

inline Tensor values(const Shape& shape) {
  Tensor x = randn(shape);
  eval({x});
  return x;
}

// The gradient of input i of the node y, which is not computed for it.
inline Tensor backward(const Tensor& y, const Tensor& dy, size_t i) {
  Tensors inputs;
  for (int k = 0; k < y.node()->inputs(); ++k) inputs.push_back(Tensor(y.node()->input(k)));
  return y.node()->op->vjp(inputs, y, dy, Needed(1).set())[i];
}

// Maps of 64 channels: n images of 256 x 256.
inline void passes_over_memory(const Lines& table, int64_t n) {
  const Shape shape = {n, 64, 256, 256};
  const double size = 4.0 * static_cast<double>(shape.numel());
  const Tensor x = values(shape), dy = values(shape), half = values({n, 64, 128, 128});
  const Tensor weight = values({64}), moments = detail::channel_moments(x);
  eval({moments});
  const auto norm = [&](const Tensor& input) {
    return relu(detail::channel_norm_node(input, moments, weight, weight, 1e-5));
  };
  table.bytes("batch norm: moments", size, [&] { return detail::channel_moments(x); });
  table.bytes("batch norm + relu: forward", 2 * size, [&] { return norm(x); });
  table.bytes("batch norm + relu: sums of backward", 2 * size,
              [&] { return backward(norm(x), dy, 2); });
  table.bytes("batch norm + relu: backward", 5 * size, [&] { return backward(norm(x), dy, 0); });
  table.bytes("max pool 2 x 2: forward", 1.25 * size, [&] { return max_pool2d(x, 2); });
  table.bytes("max pool 2 x 2: backward", 2.25 * size,
              [&] { return backward(max_pool2d(x, 2), half, 0); });
  table.bytes("average pool 2 x 2: forward", 1.25 * size, [&] { return avg_pool2d(x, 2); });
  table.bytes("average pool 2 x 2: backward", 1.25 * size,
              [&] { return backward(avg_pool2d(x, 2), half, 0); });
  const Tensor of_groups = detail::channel_moments(x, {8}), labels = values({n, 1, 256, 256});
  eval({of_groups});
  const auto groups = [&] {
    return detail::channel_norm_node(x, of_groups, weight, weight, 1e-5, {8});
  };
  table.bytes("group norm: moments", size, [&] { return detail::channel_moments(x, {8}); });
  table.bytes("group norm: forward", 2 * size, groups);
  table.bytes("group norm: backward", 5 * size, [&] { return backward(groups(), dy, 0); });
  table.bytes("softmax of maps: forward", 2 * size, [&] { return softmax(x, 1); });
  const Tensor p = softmax(x, 1).eval();
  const std::shared_ptr<const Op> softmax_op = softmax(x, 1).node()->op;
  table.bytes("softmax of maps: backward", 3 * size,
              [&] { return softmax_op->vjp({x}, p, dy, Needed(1).set())[0]; });
  const Tensor index = cast(tessera::floor(tessera::abs(labels)), i64).eval();
  const auto entropy = [&] { return detail::cross_entropy_node(x, index, 1); };
  table.bytes("cross entropy, 64 classes: forward", size * (1 + 3.0 / 64), entropy);
  table.bytes("cross entropy, 64 classes: backward", size * (2 + 3.0 / 64),
              [&] { return backward(entropy(), labels, 0); });
  const auto bilinear = [&] {
    return interpolate(half, {.scale_factor = {2.0}, .mode = Interpolation::bilinear});
  };
  table.bytes("bilinear x 2: forward", 1.25 * size, bilinear);
  // Along one axis after the other.
  const Tensor lines_of_half(bilinear().node()->input(0));
  table.bytes("bilinear x 2: backward along lines", 1.5 * size,
              [&] { return backward(bilinear(), dy, 0); });
  table.bytes("bilinear x 2: backward along columns", 0.75 * size,
              [&, seed = lines_of_half.eval()] {
                return backward(Tensor(bilinear().node()->input(0)), seed, 0);
              });
  table.bytes("nearest x 2: forward", 1.25 * size,
              [&] { return interpolate(half, {.scale_factor = {2.0}}); });
  // Every pixel, moved by some pixels.
  const Tensor columns = iota({256}), lines = reshape(columns, {256, 1});
  const Tensor places = stack({expand(columns, {256, 256}), expand(lines, {256, 256})}, -1);
  const Tensor points = (cast(places, f32) + 3.0 * randn({n, 256, 256, 2})).eval();
  table.bytes("grid_sample, 64 channels: forward", 2 * size,
              [&] { return sample_points(x, points); });
  table.bytes("grid_sample, 64 channels: backward of x", 2 * size,
              [&] { return backward(sample_points(x, points), dy, 0); });
  table.bytes("grid_sample, 64 channels: backward of points", 2 * size,
              [&] { return backward(sample_points(x, points), dy, 1); });
  const Tensor few = values({n, 3, 256, 256});
  table.bytes("grid_sample, 3 channels: forward", size / 64 * (2 * 3 + 2),
              [&] { return sample_points(few, points); });
  const Tensor small = values({n, 64, 64, 64});
  const Tensor boxes = tensor({0, 3, 5, 40, 50, 0, 10, 0, 60, 30}, {2, 5});
  const Tensor every = reshape(expand(boxes, {64, 2, 5}), {128, 5}).eval();
  table.bytes("roi_align, 128 boxes, 64 channels: forward", 4.0 * 128 * 64 * 14 * 14 * 2, [&] {
    return roi_align(small, every, {.output_size = {14, 14}, .sampling_ratio = 2});
  });
  table.bytes("cat", 4 * size, [&] { return cat({x, dy}, 1); });
  const Tensor a = values({1024, 1024}), b = values({1024, 1024});
  table.flops("matmul 1024 x 1024 x 1024", 2e9 * 1.073741824, [&] { return matmul(a, b); });
}

// Rows of 256, as in a transformer.
inline void rows(const Lines& table, int64_t n) {
  const Shape shape = {n, 256};
  const double size = 4.0 * static_cast<double>(shape.numel());
  const Tensor x = values(shape), dy = values(shape), weight = values({256});
  const auto norm = [&] { return detail::row_norm_node(x, weight, weight, {.eps = 1e-5}); };
  table.bytes("layer norm: forward", 2 * size, norm);
  table.bytes("layer norm: sums of backward", 2 * size, [&] { return backward(norm(), dy, 1); });
  table.bytes("layer norm: backward", 3 * size, [&] { return backward(norm(), dy, 0); });
  table.bytes("softmax of rows: forward", 2 * size, [&] { return softmax(x, -1); });
  table.bytes("gelu: forward", 2 * size, [&] { return gelu(x); });
  table.bytes("exp", 2 * size, [&] { return exp(x); });
  const Shape heads = {16, 1024, 64};
  const Tensor q = values(heads), k = values(heads), v = values(heads);
  const double product = 2.0 * 16 * 1024 * 1024 * 64;
  const auto attention = [&] { return detail::flash_attention(q, k, v, {}, {.scale = 0.125}); };
  table.flops("attention 16 x 1024 x 64: forward", 2 * product, attention);
  const Tensor y = attention();
  const Tensor packed = Tensor(y.node()->input(0)->input(0)).eval(), seed = values(packed.shape());
  table.flops("attention 16 x 1024 x 64: backward", 5 * product, [&] {
    return packed.node()->op->vjp({q, k, v}, packed, seed, Needed(7).set())[0];
  });
}

// What only moves, adds or orders elements, or updates weights.
inline void others(const Lines& table, int64_t n) {
  const Tensor x = values({n, 1024}), y = values({n, 1024});
  const double size = 4.0 * static_cast<double>(x.numel());
  table.bytes("three element-wise ops in one", 3 * size, [&] { return relu(x * 2.0 + y); });
  table.bytes("sum of all", size, [&] { return sum(x); });
  table.bytes("sum of rows", size, [&] { return sum(x, {1}); });
  table.bytes("sum of columns", size, [&] { return sum(x, {0}); });
  table.bytes("normal random numbers", size, [&] { return randn(x.shape()); });
  table.bytes("dropout", 2 * size, [&] { return dropout(x, 0.5); });
  table.bytes("transpose", 2 * size, [&] { return transpose(x, 0, 1); });
  table.bytes("cumsum along rows", 2 * size, [&] { return cumsum(x, 1); });
  table.bytes("sort of rows", 3 * size, [&] { return argsort(x, 1); });
  const Tensor order = randperm(n).eval();
  table.bytes("index_select of rows", 2 * size, [&] { return index_select(x, 0, order); });
  table.bytes("index_add of rows", 4 * size, [&] { return index_add(x, 0, order, y); });
  Tensor w = variable(values({n, 1024}));
  optim::Adam adam({w}, {}, {.check_finite = false});
  table.bytes("Adam", 7 * size, [&] {
    adam.step(Tensors{y});
    return w;
  });
}

}  // namespace tessera::bench
