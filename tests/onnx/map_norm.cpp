#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/norm.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

Shape axes_from(int first, int ndim) {
  Shape axes;
  for (int i = first; i < ndim; ++i) axes.push_back(i);
  return axes;
}

// The momentum is what remains of the running statistics, whose variance is the biased one.
Tensors batch_normalization(const Node& node, const Inputs& x) {
  const double eps = node.real("epsilon", 1e-5), kept = node.real("momentum", 0.9);
  const bool training = node.opset >= 14 && node.integer("training_mode", 0) != 0;
  if (!training) return {batch_norm(x[0], x[3], x[4], x[1], x[2], {.eps = eps})};
  const auto [y, mean, var] = batch_norm_train(
      x[0], x[3], x[4], x[1], x[2], {.momentum = 1 - kept, .eps = eps, .unbiased = false});
  return {y, mean, var};
}

Tensors instance_normalization(const Node& node, const Inputs& x) {
  return {instance_norm(x[0], x[1], x[2], {.eps = node.real("epsilon", 1e-5)})};
}

// Before opset 21 scale and bias belong to groups, and since then to channels.
Tensors group_normalization(const Node& node, const Inputs& x) {
  const int64_t groups = node.integer("num_groups", 1), channels = x[0].shape(1);
  const auto per_channel = [&](const Tensor& v) {
    if (node.opset >= 21) return v;
    return reshape(expand(reshape(v, {groups, 1}), {groups, channels / groups}), {channels});
  };
  return {group_norm(x[0], groups, per_channel(x[1]), per_channel(x[2]),
                     {.eps = node.real("epsilon", 1e-5)})};
}

// Over the axes from `axis` on; also gives their mean and 1 / standard deviation, in f32.
Tensors layer_normalization(const Node& node, const Inputs& x) {
  const int axis = normalize_axis(node.integer("axis", -1), x[0].ndim(), "LayerNormalization");
  const double eps = node.real("epsilon", 1e-5);
  const Shape normalized = x[0].shape().slice(axis, x[0].ndim());
  const auto full = [&](const Tensor& v) { return v.defined() ? expand(v, normalized) : v; };
  const Tensor y = layer_norm(x[0], normalized, full(x[1]), full(x[2]), {.eps = eps});
  if (!node.wants(1) && !node.wants(2)) return {y};
  const Tensor wide = cast(x[0], x[0].dtype() == f64 ? f64 : f32);
  const auto [var, mean] =
      var_mean(wide, axes_from(axis, x[0].ndim()), {.correction = 0, .keepdim = true});
  return {y, mean, rsqrt(var + eps)};
}

Tensors rms_normalization(const Node& node, const Inputs& x) {
  const int axis = normalize_axis(node.integer("axis", -1), x[0].ndim(), "RMSNormalization");
  const Shape normalized = x[0].shape().slice(axis, x[0].ndim());
  const Tensor scale = x.has(1) ? expand(x[1], normalized) : Tensor();
  return {rms_norm(x[0], normalized, scale, {.eps = node.real("epsilon", 1e-5)})};
}

// An even size has one channel more behind c; in PyTorch, and in this library, in front of it.
Tensors local_response(const Node& node, const Inputs& x) {
  const int64_t size = node.integer("size", 1);
  const LocalResponseNormOptions options{.alpha = node.real("alpha", 1e-4),
                                         .beta = node.real("beta", 0.75),
                                         .k = node.real("bias", 1)};
  if (size % 2 != 0) return {local_response_norm(x[0], size, options)};
  const SliceOptions backwards{.step = -1};
  const Tensor y = local_response_norm(slice(x[0], 1, backwards), size, options);
  return {slice(y, 1, backwards)};
}

Tensors lp_normalization(const Node& node, const Inputs& x) {
  const int axis = normalize_axis(node.integer("axis", -1), x[0].ndim(), "LpNormalization");
  return {normalize(x[0], {.p = static_cast<double>(node.integer("p", 2)), .axes = {axis}})};
}

Tensors mean_variance_normalization(const Node& node, const Inputs& x) {
  const Shape axes = axes_of(node.integers("axes", {0, 2, 3}), x[0].ndim());
  const auto [var, mean] = var_mean(x[0], axes, {.correction = 0, .keepdim = true});
  return {(x[0] - mean) / (sqrt(var) + 1e-9)};
}

}  // namespace

void add_norm(Registry& ops) {
  ops.insert({{"BatchNormalization", batch_normalization},
              {"InstanceNormalization", instance_normalization},
              {"GroupNormalization", group_normalization},
              {"LayerNormalization", layer_normalization},
              {"RMSNormalization", rms_normalization},
              {"LRN", local_response},
              {"LpNormalization", lp_normalization},
              {"MeanVarianceNormalization", mean_variance_normalization}});
}

}  // namespace tessera::onnx
