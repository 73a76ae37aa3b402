#include "tests/onnx/window.h"

#include <algorithm>

#include "core/error.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

Window::Window(const Node& node, const Shape& input, const Shape& kernel_shape)
    : axes(input.ndim() - 2),
      ceil_mode(node.integer("ceil_mode", 0) != 0),
      kernel(kernel_shape.empty() ? shape_of(node.integers("kernel_shape")) : kernel_shape) {
  require(axes >= 1 && kernel.ndim() == axes,
          "onnx: {} must have a kernel extent for each axis of {} behind the second, got {}",
          node.op_type, input, kernel);
  const auto setting = [&](const char* name, int64_t value, int count) {
    auto values = node.integers(name, std::vector<int64_t>(static_cast<size_t>(count), value));
    require(values.size() == static_cast<size_t>(count),
            "onnx: {} of {} must have {} elements, got {}", name, node.op_type, count,
            values.size());
    return values;
  };
  stride = shape_of(setting("strides", 1, axes));
  dilation = shape_of(setting("dilations", 1, axes));
  const auto pads = setting("pads", 0, 2 * axes);
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  for (int i = 0; i < axes; ++i) {
    require(stride[i] > 0 && dilation[i] > 0 && kernel[i] > 0,
            "onnx: kernel, strides and dilations of {} must be positive, got {}, {} and {}",
            node.op_type, kernel, stride, dilation);
    const int64_t extent = input[i + 2], reach = dilation[i] * (kernel[i] - 1) + 1;
    if (same) {
      const int64_t windows = ceil_div(extent, stride[i]);
      const int64_t total = std::max<int64_t>(0, (windows - 1) * stride[i] + reach - extent);
      begin.push_back(auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2);
      end.push_back(total - begin[i]);
      continue;
    }
    const auto at = static_cast<size_t>(i);
    const bool valid = auto_pad == "VALID";
    begin.push_back(valid ? 0 : pads[at]);
    end.push_back(valid ? 0 : pads[at + static_cast<size_t>(axes)]);
  }
}

}  // namespace tessera::onnx
