#include "nn/residual.h"

#include "ops/activation.h"
#include "ops/binary.h"

namespace tessera::nn {

namespace {

Conv2d conv3x3(int64_t in, int64_t out, int64_t stride, int64_t dilation) {
  return {in, out, 3, {.stride = stride, .padding = dilation, .dilation = dilation, .bias = false}};
}

Conv2d conv1x1(int64_t in, int64_t out, int64_t stride = 1) {
  return {in, out, 1, {.stride = stride, .bias = false}};
}

bool changes(int64_t in, int64_t out, const ResidualOptions& o) {
  return o.stride != 1 || in != out;
}

Sequential shortcut(int64_t in, int64_t out, const ResidualOptions& o) {
  return Sequential(conv1x1(in, out, o.stride), BatchNorm2d(out));
}

}  // namespace

BasicBlock::BasicBlock(int64_t in, int64_t planes, const ResidualOptions& o)
    : conv1(add("conv1", conv3x3(in, planes, o.stride, o.dilation))),
      bn1(add("bn1", BatchNorm2d(planes))),
      conv2(add("conv2", conv3x3(planes, planes, 1, o.dilation))),
      bn2(add("bn2", BatchNorm2d(planes))),
      downsample(changes(in, planes, o) ? &add("downsample", shortcut(in, planes, o)) : nullptr) {}

Tensor BasicBlock::forward(const Tensor& x) {
  const Tensor y = bn2(conv2(relu(bn1(conv1(x)))));
  return relu(y + (downsample ? (*downsample)(x) : x));
}

Bottleneck::Bottleneck(int64_t in, int64_t planes, const ResidualOptions& o)
    : conv1(add("conv1", conv1x1(in, planes))),
      bn1(add("bn1", BatchNorm2d(planes))),
      conv2(add("conv2", conv3x3(planes, planes, o.stride, o.dilation))),
      bn2(add("bn2", BatchNorm2d(planes))),
      conv3(add("conv3", conv1x1(planes, planes * kExpansion))),
      bn3(add("bn3", BatchNorm2d(planes * kExpansion))),
      downsample(changes(in, planes * kExpansion, o)
                     ? &add("downsample", shortcut(in, planes * kExpansion, o))
                     : nullptr) {}

Tensor Bottleneck::forward(const Tensor& x) {
  const Tensor y = bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x))))))));
  return relu(y + (downsample ? (*downsample)(x) : x));
}

}  // namespace tessera::nn
