#include "nn/loss/segmentation.h"

#include <algorithm>

#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/softmax_nodes.h"
#include "ops/unary.h"

namespace tessera::nn {

Segmentation::Segmentation(const Operand& given, const Tensor& target, const SegmentationOptions& o)
    : line(given.where) {
  const Call call("segmentation", line);
  require(given.defined() && target.defined(),
          "segmentation loss: logits and target must be given, got an undefined tensor");
  require(is_floating(given.dtype()) && given.ndim() >= 2 && given.shape(1) > 0,
          "segmentation loss: the logits must be floating [N, C, d1, ...] with at least one class, "
          "got {} {}",
          given.dtype(), given.shape());
  const Shape wanted = given.shape().without(1);
  require(target.shape() == wanted && (is_integer(target.dtype()) || target.dtype() == bool_),
          "segmentation loss: the target of logits {} must be the classes as integers {}, got {} "
          "{}",
          given.shape(), wanted, target.dtype(), target.shape());
  logits = cast(given, compute_type(given.dtype()));
  channels = given.shape(1);
  binary = channels == 1;
  classes = std::max<int64_t>(channels, 2);
  index =
      reshape(class_index(cast(target, i64), classes, o.ignore_index), given.shape().with(1, 1));
  counts = ge(index, 0);
  annotated = ones({given.shape(0), channels}, logits.dtype());
  if (o.annotated.defined()) leave_out(o.annotated);
  if (binary) {
    one_hot = cast(eq(index, 1), logits.dtype());
    probabilities = where(counts, sigmoid(logits), 0);
    return;
  }
  merged_ = merged();
  one_hot = cast(eq(along_classes(), index), merged_.dtype());
  probabilities = where(counts, softmax(merged_, 1), 0);
}

// Pixels and channels that do not count, because classes are not annotated.
void Segmentation::leave_out(const Tensor& given) {
  const Shape wanted = {logits.shape(0), classes};
  require(given.shape() == wanted && given.dtype() == bool_,
          "segmentation loss: annotated must be bool {}, a row for each case and a column for each "
          "class, got {} {}",
          wanted, given.dtype(), given.shape());
  const Tensor some = any(slice(given, 1, {.start = 1}), {1}, true);
  const Tensor known = (given | eq(iota({1, classes}), 0)) & some;
  annotated = cast(binary ? slice(known, 1, {.start = 1}) : known, logits.dtype());
  Shape shape = Shape::filled(logits.ndim(), 1);
  known_ = reshape(known, shape.with(0, wanted[0]).with(1, classes));
  counts = any(eq(along_classes(), index) & known_, {1}, true);
  index = where(counts, index, -1);
}

// The logits of what can be told apart: class 0 takes over the classes that may hide in it, which
// get the probability 0.
Tensor Segmentation::merged() const {
  if (!known_.defined()) return logits;
  constexpr double kNever = -1e30;
  const Tensor first = eq(along_classes(), 0);
  const Tensor rest = logsumexp(where(first | ~known_, logits, kNever), {1}, true);
  return where(first, rest, where(known_, logits, kNever));
}

// 0, 1, ... [1, classes, 1, ...]
Tensor Segmentation::along_classes() const {
  return iota(Shape::filled(logits.ndim(), 1).with(1, classes));
}

Tensor Segmentation::surprise() const {
  if (binary) {
    const Tensor each =
        binary_cross_entropy_with_logits(logits, one_hot, {.reduction = LossReduction::none});
    return where(counts, each, 0);
  }
  return tessera::detail::cross_entropy_node(merged_, index, 1);
}

Tensor Segmentation::log_probabilities() const {
  if (binary) {
    return cat({logsigmoid(-logits), logsigmoid(logits)}, 1);
  }
  const Tensor all = log_softmax(merged_, 1);
  return known_.defined() ? where(known_, all, 0) : all;
}

Tensor Segmentation::class_mean(const Tensor& x) const {
  if (!known_.defined()) return mean(x, {1}, true);
  const Tensor number = cast(sum(known_, {1}, true), x.dtype());
  return sum(where(known_, x, 0), {1}, true) / maximum(number, 1);
}

Tensor Segmentation::channel_counts() const {
  if (!known_.defined() || binary) return expand(counts, logits.shape());
  const Tensor lacks = ~all(known_, {1}, true);
  return counts & known_ & ~(lacks & eq(along_classes(), 0) & eq(index, 0));
}

Tensor Segmentation::per_class(const char* what, const std::vector<double>& values) const {
  require(static_cast<int64_t>(values.size()) == classes,
          "{} must have one number for each of the {} classes, got {}", what, classes,
          values.size());
  const Tensor table = cast(tensor<double>(values, {classes}), logits.dtype());
  return where(counts, take(table, where(counts, index, 0)), 0);
}

Tensor Segmentation::area(const Tensor& x) const {
  Shape pixels;
  for (int axis = 2; axis < logits.ndim(); ++axis) pixels.push_back(axis);
  return pixels.empty() ? x : sum(x, pixels);
}

Tensor Segmentation::foreground(const Tensor& x, bool background) const {
  return background || binary ? x : slice(x, 1, {.start = 1});
}

Tensor power(const Tensor& x, double gamma) {
  constexpr double kLeast = 1e-12;
  return gamma == 1 ? x : pow(clamp(x, kLeast), gamma);
}

Tensor weighted_mean(const Tensor& each, const Tensor& weight) {
  const Tensor total = sum(cast(weight, each.dtype()));
  const Tensor nothing = eq(total, 0);
  return where(nothing, 0, sum(each) / where(nothing, 1, total));
}

}  // namespace tessera::nn
