#include "core/op.h"
#include "ops/affine_grid.h"
#include "ops/deform_conv.h"
#include "ops/grid_sample.h"
#include "ops/join.h"
#include "ops/nms.h"
#include "ops/roi_align.h"
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

// Boxes and the index of their image are apart. Without the attribute, before opset 16, positions
// are those of output_half_pixel.
Tensors align_regions(const Node& node, const Inputs& x) {
  const std::string coordinates = node.text("coordinate_transformation_mode",
                                            node.opset < 16 ? "output_half_pixel" : "half_pixel");
  const Tensor image = reshape(cast(x[2], x[1].dtype()), {x[2].numel(), 1});
  const bool largest = node.text("mode", "avg") == "max";
  return {
      roi_align(x[0], cat({image, x[1]}, 1),
                {.output_size = {node.integer("output_height", 1), node.integer("output_width", 1)},
                 .spatial_scale = node.real("spatial_scale", 1),
                 .sampling_ratio = node.integer("sampling_ratio", 0),
                 .aligned = coordinates == "half_pixel",
                 .mode = largest ? RoiPooling::max : RoiPooling::avg})};
}

Tensors deform(const Node& node, const Inputs& x) {
  const Window window(node, x[0].shape(), x[1].shape().slice(2, x[1].ndim()));
  return {deform_conv2d(x[0], x[2], x[1], x[3],
                        {.stride = window.stride,
                         .padding = uneven(window.begin, window.end),
                         .dilation = window.dilation,
                         .mask = x[4]})};
}

// Without a limit of boxes, none are wanted.
Tensors suppress(const Node& node, const Inputs& x) {
  NonMaxSuppressionOptions options{
      .max_output_boxes_per_class = x.has(2) ? static_cast<int64_t>(number(x[2])) : 0,
      .iou_threshold = x.has(3) ? number(x[3]) : 0,
      .center_point_box = node.integer("center_point_box", 0) != 0};
  if (x.has(4)) options.score_threshold = number(x[4]);
  return {non_max_suppression(x[0], x[1], options)};
}

}  // namespace

void add_sample(Registry& ops) {
  ops.insert({{"AffineGrid", grid_of},
              {"GridSample", sample_grid},
              {"RoiAlign", align_regions},
              {"DeformConv", deform},
              {"NonMaxSuppression", suppress}});
}

}  // namespace tessera::onnx
