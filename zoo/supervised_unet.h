#pragma once

#include <vector>

#include "zoo/unet.h"

namespace tessera::zoo {

// U-Net with a further head at each of the next coarser levels of its decoder, 1 / 2, 1 / 4 and 1 /
// 8 of the picture, for deep supervision (Lee et al. 2015, arXiv:1409.5185; as nnU-Net has them).
// Prediction uses the finest alone.
struct SupervisedUNet : UNet {
  std::vector<Out*> further;

  // 2 <= heads <= 4.
  SupervisedUNet(int64_t channels, int64_t classes, int64_t heads, const UNetOptions& options = {})
      : UNet(channels, classes, options) {
    const int64_t factor = options.bilinear ? 2 : 1;
    const int64_t widths[] = {2 * options.width, 4 * options.width, 8 * options.width};
    for (int64_t i = 0; i + 1 < heads; ++i) {
      further.push_back(&add("outc" + std::to_string(i + 2), Out(widths[i] / factor, classes)));
    }
  }

  Tensors all_logits(const Tensor& x) override {
    const Tensor x1 = inc(x), x2 = down1(x1), x3 = down2(x2), x4 = down3(x3), x5 = down4(x4);
    const Tensor y3 = up1(x5, x4), y2 = up2(y3, x3), y1 = up3(y2, x2);
    const Tensor deeper[] = {y1, y2, y3};
    Tensors all = {outc(up4(y1, x1))};
    for (size_t i = 0; i < further.size(); ++i) all.push_back((*further[i])(deeper[i]));
    return all;
  }
};

}  // namespace tessera::zoo
