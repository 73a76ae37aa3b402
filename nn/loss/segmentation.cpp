#include "nn/loss/segmentation.h"

#include <algorithm>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/index.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/unary.h"

namespace tessera::nn {

Segmentation::Segmentation(const char* loss, const Tensor& given, const Tensor& target,
                           int64_t ignore_index)
    : loss_(loss) {
  require(given.defined() && target.defined(), "{}: an argument is an undefined tensor", loss);
  require(is_floating(given.dtype()) && given.ndim() >= 2 && given.shape(1) > 0,
          "{}: the logits must be floating [N, C, d1, ...] with at least one class, got {} {}",
          loss, given.dtype(), given.shape());
  const Shape wanted = given.shape().without(1);
  require(target.shape() == wanted && (is_integer(target.dtype()) || target.dtype() == bool_),
          "{}: the target of logits {} must be the classes as integers {}, got {} {}", loss,
          given.shape(), wanted, target.dtype(), target.shape());
  logits = cast(given, compute_type(given.dtype()));
  binary = given.shape(1) == 1;
  classes = std::max<int64_t>(given.shape(1), 2);
  index = reshape(class_index(cast(target, i64), classes, ignore_index), given.shape().with(1, 1));
  counts = ge(index, 0);
}

Tensor Segmentation::probabilities() const {
  return where(counts, binary ? sigmoid(logits) : softmax(logits, 1), 0);
}

Tensor Segmentation::one_hot() const {
  if (binary) return cast(eq(index, 1), logits.dtype());
  return cast(eq(iota(Shape::filled(logits.ndim(), 1).with(1, classes)), index), logits.dtype());
}

Tensor Segmentation::per_class(const char* what, const std::vector<double>& values) const {
  require(static_cast<int64_t>(values.size()) == classes,
          "{}: {} must have one number for each of the {} classes, got {}", loss_, what, classes,
          values.size());
  const Tensor table = cast(tensor<double>(values, {classes}), logits.dtype());
  return where(counts, take(table, where(counts, index, 0)), 0);
}

Tensor weighted_mean(const Tensor& each, const Tensor& weight) {
  const Tensor total = sum(cast(weight, each.dtype()));
  const Tensor nothing = eq(total, 0);
  return where(nothing, 0, sum(each) / where(nothing, 1, total));
}

}  // namespace tessera::nn
