#pragma once

#include "nn/blocks.h"
#include "nn/container.h"
#include "nn/conv.h"
#include "nn/pool.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "zoo/network.h"

namespace tessera::zoo {

struct UNetOptions {
  bool bilinear = true;  // enlarge by interpolation; else by learnt transposed convolutions
  int64_t width = 64;    // channels of the first level, doubled at each of the next
};

// U-Net: four halvings, four doublings, and a copy across at each level. Ronneberger, Fischer &
// Brox 2015, arXiv:1505.04597; as in JMedSeg with padded convolutions, batch norm and, where
// bilinear, half as many channels in the deepest level.
struct UNet : Network {
  struct Down : Module {
    nn::Sequential& maxpool_conv;
    Down(int64_t in, int64_t out)
        : maxpool_conv(
              add("maxpool_conv", nn::Sequential(nn::MaxPool2d(2), nn::DoubleConv(in, out)))) {}
    Tensor forward(const Tensor& x) override { return maxpool_conv(x); }
  };

  struct Up : Module {
    nn::ConvTranspose2d* up;
    nn::DoubleConv& conv;
    Up(int64_t in, int64_t out, bool bilinear)
        : up(bilinear ? nullptr : &add("up", nn::ConvTranspose2d(in, in / 2, 2, {.stride = 2}))),
          conv(add("conv", nn::DoubleConv(in, out, {.mid_channels = bilinear ? in / 2 : out}))) {}
    Tensor operator()(const Tensor& deep, const Tensor& skip) {
      return run({deep, skip}, [&] { return conv(cat({skip, enlarged(deep)}, 1)); });
    }
    Tensor enlarged(const Tensor& x) {
      if (up) return (*up)(x);
      return interpolate(x, {.scale_factor = {2}, .mode = Interpolation::bilinear});
    }
  };

  struct Out : Module {
    nn::Conv2d& conv;
    Out(int64_t in, int64_t classes) : conv(add("conv", nn::Conv2d(in, classes, 1))) {}
    Tensor forward(const Tensor& x) override { return conv(x); }
  };

  nn::DoubleConv& inc;
  Down &down1, &down2, &down3, &down4;
  Up &up1, &up2, &up3, &up4;
  Out& outc;

  UNet(int64_t channels, int64_t classes, const UNetOptions& options = {})
      : UNet(channels, classes, options.width, options.bilinear ? 2 : 1) {}

  Tensor logits(const Tensor& x) override {
    const Tensor x1 = inc(x), x2 = down1(x1), x3 = down2(x2), x4 = down3(x3), x5 = down4(x4);
    return outc(up4(up3(up2(up1(x5, x4), x3), x2), x1));
  }

 private:
  UNet(int64_t channels, int64_t classes, int64_t w, int64_t f)
      : Network(channels, classes, 16),
        inc(add("inc", nn::DoubleConv(channels, w))),
        down1(add("down1", Down(w, 2 * w))),
        down2(add("down2", Down(2 * w, 4 * w))),
        down3(add("down3", Down(4 * w, 8 * w))),
        down4(add("down4", Down(8 * w, 16 * w / f))),
        up1(add("up1", Up(16 * w, 8 * w / f, f == 2))),
        up2(add("up2", Up(8 * w, 4 * w / f, f == 2))),
        up3(add("up3", Up(4 * w, 2 * w / f, f == 2))),
        up4(add("up4", Up(2 * w, w, f == 2))),
        outc(add("outc", Out(w, classes))) {}
};

}  // namespace tessera::zoo
