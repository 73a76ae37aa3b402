#include <algorithm>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/fold.h"
#include "ops/pad.h"
#include "ops/shape.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

PadMode pad_mode_from(const std::string& name) {
  if (name == "constant") return PadMode::constant;
  if (name == "reflect") return PadMode::reflect;
  if (name == "edge") return PadMode::replicate;
  if (name == "wrap") return PadMode::circular;
  throw Unsupported("Pad with mode " + name);
}

// ONNX gives what comes before each axis and then what comes behind each; PyTorch gives both for
// the last axis, then for the one in front of it.
Tensors pad_axes(const Node& node, const Inputs& x) {
  const auto pads = list_of(node, x, 1, "pads").value();
  const int ndim = x[0].ndim();
  Shape axes;
  if (x.has(3)) {
    for (const int64_t axis : integers(x[3])) axes.push_back(normalize_axis(axis, ndim, "Pad"));
  } else {
    for (int i = 0; i < ndim; ++i) axes.push_back(i);
  }
  const auto count = static_cast<size_t>(axes.ndim());
  require(pads.size() == 2 * count, "onnx: Pad of {} axes must have {} pads, got {}", count,
          2 * count, pads.size());
  std::vector<int64_t> both(2 * static_cast<size_t>(ndim), 0);
  for (size_t i = 0; i < count; ++i) {
    const auto place = 2 * static_cast<size_t>(ndim - 1 - axes[static_cast<int>(i)]);
    both[place] = pads[i];
    both[place + 1] = pads[i + count];
  }
  const double value = x.has(2) && x[2].numel() > 0 ? number(x[2]) : node.real("value", 0);
  return {pad(x[0], both, {.mode = pad_mode_from(node.text("mode", "constant")), .value = value})};
}

// Columns added up to an image, without the padding around it.
Tensors columns_to_image(const Node& node, const Inputs& x) {
  const auto image = integers(x[1]), kernel = integers(x[2]);
  const size_t axes = image.size();
  const auto ones = std::vector<int64_t>(axes, 1);
  const auto pads = node.integers("pads", std::vector<int64_t>(2 * axes, 0));
  FoldOptions options{.dilation = shape_of(node.integers("dilations", ones)),
                      .stride = shape_of(node.integers("strides", ones))};
  const bool even = std::equal(pads.begin(), pads.begin() + static_cast<int64_t>(axes),
                               pads.begin() + static_cast<int64_t>(axes), pads.end());
  if (even) {
    options.padding = shape_of({pads.begin(), pads.begin() + static_cast<int64_t>(axes)});
    return {fold(x[0], shape_of(image), shape_of(kernel), options)};
  }
  Shape padded, before = {0, 0}, after = {0, 0};
  for (size_t i = 0; i < axes; ++i) {
    padded.push_back(image[i] + pads.at(i) + pads.at(i + axes));
    before.push_back(-pads[i]);
    after.push_back(-pads[i + axes]);
  }
  return {pad_zeros(fold(x[0], padded, shape_of(kernel), options), before, after)};
}

// Channels are (C, r, r) in mode CRD, as in PyTorch, and (r, r, C) in mode DCR.
Tensors depth_to_space(const Node& node, const Inputs& x) {
  const int64_t r = node.integer("blocksize", 1), C = x[0].shape(1) / (r * r);
  if (node.text("mode", "DCR") == "CRD") return {pixel_shuffle(x[0], r)};
  const Shape& s = x[0].shape();
  const Tensor blocks = permute(reshape(x[0], {s[0], r * r, C, s[2], s[3]}), {0, 2, 1, 3, 4});
  return {pixel_shuffle(reshape(blocks, s), r)};
}

Tensors space_to_depth(const Node& node, const Inputs& x) {
  const int64_t r = node.integer("blocksize", 1), C = x[0].shape(1);
  const Tensor y = pixel_unshuffle(x[0], r);
  const Shape& s = y.shape();
  return {reshape(permute(reshape(y, {s[0], C, r * r, s[2], s[3]}), {0, 2, 1, 3, 4}), s)};
}

}  // namespace

void add_rearrange(Registry& ops) {
  ops.insert({{"Pad", pad_axes},
              {"Col2Im", columns_to_image},
              {"DepthToSpace", depth_to_space},
              {"SpaceToDepth", space_to_depth}});
}

}  // namespace tessera::onnx
