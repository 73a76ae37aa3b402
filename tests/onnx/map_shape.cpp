#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/op.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/rearrange.h"
#include "ops/shape.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

Tensors identity(const Node&, const Inputs& x) {
  return {x[0]};
}

// 0 copies an extent of the input, unless allowzero says that it means 0.
Tensors reshape_to(const Node& node, const Inputs& x) {
  Shape shape = shape_of(list_of(node, x, 1, "shape").value_or(std::vector<int64_t>()));
  for (int i = 0; i < shape.ndim() && node.integer("allowzero", 0) == 0; ++i) {
    if (shape[i] == 0) shape[i] = x[0].shape(i);
  }
  return {reshape(x[0], shape)};
}

Tensors permute_axes(const Node& node, const Inputs& x) {
  std::vector<int64_t> perm = node.integers("perm");
  if (!node.has("perm")) {
    perm.resize(static_cast<size_t>(x[0].ndim()));
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  return {permute(x[0], shape_of(perm))};
}

Tensors drop_axes(const Node& node, const Inputs& x) {
  const auto axes = list_of(node, x, 1, "axes");
  if (!axes) return {squeeze(x[0])};
  for (const int64_t axis : *axes) {
    require(x[0].shape(axis) == 1, "onnx: a squeezed axis must have extent 1, got axis {} of {}",
            axis, x[0].shape());
  }
  return {squeeze(x[0], axes_of(*axes, x[0].ndim()))};
}

Tensors add_axes(const Node& node, const Inputs& x) {
  return {unsqueeze(x[0], shape_of(list_of(node, x, 1, "axes").value()))};
}

Tensors flatten_to_matrix(const Node& node, const Inputs& x) {
  const int64_t axis = node.integer("axis", 1);
  const Shape& shape = x[0].shape();
  const int split = static_cast<int>(axis < 0 ? axis + shape.ndim() : axis);
  return {reshape(x[0], {shape.slice(0, split).numel(), shape.slice(split, shape.ndim()).numel()})};
}

Tensors concat(const Node& node, const Inputs& x) {
  return {cat(x.all(), node.integer("axis", 1))};
}

// Sizes are given, or as many outputs as the node has, equal but for a smaller last one.
Tensors split_axis(const Node& node, const Inputs& x) {
  const int64_t axis = node.integer("axis", 0), extent = x[0].shape(axis);
  const auto count = node.integer("num_outputs", static_cast<int64_t>(node.outputs.size()));
  auto sizes = list_of(node, x, 1, "split");
  if (!sizes) {
    const int64_t size = (extent + count - 1) / count;
    sizes.emplace();
    for (int64_t i = 0; i < count; ++i) {
      sizes->push_back(std::min(size, std::max<int64_t>(0, extent - i * size)));
    }
  }
  return split(x[0], *sizes, axis);
}

Tensors slice_axes(const Node& node, const Inputs& x) {
  const auto starts = list_of(node, x, 1, "starts").value(),
             ends = list_of(node, x, 2, "ends").value();
  const auto axes = list_of(node, x, 3, "axes");
  const auto steps = x.has(4) ? integers(x[4]) : std::vector<int64_t>(starts.size(), 1);
  Tensor y = x[0];
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t axis = axes ? axes->at(i) : static_cast<int64_t>(i), extent = y.shape(axis);
    SliceOptions options{.start = starts[i], .stop = ends.at(i), .step = steps.at(i)};
    // An end before the first element, from which a walk backwards takes all.
    if (options.step < 0 && *options.stop < -extent) options.stop = std::nullopt;
    y = slice(y, axis, options);
  }
  return {y};
}

Tensors repeat_axes(const Node&, const Inputs& x) {
  return {tile(x[0], shape_of(integers(x[1])))};
}

Tensors expand_to(const Node&, const Inputs& x) {
  return {expand(x[0], broadcast_shapes(x[0].shape(), shape_of(integers(x[1])), "Expand"))};
}

Tensors constant(const Node& node, const Inputs&) {
  if (node.has("value")) return {node.attributes.find("value")->second.tensor};
  if (node.has("value_int")) return {scalar(node.integer("value_int", 0), i64)};
  if (node.has("value_float")) return {scalar(node.real("value_float", 0), f32)};
  if (node.has("value_ints")) {
    const auto values = node.integers("value_ints");
    return {tensor<int64_t>(values, {static_cast<int64_t>(values.size())})};
  }
  if (node.has("value_floats")) {
    const auto& values = node.attributes.find("value_floats")->second.reals;
    return {tensor<float>(values, {static_cast<int64_t>(values.size())})};
  }
  throw Unsupported("constants other than tensors and numbers");
}

Tensors constant_of_shape(const Node& node, const Inputs& x) {
  const Tensor value =
      node.has("value") ? node.attributes.find("value")->second.tensor : scalar(0.0, f32);
  return {expand(reshape(value, {}), shape_of(integers(x[0])))};
}

Tensors shape_as_tensor(const Node& node, const Inputs& x) {
  const int64_t ndim = x[0].ndim();
  const auto bound = [ndim](int64_t value) {
    return static_cast<int>(std::clamp<int64_t>(value < 0 ? value + ndim : value, 0, ndim));
  };
  const int begin = bound(node.integer("start", 0)), end = bound(node.integer("end", ndim));
  const Shape part = x[0].shape().slice(begin, std::max(begin, end));
  return {tensor<int64_t>(std::span(part.begin(), part.end()), {part.ndim()})};
}

Tensors size(const Node&, const Inputs& x) {
  return {scalar(x[0].numel(), i64)};
}

// Crops or pads around the centre; what is odd is cropped at the end and padded at the end.
Tensors center_crop_pad(const Node& node, const Inputs& x) {
  const auto extents = integers(x[1]);
  std::vector<int64_t> axes = node.integers("axes");
  if (!node.has("axes")) {
    axes.resize(static_cast<size_t>(x[0].ndim()));
    std::iota(axes.begin(), axes.end(), 0);
  }
  Shape before = Shape::filled(x[0].ndim(), 0), after = before;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = normalize_axis(axes[i], x[0].ndim(), "CenterCropPad");
    const int64_t missing = extents.at(i) - x[0].shape(axis);
    before[axis] = missing / 2;  // rounds towards zero
    after[axis] = missing - before[axis];
  }
  return {pad_zeros(x[0], before, after)};
}

Tensors triangle(const Node& node, const Inputs& x) {
  const int64_t diagonal = x.has(1) ? static_cast<int64_t>(number(x[1])) : 0;
  return {node.integer("upper", 1) != 0 ? triu(x[0], diagonal) : tril(x[0], diagonal)};
}

Tensors eye_like(const Node& node, const Inputs& x) {
  const DType dtype = node.has("dtype") ? dtype_from(node.integer("dtype", 1)) : x[0].dtype();
  const int64_t rows = x[0].shape(0), columns = x[0].shape(1), k = node.integer("k", 0);
  const Tensor row = reshape(iota({rows}), {rows, 1}), column = iota({columns});
  return {cast(eq(column - row, k), dtype)};
}

// ceil((limit - start) / delta) numbers, start + i * delta in the given type.
Tensors range(const Node&, const Inputs& x) {
  const double span = number(x[1]) - number(x[0]);
  const auto count = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(span / number(x[2]))));
  return {x[0] + cast(iota({count}), x[0].dtype()) * x[2]};
}

}  // namespace

void add_shape(Registry& ops) {
  ops.insert({{"Identity", identity},
              {"Reshape", reshape_to},
              {"Transpose", permute_axes},
              {"Squeeze", drop_axes},
              {"Unsqueeze", add_axes},
              {"Flatten", flatten_to_matrix},
              {"Concat", concat},
              {"Split", split_axis},
              {"Slice", slice_axes},
              {"Tile", repeat_axes},
              {"Expand", expand_to},
              {"Constant", constant},
              {"ConstantOfShape", constant_of_shape},
              {"Shape", shape_as_tensor},
              {"Size", size},
              {"CenterCropPad", center_crop_pad},
              {"Trilu", triangle},
              {"EyeLike", eye_like},
              {"Range", range}});
}

}  // namespace tessera::onnx
