#include "nn/conv.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.h"
#include "nn/describe.h"
#include "nn/inference.h"
#include "nn/init.h"

namespace tessera::nn {

namespace {

const char* name_of(PadMode mode) {
  switch (mode) {
    case PadMode::reflect:
      return "reflect";
    case PadMode::replicate:
      return "replicate";
    case PadMode::circular:
      return "circular";
    default:
      return "zeros";
  }
}

// What ops/pad.h takes: before and after of the last axis first.
std::vector<int64_t> pads_of(const Padding::Ends& ends) {
  std::vector<int64_t> pads;
  for (int axis = ends.before.ndim() - 1; axis >= 0; --axis) {
    pads.push_back(ends.before[axis]);
    pads.push_back(ends.after[axis]);
  }
  return pads;
}

}  // namespace

ConvBase::ConvBase(const char* name, int axes, int64_t in, int64_t out, const PerAxis& kernel,
                   const ConvOptions& o)
    : in_channels(in),
      out_channels(out),
      groups(o.groups),
      kernel_size(kernel.resolve(axes, 1, name, "kernel_size")),
      stride(o.stride.resolve(axes, 1, name, "stride")),
      dilation(o.dilation.resolve(axes, 1, name, "dilation")),
      padding(o.padding.resolve(name, kernel_size, stride, dilation)) {
  require(in > 0 && out > 0, "{}: in_channels and out_channels must be positive, got {} and {}",
          name, in, out);
  require(groups > 0 && in % groups == 0 && out % groups == 0,
          "{}: in_channels and out_channels must be multiples of groups, got {}, {} and groups {}",
          name, in, out, groups);
}

void ConvBase::make_parameters(const Shape& weight_shape, bool with_bias) {
  const int64_t fan_in = init::fans(weight_shape).in;
  weight = add_parameter("weight", init::fan_in_uniform(weight_shape, fan_in));
  if (with_bias) bias = add_parameter("bias", init::fan_in_uniform({out_channels}, fan_in));
}

std::pair<Tensor, Tensor> ConvBase::used_parameters() const {
  if (folded && folded->in_use()) return {folded->weight, folded->bias};
  return {weight, bias};
}

std::string ConvBase::describe() const {
  Description text(in_channels, out_channels);
  text.add("kernel", kernel_size).unless(1, "stride", stride);
  if (padding.before == padding.after) {
    text.unless(0, "padding", padding.before);
  } else {
    text.add("padding", padding.before.str() + " and " + padding.after.str());
  }
  return text.unless(1, "dilation", dilation)
      .unless(1, "groups", groups)
      .unless(true, "bias", bias.defined());
}

ConvNd::ConvNd(const char* name, int axes, int64_t in, int64_t out, const PerAxis& kernel,
               const ConvOptions& o)
    : ConvBase(name, axes, in, out, kernel, o), padding_mode(o.padding_mode) {
  make_parameters(kernel_size.inserted(0, in / groups).inserted(0, out), o.bias);
}

Tensor ConvNd::forward(const Tensor& x) {
  constexpr auto kConv = std::array{conv1d, conv2d, conv3d};
  const auto conv = kConv[static_cast<size_t>(axes() - 1)];
  const auto [w, b] = used_parameters();
  tessera::ConvOptions options{.stride = stride, .dilation = dilation, .groups = groups};
  if (padding_mode == PadMode::constant) {
    options.padding = uneven(padding.before, padding.after);
    return conv(x, w, b, options);
  }
  return conv(pad(x, pads_of(padding), {.mode = padding_mode}), w, b, options);
}

std::string ConvNd::describe() const {
  return Description(ConvBase::describe()).unless("zeros", "padding_mode", name_of(padding_mode));
}

ConvTransposeNd::ConvTransposeNd(const char* name, int axes, int64_t in, int64_t out,
                                 const PerAxis& kernel, const ConvTransposeOptions& o)
    : ConvBase(
          name, axes, in, out, kernel,
          {.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups}),
      output_padding(o.output_padding.resolve(axes, 0, name, "output_padding")) {
  for (int axis = 0; axis < axes; ++axis) {
    require(output_padding[axis] < std::max(stride[axis], dilation[axis]),
            "{}: output_padding must be smaller than stride or dilation, got {} for stride {} and "
            "dilation {}",
            name, output_padding, stride, dilation);
  }
  make_parameters(kernel_size.inserted(0, out / groups).inserted(0, in), o.bias);
}

Tensor ConvTransposeNd::forward(const Tensor& x) {
  constexpr auto kConv = std::array{conv_transpose1d, conv_transpose2d, conv_transpose3d};
  const auto [w, b] = used_parameters();
  return kConv[static_cast<size_t>(axes() - 1)](x, w, b,
                                                {.stride = stride,
                                                 .padding = uneven(padding.before, padding.after),
                                                 .output_padding = output_padding,
                                                 .groups = groups,
                                                 .dilation = dilation});
}

std::string ConvTransposeNd::describe() const {
  return Description(ConvBase::describe()).unless(0, "output_padding", output_padding);
}

}  // namespace tessera::nn
