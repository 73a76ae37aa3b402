#pragma once

#include <memory>
#include <utility>

#include "nn/module.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/pad.h"

namespace tessera::nn {

class FoldedNorm;

// Settings of the convolution layers, as in torch.nn; see ops/conv.h for `padding`.
struct ConvOptions {
  PerAxis stride = 1;
  Padding padding = 0;
  PerAxis dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PadMode padding_mode = PadMode::constant;  // constant: zeros
};

struct ConvTransposeOptions {
  PerAxis stride = 1;
  Padding padding = 0;         // cut off at the ends of the result
  PerAxis output_padding = 0;  // added behind, to choose among the extents that stride allows
  int64_t groups = 1;
  bool bias = true;
  PerAxis dilation = 1;
};

// What all convolution layers share. Settings have one entry for each spatial axis. The constructor
// throws Error when one does not fit; forward when the input does not.
struct ConvBase : Module {
  int64_t in_channels = 0, out_channels = 0, groups = 1;
  Shape kernel_size, stride, dilation;
  Padding::Ends padding;
  Tensor weight, bias;                                 // bias is undefined where left out
  std::shared_ptr<const FoldedNorm> folded = nullptr;  // see optimize_for_inference

  std::string describe() const override;
  // The axis of weight that counts the channels of the result; -1 where groups divide it.
  virtual int channel_axis() const { return 0; }

 protected:
  // weight and bias, or those with a norm in them.
  std::pair<Tensor, Tensor> used_parameters() const;
  ConvBase(const char* name, int axes, int64_t in_channels, int64_t out_channels,
           const PerAxis& kernel_size, const ConvOptions& options);
  int axes() const { return kernel_size.ndim(); }
  // Makes weight and bias, uniform in +-1 / sqrt(fan_in) as in torch and Jittor.
  void make_parameters(const Shape& weight_shape, bool with_bias);
};

struct ConvNd : ConvBase {
  PadMode padding_mode;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;

 protected:
  ConvNd(const char* name, int axes, int64_t in_channels, int64_t out_channels,
         const PerAxis& kernel_size, const ConvOptions& options);
};

// Convolutions of x [N, in_channels, spatial...], or without N, with the parameters
//   weight [out_channels, in_channels / groups, kernel_size...]
//   bias   [out_channels], unless bias = false.
// See ops/conv.h for what is computed. Same as torch.nn.Conv1d, Conv2d, Conv3d.
struct Conv1d : ConvNd {
  Conv1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
         const ConvOptions& options = {})
      : ConvNd("Conv1d", 1, in_channels, out_channels, kernel_size, options) {}
};
struct Conv2d : ConvNd {
  Conv2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
         const ConvOptions& options = {})
      : ConvNd("Conv2d", 2, in_channels, out_channels, kernel_size, options) {}
};
struct Conv3d : ConvNd {
  Conv3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
         const ConvOptions& options = {})
      : ConvNd("Conv3d", 3, in_channels, out_channels, kernel_size, options) {}
};

struct ConvTransposeNd : ConvBase {
  Shape output_padding;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
  int channel_axis() const override { return groups == 1 ? 1 : -1; }

 protected:
  ConvTransposeNd(const char* name, int axes, int64_t in_channels, int64_t out_channels,
                  const PerAxis& kernel_size, const ConvTransposeOptions& options);
};

// Transposed convolutions ("deconvolutions") of x [N, in_channels, spatial...], or without N, with
// the parameters
//   weight [in_channels, out_channels / groups, kernel_size...]
//   bias   [out_channels], unless bias = false.
// See ops/conv_transpose.h. Same as torch.nn.ConvTranspose1d, ConvTranspose2d, ConvTranspose3d.
struct ConvTranspose1d : ConvTransposeNd {
  ConvTranspose1d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeOptions& options = {})
      : ConvTransposeNd("ConvTranspose1d", 1, in_channels, out_channels, kernel_size, options) {}
};
struct ConvTranspose2d : ConvTransposeNd {
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeOptions& options = {})
      : ConvTransposeNd("ConvTranspose2d", 2, in_channels, out_channels, kernel_size, options) {}
};
struct ConvTranspose3d : ConvTransposeNd {
  ConvTranspose3d(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                  const ConvTransposeOptions& options = {})
      : ConvTransposeNd("ConvTranspose3d", 3, in_channels, out_channels, kernel_size, options) {}
};

}  // namespace tessera::nn
