#include "nn/norm.h"

#include <numeric>

#include "autograd/checkpoint.h"
#include "core/error.h"
#include "nn/container.h"
#include "nn/describe.h"
#include "nn/inference.h"
#include "nn/init.h"
#include "ops/axes.h"

namespace tessera::nn {

namespace {

const char* layout(int axes) {
  constexpr const char* kLayouts[] = {"[N, C, L]", "[N, C, H, W]", "[N, C, D, H, W]"};
  return kLayouts[axes - 1];
}

void check_features(const char* name, int64_t features, double eps) {
  require(features > 0, "{}: the number of channels must be positive, got {}", name, features);
  require(eps >= 0, "{}: eps must not be negative, got {}", name, eps);
}

}  // namespace

BatchNormBase::BatchNormBase(const char* name, int axes, int64_t features,
                             const BatchNormOptions& o)
    : num_features(features), options(o), class_(name), axes_(axes) {
  check_features(name, features, o.eps);
  require(o.momentum >= 0 && o.momentum <= 1, "{}: momentum must lie in [0, 1], got {}", name,
          o.momentum);
  if (o.affine) {
    weight = add_parameter("weight", init::constant({features}, 1));
    bias = add_parameter("bias", init::constant({features}, 0));
  }
  if (o.track_running_stats) {
    running_mean = add_buffer("running_mean", init::constant({features}, 0));
    running_var = add_buffer("running_var", init::constant({features}, 1));
  }
}

Tensor BatchNormBase::forward(const Tensor& x) {
  const bool rank_fits = x.ndim() == axes_ + 2 || (axes_ == 1 && x.ndim() == 2);
  require(rank_fits && x.shape(1) == num_features, "{}: x must be {}{} with C = {}, got {}", class_,
          axes_ == 1 ? "[N, C] or " : "", layout(axes_), num_features, x.shape());
  if (folded && folded->in_use()) return x;
  if (!is_training() && running_mean.defined()) {
    return batch_norm(x, running_mean, running_var, weight, bias, {.eps = options.eps});
  }
  const BatchNormResult result = batch_norm_train(
      x, running_mean, running_var, weight, bias,
      {.momentum = options.momentum, .eps = options.eps, .unbiased = options.unbiased});
  if (running_mean.defined() && !recomputing()) {
    running_mean.update(result.running_mean);
    running_var.update(result.running_var);
  }
  return result.output;
}

std::string BatchNormBase::describe() const {
  return Description(num_features)
      .unless(1e-5, "eps", options.eps)
      .unless(0.1, "momentum", options.momentum)
      .unless(true, "affine", options.affine)
      .unless(true, "track_running_stats", options.track_running_stats)
      .unless(true, "unbiased", options.unbiased);
}

InstanceNormBase::InstanceNormBase(const char* name, int axes, int64_t features,
                                   const InstanceNormOptions& o)
    : num_features(features), options(o), class_(name), axes_(axes) {
  check_features(name, features, o.eps);
  if (o.affine) {
    weight = add_parameter("weight", init::constant({features}, 1));
    bias = add_parameter("bias", init::constant({features}, 0));
  }
}

Tensor InstanceNormBase::forward(const Tensor& x) {
  const bool batched = x.ndim() == axes_ + 2;
  require((batched || x.ndim() == axes_ + 1) && x.shape(batched ? 1 : 0) == num_features,
          "{}: x must be {}, or without N, with C = {}, got {}", class_, layout(axes_),
          num_features, x.shape());
  if (batched) return instance_norm(x, weight, bias, {.eps = options.eps});
  return squeeze(instance_norm(unsqueeze(x, 0), weight, bias, {.eps = options.eps}), 0);
}

std::string InstanceNormBase::describe() const {
  return Description(num_features)
      .unless(1e-5, "eps", options.eps)
      .unless(false, "affine", options.affine);
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& o)
    : num_groups(groups), num_channels(channels), options(o) {
  check_features("GroupNorm", channels, o.eps);
  require(groups > 0 && channels % groups == 0,
          "GroupNorm: num_channels must be a multiple of num_groups, got {} and {}", channels,
          groups);
  if (o.affine) {
    weight = add_parameter("weight", init::constant({channels}, 1));
    bias = add_parameter("bias", init::constant({channels}, 0));
  }
}

Tensor GroupNorm::forward(const Tensor& x) {
  require(x.ndim() >= 2 && x.shape(1) == num_channels,
          "GroupNorm: x must be [N, C, ...] with C = {}, got {}", num_channels, x.shape());
  return group_norm(x, num_groups, weight, bias, {.eps = options.eps});
}

std::string GroupNorm::describe() const {
  return Description(num_groups, num_channels)
      .unless(1e-5, "eps", options.eps)
      .unless(true, "affine", options.affine);
}

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& o)
    : normalized_shape(shape), options(o) {
  check_features("LayerNorm", shape.empty() ? 0 : shape.numel(), o.eps);
  if (!o.elementwise_affine) return;
  weight = add_parameter("weight", init::constant(shape, 1));
  if (o.bias) bias = add_parameter("bias", init::constant(shape, 0));
}

Tensor LayerNorm::forward(const Tensor& x) {
  return layer_norm(x, normalized_shape, weight, bias, {.eps = options.eps});
}

std::string LayerNorm::describe() const {
  return Description(normalized_shape)
      .unless(1e-5, "eps", options.eps)
      .unless(true, "elementwise_affine", options.elementwise_affine)
      .unless(true, "bias", options.bias);
}

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& o)
    : normalized_shape(shape), options(o) {
  check_features("RMSNorm", shape.empty() ? 0 : shape.numel(), o.eps.value_or(0));
  if (o.elementwise_affine) weight = add_parameter("weight", init::constant(shape, 1));
}

Tensor RMSNorm::forward(const Tensor& x) {
  return rms_norm(x, normalized_shape, weight, {.eps = options.eps});
}

std::string RMSNorm::describe() const {
  Description text(normalized_shape);
  if (options.eps) text.add("eps", *options.eps);
  return text.unless(true, "elementwise_affine", options.elementwise_affine);
}

LocalResponseNorm::LocalResponseNorm(int64_t neighbours, const LocalResponseNormOptions& o)
    : size(neighbours), options(o) {
  require(size > 0, "LocalResponseNorm: size must be positive, got {}", size);
}

Tensor LocalResponseNorm::forward(const Tensor& x) {
  return local_response_norm(x, size, options);
}

std::string LocalResponseNorm::describe() const {
  return Description(size)
      .unless(1e-4, "alpha", options.alpha)
      .unless(0.75, "beta", options.beta)
      .unless(1, "k", options.k);
}

std::unique_ptr<Module> make_norm(Norm norm, int64_t channels, int axes) {
  require(axes >= 1 && axes <= 3, "make_norm: axes must be 1, 2 or 3, got {}", axes);
  switch (norm) {
    case Norm::none:
      return std::make_unique<Identity>();
    case Norm::batch:
      if (axes == 1) return std::make_unique<BatchNorm1d>(channels);
      if (axes == 2) return std::make_unique<BatchNorm2d>(channels);
      return std::make_unique<BatchNorm3d>(channels);
    case Norm::instance: {
      const InstanceNormOptions affine{.affine = true};
      if (axes == 1) return std::make_unique<InstanceNorm1d>(channels, affine);
      if (axes == 2) return std::make_unique<InstanceNorm2d>(channels, affine);
      return std::make_unique<InstanceNorm3d>(channels, affine);
    }
    case Norm::group:
      return std::make_unique<GroupNorm>(std::gcd(int64_t{32}, channels), channels);
  }
  fail("make_norm: there is no such norm");
}

}  // namespace tessera::nn
