#include "nn/loss/lovasz.h"

#include "core/call.h"
#include "core/op.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/scan.h"
#include "ops/shape.h"
#include "ops/sort.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// x [N, C, d1, ...] as rows of pixels [images, C, pixels], with one image for the batch unless
// per_image.
Tensor rows(const Tensor& x, bool per_image) {
  const int64_t n = x.shape(0), c = x.shape(1), pixels = x.shape().without(0).without(0).numel();
  const Tensor flat = reshape(x, {n, c, pixels});
  return per_image ? flat : reshape(permute(flat, {1, 0, 2}), {1, c, n * pixels});
}

// errors and counts [N, C, d1, ...]; errors are negative where they do not count.
Tensor extension(const Segmentation& s, const Tensor& errors, const LovaszOptions& o) {
  const Tensor e = rows(errors, o.per_image);
  const auto [values, order] = sort(e, 2, true);
  const Tensor truth = gather(rows(s.one_hot, o.per_image), 2, order);
  const Tensor area = sum(truth, {2}, true);
  const Tensor jaccard = 1 - (area - cumsum(truth, 2)) / (area + cumsum(1 - truth, 2));
  const Tensor before = pad_zeros(jaccard, {0, 0, 1}, {0, 0, -1});
  const Tensor loss = sum(relu(values) * (jaccard - before), {2});  // [images, C]

  Tensor weight = s.annotated;
  if (!o.per_image) weight = cast(gt(sum(weight, {0}, true), 0), weight.dtype());
  if (!o.all_classes) weight = weight * cast(gt(reshape(area, loss.shape()), 0), weight.dtype());
  const Tensor each = sum(loss * weight, {1}) / maximum(sum(weight, {1}), 1);
  return weighted_mean(each, ones_like(each));
}

}  // namespace

Tensor lovasz_loss(const Segmentation& s, const LovaszOptions& o) {
  const Call call("lovasz_loss", s.line);
  const Tensor errors = where(eq(s.one_hot, 1), 1 - s.probabilities, s.probabilities);
  return extension(s, where(s.counts, errors, -1), o);
}

Tensor lovasz_hinge_loss(const Segmentation& s, const LovaszOptions& o) {
  const Call call("lovasz_hinge_loss", s.line);
  const Tensor errors = 1 - where(eq(s.one_hot, 1), s.logits, -s.logits);
  return extension(s, where(s.channel_counts(), relu(errors), -1), o);
}

}  // namespace tessera::nn
