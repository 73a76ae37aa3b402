#pragma once

#include "nn/module.h"
#include "ops/pool.h"

// Pooling layers; ops/pool.h and ops/adaptive_pool.h say what each computes. Constructors throw
// Error when a setting does not fit, forward when the input does not.
namespace tessera::nn {

// What layers with a sliding window share; settings have one entry for each spatial axis.
struct PoolBase : Module {
  Shape kernel_size;
  std::string describe() const override;

 protected:
  PoolBase(const char* name, int axes, const PerAxis& kernel_size, const PoolOptions& options);
  int axes() const { return kernel_size.ndim(); }
  PoolOptions window_;
};

struct MaxPoolNd : PoolBase {
  Tensor forward(const Tensor& x) override;

 protected:
  using PoolBase::PoolBase;
};

// The greatest element of each window of x [N, C, spatial...], or without N. Same as
// torch.nn.MaxPool1d, MaxPool2d, MaxPool3d; for their positions use max_pool2d_with_indices.
struct MaxPool1d : MaxPoolNd {
  explicit MaxPool1d(const PerAxis& kernel_size, const PoolOptions& options = {})
      : MaxPoolNd("MaxPool1d", 1, kernel_size, options) {}
};
struct MaxPool2d : MaxPoolNd {
  explicit MaxPool2d(const PerAxis& kernel_size, const PoolOptions& options = {})
      : MaxPoolNd("MaxPool2d", 2, kernel_size, options) {}
};
struct MaxPool3d : MaxPoolNd {
  explicit MaxPool3d(const PerAxis& kernel_size, const PoolOptions& options = {})
      : MaxPoolNd("MaxPool3d", 3, kernel_size, options) {}
};

struct AvgPoolNd : PoolBase {
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  AvgPoolNd(const char* name, int axes, const PerAxis& kernel_size, const AvgPoolOptions& options);

 private:
  bool count_include_pad_;
  std::optional<int64_t> divisor_override_;
};

// The mean of each window of x [N, C, spatial...], or without N. Same as torch.nn.AvgPool1d,
// AvgPool2d, AvgPool3d.
struct AvgPool1d : AvgPoolNd {
  explicit AvgPool1d(const PerAxis& kernel_size, const AvgPoolOptions& options = {})
      : AvgPoolNd("AvgPool1d", 1, kernel_size, options) {}
};
struct AvgPool2d : AvgPoolNd {
  explicit AvgPool2d(const PerAxis& kernel_size, const AvgPoolOptions& options = {})
      : AvgPoolNd("AvgPool2d", 2, kernel_size, options) {}
};
struct AvgPool3d : AvgPoolNd {
  explicit AvgPool3d(const PerAxis& kernel_size, const AvgPoolOptions& options = {})
      : AvgPoolNd("AvgPool3d", 3, kernel_size, options) {}
};

// How the input is cut into output_size windows along an axis of extent L. torch: from floor(i L /
// O) to ceil((i + 1) L / O), so that widths differ. jittor: all of width L - (O - 1) floor(L / O),
// floor(L / O) apart. They are the same where L is a multiple of O.
enum class AdaptiveWindows : uint8_t { torch, jittor };

struct AdaptiveAvgPoolNd : Module {
  Shape output_size;  // -1 keeps the extent of x
  AdaptiveWindows windows;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  AdaptiveAvgPoolNd(const char* name, int axes, const PerAxis& output_size,
                    AdaptiveWindows windows);
};

// The means of output_size windows that cover x [N, C, spatial...], or without N. Same as
// torch.nn.AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d.
struct AdaptiveAvgPool1d : AdaptiveAvgPoolNd {
  explicit AdaptiveAvgPool1d(const PerAxis& output_size,
                             AdaptiveWindows windows = AdaptiveWindows::torch)
      : AdaptiveAvgPoolNd("AdaptiveAvgPool1d", 1, output_size, windows) {}
};
struct AdaptiveAvgPool2d : AdaptiveAvgPoolNd {
  explicit AdaptiveAvgPool2d(const PerAxis& output_size,
                             AdaptiveWindows windows = AdaptiveWindows::torch)
      : AdaptiveAvgPoolNd("AdaptiveAvgPool2d", 2, output_size, windows) {}
};
struct AdaptiveAvgPool3d : AdaptiveAvgPoolNd {
  explicit AdaptiveAvgPool3d(const PerAxis& output_size,
                             AdaptiveWindows windows = AdaptiveWindows::torch)
      : AdaptiveAvgPoolNd("AdaptiveAvgPool3d", 3, output_size, windows) {}
};

struct AdaptiveMaxPoolNd : Module {
  Shape output_size;  // -1 keeps the extent of x
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  AdaptiveMaxPoolNd(const char* name, int axes, const PerAxis& output_size);
};

// The maxima of output_size windows that cover x [N, C, spatial...], or without N. Same as
// torch.nn.AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d.
struct AdaptiveMaxPool1d : AdaptiveMaxPoolNd {
  explicit AdaptiveMaxPool1d(const PerAxis& output_size)
      : AdaptiveMaxPoolNd("AdaptiveMaxPool1d", 1, output_size) {}
};
struct AdaptiveMaxPool2d : AdaptiveMaxPoolNd {
  explicit AdaptiveMaxPool2d(const PerAxis& output_size)
      : AdaptiveMaxPoolNd("AdaptiveMaxPool2d", 2, output_size) {}
};
struct AdaptiveMaxPool3d : AdaptiveMaxPoolNd {
  explicit AdaptiveMaxPool3d(const PerAxis& output_size)
      : AdaptiveMaxPoolNd("AdaptiveMaxPool3d", 3, output_size) {}
};

struct MaxUnpoolNd : Module {
  Shape kernel_size;
  // x [N, C, spatial...] or without N, and `indices` of its shape, from max_pool with indices.
  // output_size chooses among the spatial extents that pool to those of x.
  Tensor operator()(const Operand& x, const Tensor& indices, const PerAxis& output_size = {});
  std::string describe() const override;

 protected:
  MaxUnpoolNd(const char* name, int axes, const PerAxis& kernel_size,
              const MaxUnpoolOptions& options);

 private:
  MaxUnpoolOptions options_;
};

// Zeros, with each element of x put where its maximum was. Same as torch.nn.MaxUnpool1d,
// MaxUnpool2d, MaxUnpool3d.
struct MaxUnpool1d : MaxUnpoolNd {
  explicit MaxUnpool1d(const PerAxis& kernel_size, const MaxUnpoolOptions& options = {})
      : MaxUnpoolNd("MaxUnpool1d", 1, kernel_size, options) {}
};
struct MaxUnpool2d : MaxUnpoolNd {
  explicit MaxUnpool2d(const PerAxis& kernel_size, const MaxUnpoolOptions& options = {})
      : MaxUnpoolNd("MaxUnpool2d", 2, kernel_size, options) {}
};
struct MaxUnpool3d : MaxUnpoolNd {
  explicit MaxUnpool3d(const PerAxis& kernel_size, const MaxUnpoolOptions& options = {})
      : MaxUnpoolNd("MaxUnpool3d", 3, kernel_size, options) {}
};

}  // namespace tessera::nn
