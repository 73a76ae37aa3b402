#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/resample.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

Coordinates coordinates_from(const std::string& name) {
  if (name == "half_pixel") return Coordinates::half_pixel;
  if (name == "pytorch_half_pixel") return Coordinates::pytorch_half_pixel;
  if (name == "half_pixel_symmetric") return Coordinates::half_pixel_symmetric;
  if (name == "align_corners") return Coordinates::align_corners;
  if (name == "asymmetric") return Coordinates::asymmetric;
  if (name == "tf_half_pixel_for_nn") return Coordinates::tf_half_pixel_for_nn;
  if (name == "tf_crop_and_resize") return Coordinates::tf_crop_and_resize;
  throw Unsupported("Resize with coordinates " + name);
}

NearestRounding rounding_from(const std::string& name) {
  if (name == "round_prefer_floor") return NearestRounding::round_prefer_floor;
  if (name == "round_prefer_ceil") return NearestRounding::round_prefer_ceil;
  if (name == "floor") return NearestRounding::floor;
  if (name == "ceil") return NearestRounding::ceil;
  throw Unsupported("Resize with nearest_mode " + name);
}

Filter filter_from(const std::string& name) {
  if (name == "nearest") return Filter::nearest;
  if (name == "linear" || name == "bilinear") return Filter::linear;
  if (name == "cubic") return Filter::cubic;
  throw Unsupported("Resize with mode " + name);
}

// The extent and the scale along each listed axis.
struct Target {
  std::vector<int64_t> axes, extents;
  std::vector<double> scales;
};

// Extents `sizes` for the axes; a policy other than stretch keeps the aspect ratio, and takes the
// sizes as bounds.
void set_sizes(const Tensor& x, const std::vector<int64_t>& sizes, const std::string& policy,
               Target& target) {
  for (size_t i = 0; i < target.axes.size(); ++i) {
    const auto extent = static_cast<double>(x.shape(target.axes[i]));
    target.scales.push_back(static_cast<double>(sizes.at(i)) / extent);
    target.extents.push_back(sizes[i]);
  }
  if (policy == "stretch") return;
  const auto [least, greatest] = std::minmax_element(target.scales.begin(), target.scales.end());
  const double scale = policy == "not_larger" ? *least : *greatest;
  for (size_t i = 0; i < target.axes.size(); ++i) {
    target.scales[i] = scale;
    const auto extent = static_cast<double>(x.shape(target.axes[i]));
    target.extents[i] = static_cast<int64_t>(std::floor(scale * extent + 0.5));
  }
}

void set_scales(const Tensor& x, const std::vector<float>& scales, Target& target) {
  for (size_t i = 0; i < target.axes.size(); ++i) {
    const double scale = scales.at(i);
    target.scales.push_back(scale);
    const auto extent = static_cast<double>(x.shape(target.axes[i]));
    target.extents.push_back(static_cast<int64_t>(std::floor(scale * extent)));
  }
}

std::vector<int64_t> all_axes(const Tensor& x) {
  std::vector<int64_t> axes(static_cast<size_t>(x.ndim()));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

bool given(const Inputs& x, size_t i) {
  return x.has(i) && x[i].numel() > 0;
}

// Inputs X, roi, scales, sizes; before opset 11 X, scales, with asymmetric coordinates.
Tensors resize(const Node& node, const Inputs& x) {
  const bool old = node.opset < 11;
  const size_t scales = old ? 1 : 2;
  Target target{.axes = node.integers("axes", all_axes(x[0])), .extents = {}, .scales = {}};
  const std::string coordinates =
      node.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  if (given(x, 3)) {
    set_sizes(x[0], integers(x[3]), node.text("keep_aspect_ratio_policy", "stretch"), target);
  } else {
    require(given(x, scales), "onnx: Resize must have scales or sizes, got none");
    set_scales(x[0], x[scales].to_vector<float>(), target);
  }
  ResampleOptions options{
      .filter = filter_from(node.text("mode", "nearest")),
      .coordinates = coordinates_from(coordinates),
      .rounding = rounding_from(node.text("nearest_mode", old ? "floor" : "round_prefer_floor")),
      .cubic_a = node.real("cubic_coeff_a", -0.75),
      .antialias = node.integer("antialias", 0) != 0,
      .exclude_outside = node.integer("exclude_outside", 0) != 0,
      .extrapolation_value = node.real("extrapolation_value", 0)};
  const bool crops = options.coordinates == Coordinates::tf_crop_and_resize;
  const auto roi = crops && given(x, 1) ? x[1].to_vector<double>() : std::vector<double>();
  const size_t count = target.axes.size();
  require(!crops || roi.size() == 2 * count, "onnx: roi of Resize must have {} elements, got {}",
          2 * count, roi.size());
  Tensor y = x[0];
  for (size_t i = 0; i < count; ++i) {
    options.scale = target.scales[i];
    if (crops) {
      options.roi_start = roi[i];
      options.roi_end = roi[i + count];
    }
    const bool whole = !crops || (roi[i] == 0 && roi[i + count] == 1);
    if (whole && options.scale == 1 && target.extents[i] == y.shape(target.axes[i])) continue;
    y = resample(y, target.axes[i], target.extents[i], options);
  }
  return {y};
}

// The operator before Resize: nearest rounds down, coordinates are asymmetric.
Tensors upsample(const Node& node, const Inputs& x) {
  Target target{.axes = all_axes(x[0]), .extents = {}, .scales = {}};
  if (x.has(1)) {
    set_scales(x[0], x[1].to_vector<float>(), target);
  } else {
    set_scales(x[0], node.attributes.at("scales").reals, target);
  }
  ResampleOptions options{.filter = filter_from(node.text("mode", "nearest")),
                          .coordinates = Coordinates::asymmetric,
                          .rounding = NearestRounding::floor};
  Tensor y = x[0];
  for (size_t i = 0; i < target.axes.size(); ++i) {
    options.scale = target.scales[i];
    y = resample(y, target.axes[i], target.extents[i], options);
  }
  return {y};
}

}  // namespace

void add_resize(Registry& ops) {
  ops.insert({{"Resize", resize}, {"Upsample", upsample}});
}

}  // namespace tessera::onnx
