#pragma once

#include <cstdint>
#include <vector>

#include "io/augment.h"

namespace tessera::io {

// Steps of augmentation that mix the images of a batch with each other.

// What was mixed. The loss of such a batch is weight times that of `labels`, plus 1 - weight times
// that of the labels in the order of `partner`.
struct Mixing {
  double weight = 1;             // 1: labels alone; those of CutMix are mixed already
  std::vector<int64_t> partner;  // of each image; empty: none has one
};

// A batch as plain arrays: `count` images of `channels` each and their labels (none, or `count`
// maps).
struct BatchArrays {
  int64_t count = 0, channels = 0;
  Extent extent = {};
  std::vector<float> pixels = {};    // [count, channels, depth, height, width]
  std::vector<int64_t> labels = {};  // [count, depth, height, width]
  // [count, classes], 1 where a class was looked for; empty: all were.
  std::vector<uint8_t> annotated = {};
};

// Mixes the batch in place as the steps mixup (Zhang et al., 2018, arXiv:1710.09412), cutmix (Yun
// et al., 2019, arXiv:1905.04899) and copypaste (Ghiasi et al., 2021, arXiv:2012.07177, without
// their jittering) of `augment` say, with one weight and one order for all of it. At most one of
// them is done. With CutMix each pixel keeps one class, and classes are annotated that were so in
// both.
Mixing mix_(BatchArrays& batch, const Augment& augment, Draws draws);

// Distributed as Beta(alpha, alpha), for alpha > 0.
double draw_beta(double alpha, Draws& draws);

}  // namespace tessera::io
