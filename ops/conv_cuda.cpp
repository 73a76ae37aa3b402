#include "ops/conv_cuda.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/cuda/stream.h"
#include "core/precision.h"
#include "ops/conv.cu.inc"

namespace tessera::detail {

bool conv_cuda(cuda::Stream& stream, cuda::Convolution::Kind kind, const ConvGeometry& geometry,
               std::span<const Array> inputs, const Array& output) {
  using Kind = cuda::Convolution::Kind;
  if (output.numel() == 0) return true;
  const auto unfit = [&](const Array& array) {
    return array.numel() == 0 || array.dtype != output.dtype;
  };
  if (std::ranges::any_of(inputs, unfit) || !stream.convolutions()) return false;
  cuda::Convolution c;
  c.kind = kind;
  c.type = output.dtype;
  c.strict = strict_f32();
  c.batch = geometry.batch;
  c.in_channels = geometry.in_channels;
  c.out_channels = geometry.out_channels;
  c.groups = geometry.groups;
  c.input = geometry.input;
  c.kernel = geometry.kernel;
  c.output = geometry.output;
  c.stride = geometry.stride;
  c.before = geometry.before;
  c.dilation = geometry.dilation;
  c.x = kind == Kind::backward_data ? output.data : inputs[0].data;
  c.w = kind == Kind::backward_weight ? output.data : inputs[1].data;
  c.y = kind == Kind::forward ? output.data : inputs[kind == Kind::backward_data ? 0 : 1].data;
  if (inputs.size() > 2) c.bias = inputs[2].data;
  if (stream.convolutions()->run(stream, c)) return true;
  if (!c.bias) return false;
  // Not every algorithm can add the bias itself.
  const cuda::conv::Bias bias{output.data, c.bias, output.numel(),
                              output.shape.slice(2, output.shape.ndim()).numel(), output.shape[1]};
  c.bias = nullptr;
  if (!stream.convolutions()->run(stream, c)) return false;
  stream.launch("ops/conv.cu.inc",
                fmt::format("cuda::conv::add_bias<{}>", cuda::c_type(output.dtype)),
                cuda::blocks_for(bias.count), bias);
  return true;
}

}  // namespace tessera::detail
