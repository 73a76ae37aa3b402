#include <algorithm>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/shape.h"
#include "tests/onnx/registry.h"
#include "tests/onnx/window.h"

namespace tessera::onnx {

namespace {

// [C] as [1, C, 1, ...], for a sum with [N, C, ...].
Tensor per_channel(const Tensor& bias, int ndim) {
  Shape shape = Shape::filled(ndim, 1);
  shape[1] = bias.numel();
  return reshape(bias, shape);
}

Unsupported no_convolution(int axes) {
  return Unsupported(fmt::format("convolutions of {} axes", axes));
}

Tensors convolve(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape(), x[1].shape().slice(2, x[1].ndim()));
  const auto conv = window.axes == 1   ? conv1d
                    : window.axes == 2 ? conv2d
                    : window.axes == 3 ? conv3d
                                       : throw no_convolution(window.axes);
  return {conv(x[0], x[1], x[2],
               {.stride = window.stride,
                .padding = uneven(window.begin, window.end),
                .dilation = window.dilation,
                .groups = node.integer("group", 1)})};
}

// Output extent: stride (extent - 1) + output_padding + dilation (kernel - 1) + 1 - begin - end.
// An output_shape, or auto_pad, decides about begin and end instead.
Tensors convolve_transpose(const Node& node, const Inputs& x) {
  const int axes = x[0].ndim() - 2;
  const auto filled = [axes](int64_t value) {
    return std::vector<int64_t>(static_cast<size_t>(axes), value);
  };
  const Shape kernel = x[1].shape().slice(2, x[1].ndim());
  const Shape stride = shape_of(node.integers("strides", filled(1)));
  const Shape dilation = shape_of(node.integers("dilations", filled(1)));
  const Shape output_padding = shape_of(node.integers("output_padding", filled(0)));
  const auto pads = node.integers("pads", std::vector<int64_t>(static_cast<size_t>(2 * axes), 0));
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const auto output_shape = node.integers("output_shape");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  Shape begin = Shape::filled(axes, 0), end = begin, full = begin;
  for (int i = 0; i < axes; ++i) {
    const auto at = static_cast<size_t>(i);
    full[i] =
        stride[i] * (x[0].shape(i + 2) - 1) + output_padding[i] + dilation[i] * (kernel[i] - 1) + 1;
    if (same || !output_shape.empty()) {
      // output_shape may have the batch and the channels in front.
      const int64_t extent =
          output_shape.empty()
              ? x[0].shape(i + 2) * stride[i]
              : output_shape.at(output_shape.size() - static_cast<size_t>(axes) + at);
      const int64_t total = full[i] - extent, less = total >> 1;  // rounds down
      begin[i] = auto_pad == "SAME_UPPER" ? less : total - less;
      end[i] = total - begin[i];
    } else if (auto_pad != "VALID") {
      begin[i] = pads.at(at);
      end[i] = pads.at(at + static_cast<size_t>(axes));
    }
  }
  const auto conv = axes == 1   ? conv_transpose1d
                    : axes == 2 ? conv_transpose2d
                    : axes == 3 ? conv_transpose3d
                                : throw no_convolution(axes);
  ConvTransposeOptions options{
      .stride = stride, .groups = node.integer("group", 1), .dilation = dilation};
  const auto crops = [](int64_t pad) { return pad >= 0; };
  if (std::all_of(begin.begin(), begin.end(), crops) &&
      std::all_of(end.begin(), end.end(), crops)) {
    options.padding = uneven(begin, end);
    options.output_padding = output_padding;
    return {conv(x[0], x[1], x[2], options)};
  }
  // Where an output_shape asks for more than there is, zeros are added before the bias.
  const Tensor y = conv(x[0], x[1], {}, options);
  Shape before = Shape::filled(axes + 2, 0), after = before;
  for (int i = 0; i < axes; ++i) {
    before[i + 2] = -begin[i];
    after[i + 2] = full[i] - end[i] - y.shape(i + 2);
  }
  const Tensor padded = pad_zeros(y, before, after);
  return {x.has(2) ? padded + per_channel(x[2], padded.ndim()) : padded};
}

}  // namespace

void add_conv(Registry& ops) {
  ops.insert({{"Conv", convolve}, {"ConvTranspose", convolve_transpose}});
}

}  // namespace tessera::onnx
