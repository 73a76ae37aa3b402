#include "nn/loss/skeleton.h"

#include "core/call.h"
#include "core/error.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// The least of a pixel and its neighbours along the axes of x [N, C, D, H, W].
Tensor eroded(const Tensor& x) {
  Tensor least = x;
  for (int axis = 0; axis < 3; ++axis) {
    if (x.shape(2 + axis) == 1) continue;
    const Shape kernel = Shape{1, 1, 1}.with(axis, 3), padding = Shape{0, 0, 0}.with(axis, 1);
    const Tensor along = -max_pool3d(-x, kernel, {.stride = 1, .padding = padding});
    least = least.node() == x.node() ? along : minimum(least, along);
  }
  return least;
}

// What opening takes away.
Tensor ridges(const Tensor& x) {
  return relu(x - max_pool3d(eroded(x), 3, {.stride = 1, .padding = 1}));
}

}  // namespace

Tensor soft_skeleton(const Operand& x, int64_t iterations) {
  const Call call("soft_skeleton", x.where);
  constexpr int kAxes = 5;
  require(x.defined() && is_floating(x.dtype()) && x.ndim() >= 2 && x.ndim() <= kAxes,
          "soft_skeleton: x must be floating [N, C, d1, ...] with up to three spatial axes");
  constexpr int64_t kMost = 100;
  require(iterations >= 0 && iterations <= kMost,
          "soft_skeleton: iterations must lie in [0, {}], got {}", kMost, iterations);
  if (x.numel() == 0) return x;
  Shape shape = {x.shape(0), x.shape(1)};
  for (int axis = x.ndim(); axis < kAxes; ++axis) shape.push_back(1);
  for (int axis = 2; axis < x.ndim(); ++axis) shape.push_back(x.shape(axis));

  Tensor image = reshape(x, shape);
  Tensor skeleton = ridges(image);
  for (int64_t i = 0; i < iterations; ++i) {
    image = eroded(image);
    const Tensor more = ridges(image);
    skeleton = skeleton + relu(more - skeleton * more);
  }
  return reshape(skeleton, x.shape());
}

Tensor cldice_loss(const Segmentation& s, const ClDiceOptions& o) {
  const Call call("cldice_loss", s.line);
  require(o.smooth > 0 && o.eps >= 0,
          "cldice_loss: smooth must be positive and eps not negative, got {} and {}", o.smooth,
          o.eps);
  const Tensor p = s.foreground(s.probabilities, o.include_background);
  const Tensor t = s.foreground(s.one_hot, o.include_background);
  // What is not annotated has p = t = 0, and so adds nothing.
  const auto part_of = [&](const Tensor& skeleton, const Tensor& mask) {
    Shape axes;
    for (int axis = 1; axis < mask.ndim(); ++axis) axes.push_back(axis);
    return (sum(skeleton * mask, axes) + o.smooth) / (sum(skeleton, axes) + o.smooth);
  };
  const Tensor precision = part_of(soft_skeleton(p, o.iterations), t);
  const Tensor sensitivity = part_of(soft_skeleton(t, o.iterations), p);
  const Tensor each = 1 - 2 * precision * sensitivity / (precision + sensitivity + o.eps);
  return weighted_mean(each, ones_like(each));
}

}  // namespace tessera::nn
