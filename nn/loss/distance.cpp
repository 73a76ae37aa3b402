#include "nn/loss/distance.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/call.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "nn/distance.cu.inc"
#include "nn/metric/distance_transform.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// Of each pixel of masks [N, C, d1, ...] (u8), the distance to the nearest pixel on the other side
// of the boundary, f64, and 0 without boundary. Signed: 1 - distance within the mask.
class BoundaryDistanceOp final : public KernelOp {
 public:
  BoundaryDistanceOp(bool is_signed, std::vector<double> spacing)
      : signed_(is_signed), spacing_(std::move(spacing)) {}
  std::string_view name() const override { return "boundary_distance"; }
  void key(std::string& out) const override {
    append_key(out, signed_);
    for (const double s : spacing_) append_key(out, s);
  }
  bool differentiable() const override { return false; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    const Shape plane = output.shape.without(0).without(0);
    const auto pixels = static_cast<size_t>(plane.numel());
    const std::span<const uint8_t> masks(inputs[0].as<uint8_t>(),
                                         static_cast<size_t>(output.numel()));
    double* distance = output.as<double>();
    for (size_t start = 0; start < masks.size(); start += pixels) {
      fill(masks.subspan(start, pixels), plane, distance + start);
    }
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    const int64_t pixels = out.numel();
    const auto memory = stream.scratch(4 * pixels * size_of(f64));
    auto* const squares = reinterpret_cast<double*>(memory.data());
    cuda::distance::Planes planes{.pixels = pixels,
                                  .mask = in[0].as<uint8_t>(),
                                  .is_signed = signed_,
                                  .to_mask = squares,
                                  .to_rest = squares + pixels,
                                  .next_to_mask = squares + 2 * pixels,
                                  .next_to_rest = squares + 3 * pixels,
                                  .result = out.as<double>()};
    const auto launch = [&](const char* kernel) {
      stream.launch("nn/distance.cu.inc", fmt::format("cuda::distance::{}", kernel),
                    cuda::blocks_for(pixels), planes);
    };
    launch("start");
    const Shape strides = row_major_strides(out.shape);
    for (int axis = 2; axis < out.shape.ndim(); ++axis) {
      planes.extent = out.shape[axis];
      planes.stride = strides[axis];
      planes.spacing = spacing_[static_cast<size_t>(axis - 2)];
      launch("along");
      std::swap(planes.to_mask, planes.next_to_mask);
      std::swap(planes.to_rest, planes.next_to_rest);
    }
    launch("finish");
    return true;
  }

 private:
  void fill(std::span<const uint8_t> mask, const Shape& plane, double* distance) const {
    const auto inside = static_cast<size_t>(std::count(mask.begin(), mask.end(), uint8_t{1}));
    std::fill_n(distance, mask.size(), 0.0);
    if (inside == 0 || inside == mask.size()) return;
    std::vector<uint8_t> rest(mask.size());
    for (size_t i = 0; i < mask.size(); ++i) rest[i] = mask[i] == 0 ? 1 : 0;
    const std::vector<double> out = distance_transform(mask, plane, spacing_);
    const std::vector<double> in = distance_transform(rest, plane, spacing_);
    for (size_t i = 0; i < mask.size(); ++i) {
      distance[i] = mask[i] == 0 ? out[i] : signed_ ? 1 - in[i] : in[i];
    }
  }

  bool signed_;
  std::vector<double> spacing_;
};

Tensor boundary_distance(const Tensor& mask, bool is_signed, const std::vector<double>& spacing) {
  return make_node(std::make_shared<BoundaryDistanceOp>(is_signed, spacing),
                   {cast(detached(mask), u8)}, mask.shape(), f64);
}

// A number for each spatial axis.
std::vector<double> resolved(const char* name, const Segmentation& s,
                             const std::vector<double>& given) {
  const auto axes = static_cast<size_t>(s.logits.ndim() - 2);
  require(given.size() <= 1 || given.size() == axes,
          "{}: spacing must have one number, or one for each of the {} spatial axes, got {}", name,
          axes, given.size());
  require(std::all_of(given.begin(), given.end(), [](double x) { return x > 0; }),
          "{}: spacing must be positive", name);
  if (given.size() == axes) return given;
  return std::vector<double>(axes, given.empty() ? 1 : given[0]);
}

// The mean over pixels that count, then over samples and annotated classes.
Tensor class_mean(const Segmentation& s, const Tensor& each, bool background) {
  const Tensor counts = s.area(cast(s.counts, each.dtype()));
  const Tensor mean = s.area(where(s.counts, each, 0)) / maximum(counts, 1);
  const Tensor weight = s.foreground(s.annotated, background);
  return weighted_mean(mean * weight, weight);
}

}  // namespace

Tensor boundary_loss(const Segmentation& s, const BoundaryOptions& o) {
  const Call call("boundary_loss", s.line);
  const std::vector<double> spacing = resolved("boundary_loss", s, o.spacing);
  const Tensor p = s.foreground(s.probabilities, o.include_background);
  const Tensor t = s.foreground(s.one_hot, o.include_background);
  const Tensor d = cast(boundary_distance(t, true, spacing), p.dtype());
  return class_mean(s, p * d, o.include_background);
}

Tensor hausdorff_loss(const Segmentation& s, const HausdorffOptions& o) {
  const Call call("hausdorff_loss", s.line);
  require(o.alpha > 0, "hausdorff_loss: alpha must be positive, got {}", o.alpha);
  const std::vector<double> spacing = resolved("hausdorff_loss", s, o.spacing);
  const Tensor p = s.foreground(s.probabilities, o.include_background);
  const Tensor t = s.foreground(s.one_hot, o.include_background);
  const auto reach = [&](const Tensor& mask) {
    return pow(boundary_distance(mask, false, spacing), o.alpha);
  };
  const Tensor d = cast(reach(gt(p, 0.5)) + reach(t), p.dtype());
  const Tensor loss = class_mean(s, square(p - t) * d, o.include_background);
  return o.log ? log1p(loss) : loss;
}

}  // namespace tessera::nn
