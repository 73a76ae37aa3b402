#include <limits>

#include "core/error.h"
#include "ops/affine_grid.h"
#include "ops/grid_sample.h"
#include "ops/shape.h"
#include "tests/onnx/registry.h"
#include "tests/onnx/window.h"

namespace tessera::onnx {

namespace {

Tensors grid_of(const Node& node, const Inputs& x) {
  return {affine_grid(x[0], shape_of(integers(x[1])), node.integer("align_corners", 0) != 0)};
}

// linear and cubic were called bilinear and bicubic before opset 20.
Interpolation mode_from(const std::string& name) {
  if (name == "linear" || name == "bilinear") return Interpolation::bilinear;
  if (name == "cubic" || name == "bicubic") return Interpolation::bicubic;
  if (name == "nearest") return Interpolation::nearest;
  throw Unsupported("GridSample with mode " + name);
}

GridPadding padding_from(const std::string& name) {
  if (name == "zeros") return GridPadding::zeros;
  if (name == "border") return GridPadding::border;
  if (name == "reflection") return GridPadding::reflection;
  throw Unsupported("GridSample with padding_mode " + name);
}

Tensors sample_grid(const Node& node, const Inputs& x) {
  return {grid_sample(x[0], x[1],
                      {.mode = mode_from(node.text("mode", "linear")),
                       .padding_mode = padding_from(node.text("padding_mode", "zeros")),
                       .align_corners = node.integer("align_corners", 0) != 0})};
}

}  // namespace

void add_sample(Registry& ops) {
  ops.insert({{"AffineGrid", grid_of}, {"GridSample", sample_grid}});
}

}  // namespace tessera::onnx
