#pragma once

#include <memory>
#include <string>

#include "nn/blocks.h"
#include "nn/linear.h"
#include "nn/pool.h"
#include "nn/residual.h"
#include "nn/transformer.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/reduce.h"
#include "zoo/catalogue.h"

// Networks whose steps are timed beside the same ones of bench/torch_networks.py.
namespace tessera::bench {

// DeepLabV3+ with ResNet-101 at 1/16. Chen et al. 2018, arXiv:1802.02611.
struct DeepLab : nn::Module {
  nn::Sequential &stem, &shallow, &deep, &reduce, &head;
  nn::ASPP& aspp;

  DeepLab(int64_t channels, int64_t classes)
      : stem(add("stem", nn::Sequential(nn::ConvNormAct(channels, 64, 7, {.stride = 2}),
                                        nn::MaxPool2d(3, {.stride = 2, .padding = 1})))),
        shallow(add("shallow", nn::Sequential())),
        deep(add("deep", nn::Sequential())),
        reduce(add("reduce", nn::Sequential(nn::ConvNormAct(256, 48, 1)))),
        head(add("head", nn::Sequential(nn::ConvNormAct(304, 256, 3), nn::ConvNormAct(256, 256, 3),
                                        nn::Conv2d(256, classes, 1)))),
        aspp(add("aspp", nn::ASPP(2048, {.dropout = 0}))) {
    stage(shallow, 64, 64, 3, 1, 1);
    stage(deep, 256, 128, 4, 2, 1);
    stage(deep, 512, 256, 23, 2, 1);
    stage(deep, 1024, 512, 3, 1, 2);
  }

  Tensor forward(const Tensor& x) override {
    const Tensor low = shallow(stem(x)), high = aspp(deep(low));
    return enlarged(head(cat({reduce(low), enlarged(high)}, 1)));
  }

 private:
  static void stage(nn::Sequential& to, int64_t in, int64_t planes, int blocks, int64_t stride,
                    int64_t dilation) {
    to.append(nn::Bottleneck(in, planes, {.stride = stride, .dilation = dilation}));
    for (int i = 1; i < blocks; ++i)
      to.append(nn::Bottleneck(4 * planes, planes, {.dilation = dilation}));
  }
  static Tensor enlarged(const Tensor& x) {
    return interpolate(x, {.scale_factor = {4}, .mode = Interpolation::bilinear});
  }
};

// MobileNetV2, with relu. Sandler et al. 2018, arXiv:1801.04381.
struct MobileNet : nn::Module {
  struct Block : nn::Module {
    nn::Sequential& conv = add("conv", nn::Sequential());
    bool residual;
    Block(int64_t in, int64_t out, int64_t expansion, int64_t stride)
        : residual(in == out && stride == 1) {
      const int64_t wide = in * expansion;
      if (expansion > 1) conv.append(nn::ConvNormAct(in, wide, 1));
      conv.append(nn::ConvNormAct(wide, wide, 3, {.stride = stride, .groups = wide}));
      conv.append(nn::Conv2d(wide, out, 1, {.bias = false}));
      conv.append(nn::BatchNorm2d(out));
    }
    Tensor forward(const Tensor& x) override {
      return residual ? tessera::add(conv(x), x) : conv(x);
    }
  };
  nn::Sequential& features = add("features", nn::Sequential());
  nn::Linear& classifier;

  MobileNet(int64_t channels, int64_t classes)
      : classifier(add("classifier", nn::Linear(1280, classes))) {
    features.append(nn::ConvNormAct(channels, 32, 3, {.stride = 2}));
    int64_t in = 32;
    struct Stage {
      int64_t expansion, out, blocks, stride;
    };
    for (const Stage& s :
         {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
          Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}}) {
      for (int64_t i = 0; i < s.blocks; ++i, in = s.out)
        features.append(Block(in, s.out, s.expansion, i == 0 ? s.stride : 1));
    }
    features.append(nn::ConvNormAct(320, 1280, 1));
  }
  Tensor forward(const Tensor& x) override { return classifier(mean(features(x), {2, 3})); }
};

// A small vision transformer: patches of 16 x 16, 6 layers of 384 features in 6 heads, their mean.
struct VisionTransformer : nn::Module {
  nn::Conv2d& patches;
  nn::Sequential& layers = add("layers", nn::Sequential());
  nn::Linear& classifier;

  VisionTransformer(int64_t channels, int64_t classes)
      : patches(add("patches", nn::Conv2d(channels, 384, 16, {.stride = 16}))),
        classifier(add("classifier", nn::Linear(384, classes))) {
    for (int i = 0; i < 6; ++i) {
      layers.append(nn::TransformerEncoderLayer(384, 6,
                                                {.dim_feedforward = 1536,
                                                 .dropout = 0,
                                                 .activation = nn::Activation::gelu,
                                                 .batch_first = true,
                                                 .norm_first = true}));
    }
  }
  Tensor forward(const Tensor& x) override {
    const Tensor tokens = transpose(flatten(patches(x), 2), 1, 2);
    return classifier(mean(layers(tokens), {1}));
  }
};

// A U-Net for volumes: four levels of 32 to 256 channels, transposed convolutions.
struct UNet3d : nn::Module {
  struct Level : nn::Module {
    nn::Sequential& conv;
    Level(int64_t in, int64_t out)
        : conv(add("conv",
                   nn::Sequential(nn::Conv3d(in, out, 3, {.padding = 1}), nn::BatchNorm3d(out),
                                  nn::ReLU(), nn::Conv3d(out, out, 3, {.padding = 1}),
                                  nn::BatchNorm3d(out), nn::ReLU()))) {}
    Tensor forward(const Tensor& x) override { return conv(x); }
  };
  nn::ModuleList<Level>& down = add("down", nn::ModuleList<Level>());
  nn::ModuleList<nn::ConvTranspose3d>& up = add("up", nn::ModuleList<nn::ConvTranspose3d>());
  nn::ModuleList<Level>& joined = add("joined", nn::ModuleList<Level>());
  nn::Conv3d& out;

  UNet3d(int64_t channels, int64_t classes) : out(add("out", nn::Conv3d(32, classes, 1))) {
    for (const int64_t w : {32, 64, 128, 256}) down.append(Level(w == 32 ? channels : w / 2, w));
    for (const int64_t w : {128, 64, 32}) {
      up.append(nn::ConvTranspose3d(2 * w, w, 2, {.stride = 2}));
      joined.append(Level(2 * w, w));
    }
  }
  Tensor forward(const Tensor& x) override {
    Tensors skips = {down[0](x)};
    for (int i = 1; i < 4; ++i) skips.push_back(down[i](max_pool3d(skips.back(), 2)));
    Tensor y = skips[3];
    for (int i = 0; i < 3; ++i)
      y = joined[i](cat({skips[static_cast<size_t>(2 - i)], up[i](y)}, 1));
    return out(y);
  }
};

// A network by name: one of the above, or of the catalogue.
inline std::shared_ptr<nn::Module> make_network(const std::string& name, int64_t channels,
                                                int64_t classes) {
  if (name == "deeplab") return std::make_shared<DeepLab>(channels, classes);
  if (name == "mobilenet") return std::make_shared<MobileNet>(channels, classes);
  if (name == "vit") return std::make_shared<VisionTransformer>(channels, classes);
  if (name == "unet3d") return std::make_shared<UNet3d>(channels, classes);
  return zoo::make(name, channels, classes);
}

}  // namespace tessera::bench
