#pragma once

#include "core/shape.h"
#include "tests/onnx/model.h"

namespace tessera::onnx {

// Where the windows of a convolution or pool lie: kernel_shape, strides, dilations, pads or
// auto_pad, and ceil_mode of a node, for an input [N, C, ...]. One element an axis.
struct Window {
  // `kernel` is taken from the node when it is empty.
  Window(const Node& node, const Shape& input, const Shape& kernel = {});

  int axes;
  bool ceil_mode;
  Shape kernel, stride, dilation;
  Shape begin, end;  // padding

  bool symmetric() const { return begin == end; }
};

}  // namespace tessera::onnx
