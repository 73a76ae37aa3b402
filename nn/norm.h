#pragma once

#include <memory>
#include <optional>

#include "nn/module.h"
#include "ops/norm.h"

namespace tessera::nn {

class FoldedNorm;

// Normalisation layers; ops/norm.h says what each computes. Weights begin as ones, biases as zeros.
// Constructors throw Error when a setting does not fit, forward when the input does not.

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = true;               // has weight and bias
  bool track_running_stats = true;  // has running_mean and running_var, for evaluation
  bool unbiased = true;             // running_var as in torch; false: biased, as in Jittor
};

// Parameters weight and bias [C], buffers running_mean and running_var [C], each where wanted. In
// training x is normalised by its own statistics, and the running ones follow them, also under
// NoGrad; in evaluation, or where there are none, by the running ones.
struct BatchNormBase : Module {
  int64_t num_features;
  BatchNormOptions options;
  Tensor weight, bias, running_mean, running_var;
  std::shared_ptr<const FoldedNorm> folded = nullptr;  // see optimize_for_inference

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  BatchNormBase(const char* name, int axes, int64_t num_features, const BatchNormOptions& options);

 private:
  const char* class_;
  int axes_;
};

// x [N, C] or [N, C, L]; [N, C, H, W]; [N, C, D, H, W]. Ioffe & Szegedy 2015, arXiv:1502.03167.
// Same as torch.nn.BatchNorm1d, BatchNorm2d, BatchNorm3d.
struct BatchNorm1d : BatchNormBase {
  explicit BatchNorm1d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNormBase("BatchNorm1d", 1, num_features, options) {}
};
struct BatchNorm2d : BatchNormBase {
  explicit BatchNorm2d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNormBase("BatchNorm2d", 2, num_features, options) {}
};
struct BatchNorm3d : BatchNormBase {
  explicit BatchNorm3d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNormBase("BatchNorm3d", 3, num_features, options) {}
};

struct InstanceNormOptions {
  double eps = 1e-5;
  bool affine = false;  // has weight and bias; Jittor's default is true
};

// Parameters weight and bias [C], where wanted. No running statistics.
struct InstanceNormBase : Module {
  int64_t num_features;
  InstanceNormOptions options;
  Tensor weight, bias;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  InstanceNormBase(const char* name, int axes, int64_t num_features,
                   const InstanceNormOptions& options);

 private:
  const char* class_;
  int axes_;
};

// x [N, C, L]; [N, C, H, W]; [N, C, D, H, W]; or without N. Ulyanov et al. 2016, arXiv:1607.08022.
// Same as torch.nn.InstanceNorm1d, InstanceNorm2d, InstanceNorm3d.
struct InstanceNorm1d : InstanceNormBase {
  explicit InstanceNorm1d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNormBase("InstanceNorm1d", 1, num_features, options) {}
};
struct InstanceNorm2d : InstanceNormBase {
  explicit InstanceNorm2d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNormBase("InstanceNorm2d", 2, num_features, options) {}
};
struct InstanceNorm3d : InstanceNormBase {
  explicit InstanceNorm3d(int64_t num_features, const InstanceNormOptions& options = {})
      : InstanceNormBase("InstanceNorm3d", 3, num_features, options) {}
};

// x [N, num_channels, ...], normalised in num_groups groups of channels; parameters weight and bias
// [num_channels]. Wu & He 2018, arXiv:1803.08494. Same as torch.nn.GroupNorm.
struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
};
struct GroupNorm : Module {
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  int64_t num_groups, num_channels;
  GroupNormOptions options;
  Tensor weight, bias;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// x [..., normalized_shape...], normalised over these last axes; parameters weight and bias of
// normalized_shape. Ba et al. 2016, arXiv:1607.06450. Same as torch.nn.LayerNorm.
struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
};
struct LayerNorm : Module {
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNorm(int64_t features, const LayerNormOptions& options = {})
      : LayerNorm(Shape{features}, options) {}
  Shape normalized_shape;
  LayerNormOptions options;
  Tensor weight, bias;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// x [..., normalized_shape...], divided by its root mean square over these last axes; parameter
// weight of normalized_shape. eps is the machine epsilon of the dtype of x where left out. Zhang &
// Sennrich 2019, arXiv:1910.07467. Same as torch.nn.RMSNorm.
struct RMSNormOptions {
  std::optional<double> eps = std::nullopt;
  bool elementwise_affine = true;
};
struct RMSNorm : Module {
  explicit RMSNorm(const Shape& normalized_shape, const RMSNormOptions& options = {});
  explicit RMSNorm(int64_t features, const RMSNormOptions& options = {})
      : RMSNorm(Shape{features}, options) {}
  Shape normalized_shape;
  RMSNormOptions options;
  Tensor weight;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// x [N, C, ...], divided by a power of the sum of squares over `size` neighbouring channels. Same
// as torch.nn.LocalResponseNorm.
struct LocalResponseNorm : Module {
  explicit LocalResponseNorm(int64_t size, const LocalResponseNormOptions& options = {});
  int64_t size;
  LocalResponseNormOptions options;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// The norm of a block: of the batch, of each image, of each image in groups (of the 32 of Wu & He,
// or as many as divide the channels), or none.
enum class Norm : uint8_t { none, batch, instance, group };

// A norm layer for `channels` channels of x with 1, 2 or 3 spatial axes; Identity for none. An
// instance norm is affine.
std::unique_ptr<Module> make_norm(Norm norm, int64_t channels, int axes = 2);

}  // namespace tessera::nn
