#include "ops/conv_cuda.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "core/cuda/stream.h"
#include "core/precision.h"
#include "ops/conv.cu.inc"
#include "ops/conv_direct.cu.inc"

namespace tessera::detail {

namespace {

using Kind = cuda::Convolution::Kind;

// By kernels of ops/conv_direct.cu.inc.
void run_direct(cuda::Stream& stream, const cuda::Convolution& c, const Array& output) {
  cuda::conv_direct::Geometry g;
  g.batch = c.batch;
  g.in_channels = c.in_channels;
  g.out_channels = c.out_channels;
  g.groups = c.groups;
  const int missing = 3 - c.input.ndim();
  for (int axis = 0; axis < c.input.ndim(); ++axis) {
    const int to = missing + axis;
    g.input[to] = c.input[axis];
    g.kernel[to] = c.kernel[axis];
    g.output[to] = c.output[axis];
    g.stride[to] = c.stride[axis];
    g.before[to] = c.before[axis];
    g.dilation[to] = c.dilation[axis];
  }
  const auto steps = [&](int64_t first, int64_t second, const Shape& spatial) {
    const Shape strides = strides_of(spatial.inserted(0, second).inserted(0, first), c.format);
    cuda::conv_direct::Steps made;
    made.n = strides[0];
    made.c = strides[1];
    for (int axis = 0; axis < spatial.ndim(); ++axis) made.at[missing + axis] = strides[2 + axis];
    return made;
  };
  g.x_steps = steps(c.batch, c.in_channels, c.input);
  g.w_steps = steps(c.out_channels, c.in_channels / c.groups, c.kernel);
  g.y_steps = steps(c.batch, c.out_channels, c.output);
  g.x = c.x;
  g.w = c.w;
  g.y = c.y;
  g.bias = c.bias;
  g.result = output.data;
  const auto launch = [&](const char* kernel, cuda::Blocks blocks) {
    stream.launch("ops/conv_direct.cu.inc",
                  fmt::format("cuda::conv_direct::{}<{}>", kernel, cuda::c_type(output.dtype)),
                  blocks, g);
  };
  if (c.kind == Kind::forward) return launch("forward", cuda::blocks_for(output.numel()));
  if (c.kind == Kind::backward_data)
    return launch("backward_data", cuda::blocks_for(output.numel()));
  const int64_t all = c.batch * c.output.numel();
  g.weights = output.numel();
  g.parts = cuda::parts_for(g.weights, all, cuda::kThreads);
  g.each = (all + g.parts - 1) / g.parts;
  const auto sums = stream.scratch(g.parts * g.weights * size_of(f64));
  g.sums = reinterpret_cast<double*>(sums.data());
  launch("backward_weight", {g.weights, g.parts});
  launch("join_parts", cuda::blocks_for(g.weights));
}

}  // namespace

bool conv_cuda(cuda::Stream& stream, cuda::Convolution::Kind kind, const ConvGeometry& geometry,
               std::span<const Array> inputs, const Array& output) {
  if (output.numel() == 0) return true;
  const auto other = [&](const Array& array) { return array.dtype != output.dtype; };
  if (std::ranges::any_of(inputs, other)) return false;
  cuda::Convolution c;
  c.kind = kind;
  c.type = output.dtype;
  c.strict = strict_f32();
  c.format = output.format;
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
  const bool empty = std::ranges::any_of(inputs, [](const Array& x) { return x.numel() == 0; });
  cuda::Convolutions* const library = empty ? nullptr : stream.convolutions();
  // Not every algorithm can add the bias itself, and those of a gradient that do are compiled for
  // it, which takes seconds.
  const bool adds = kind == Kind::forward || !c.bias;
  if (library && adds && library->run(stream, c)) return true;
  const std::byte* const bias = std::exchange(c.bias, nullptr);
  if (library && bias && library->run(stream, c)) {
    const bool last = output.format == MemoryFormat::channels_last;
    const int64_t plane = output.shape.slice(2, output.shape.ndim()).numel();
    const cuda::conv::Bias all{output.data, bias, output.numel(), last ? 1 : plane,
                               output.shape[1]};
    stream.launch("ops/conv.cu.inc",
                  fmt::format("cuda::conv::add_bias<{}>", cuda::c_type(output.dtype)),
                  cuda::blocks_for(all.count), all);
    return true;
  }
  c.bias = bias;
  run_direct(stream, c, output);
  return true;
}

}  // namespace tessera::detail
