#include "nn/blocks.h"

#include <string>

#include "nn/pool.h"
#include "ops/adaptive_pool.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/shape.h"

namespace tessera::nn {

namespace {

// dilation (kernel - 1) / 2: with stride 1 and an odd kernel the extents stay.
Padding centered(const char* name, int axes, const PerAxis& kernel_size, const PerAxis& dilation) {
  Shape padding = kernel_size.resolve(axes, 1, name, "kernel_size");
  const Shape each = dilation.resolve(axes, 1, name, "dilation");
  for (int axis = 0; axis < axes; ++axis) padding[axis] = each[axis] * (padding[axis] - 1) / 2;
  return padding;
}

// A branch of ASPP.
struct AtrousBranch : Module {
  AtrousBranch(int64_t in, int64_t out, int64_t kernel, int64_t dilation)
      : atrous_conv(
            add("atrous_conv",
                Conv2d(in, out, kernel,
                       {.padding = dilation * (kernel / 2), .dilation = dilation, .bias = false}))),
        bn(add("bn", BatchNorm2d(out))) {}
  Conv2d& atrous_conv;
  BatchNorm2d& bn;

  Tensor forward(const Tensor& x) override { return relu(bn(atrous_conv(x))); }
};

}  // namespace

ConvNormAct::ConvNormAct(int64_t in, int64_t out, const PerAxis& kernel,
                         const ConvNormActOptions& o)
    : conv(
          add("conv",
              Conv2d(in, out, kernel,
                     {.stride = o.stride,
                      .padding = o.padding.value_or(centered("ConvNormAct", 2, kernel, o.dilation)),
                      .dilation = o.dilation,
                      .groups = o.groups,
                      .bias = o.bias.value_or(o.norm == Norm::none)}))),
      norm(add_child("norm", make_norm(o.norm, out))),
      act(add_child("act", make_activation(o.activation))) {}

Tensor ConvNormAct::forward(const Tensor& x) {
  return act(norm(conv(x)));
}

DoubleConv::DoubleConv(int64_t in, int64_t out, const DoubleConvOptions& o)
    : double_conv(add("double_conv", Sequential())) {
  const int64_t mid = o.mid_channels.value_or(out);
  const auto append = [&](int64_t from, int64_t to) {
    double_conv.append(Conv2d(from, to, 3, {.padding = 1, .bias = o.bias}));
    double_conv.append(make_norm(o.norm, to));
    double_conv.append(make_activation(o.activation));
  };
  append(in, mid);
  append(mid, out);
}

DepthwiseSeparableConv::DepthwiseSeparableConv(int64_t in, int64_t out, const PerAxis& kernel,
                                               const DepthwiseSeparableConvOptions& o)
    : depthwise(add("depthwise",
                    Conv2d(in, in, kernel,
                           {.stride = o.stride,
                            .padding = centered("DepthwiseSeparableConv", 2, kernel, o.dilation),
                            .dilation = o.dilation,
                            .groups = in,
                            .bias = o.bias}))),
      pointwise(add("pointwise", Conv2d(in, out, 1, {.bias = o.bias}))) {}

SqueezeExcite::SqueezeExcite(int64_t channels, int64_t squeeze_channels)
    : fc1(add("fc1", Conv2d(channels, squeeze_channels, 1))),
      fc2(add("fc2", Conv2d(squeeze_channels, channels, 1))) {}

Tensor SqueezeExcite::forward(const Tensor& x) {
  return x * sigmoid(fc2(relu(fc1(adaptive_avg_pool2d(x, 1)))));
}

ASPP::ASPP(int64_t in, const ASPPOptions& o)
    : aspp(add_branches(in, o)),
      global_avg_pool(
          add("global_avg_pool",
              Sequential(AdaptiveAvgPool2d(1), Conv2d(in, o.out_channels, 1, {.bias = false}),
                         BatchNorm2d(o.out_channels), ReLU()))),
      conv1(add("conv1", Conv2d((static_cast<int64_t>(aspp.size()) + 1) * o.out_channels,
                                o.out_channels, 1, {.bias = false}))),
      bn1(add("bn1", BatchNorm2d(o.out_channels))),
      dropout(add("dropout", Dropout(o.dropout))) {}

std::vector<Module*> ASPP::add_branches(int64_t in, const ASPPOptions& o) {
  std::vector<Module*> branches;
  const auto append = [&](int64_t kernel, int64_t dilation) {
    const std::string name = "aspp" + std::to_string(branches.size() + 1);
    branches.push_back(&add(name, AtrousBranch(in, o.out_channels, kernel, dilation)));
  };
  append(1, 1);
  for (const int64_t dilation : o.dilations) append(3, dilation);
  return branches;
}

Tensor ASPP::forward(const Tensor& x) {
  Tensors seen;
  for (Module* branch : aspp) seen.push_back((*branch)(x));
  seen.push_back(expand(global_avg_pool(x), {-1, -1, x.shape(2), x.shape(3)}));
  return dropout(relu(bn1(conv1(cat(seen, 1)))));
}

}  // namespace tessera::nn
