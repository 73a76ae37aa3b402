#pragma once

#include <vector>

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// Cross entropy of the pixels of a batch that are the hardest, chosen anew at each step. One
// number, f32 (f64 for f64 logits), 0 when no pixel counts; pixels that do not count are not chosen
// either. Throws Error when an option is impossible.

struct TopkOptions {
  double percent =
      10;  // in (0, 100]: this part of the pixels that count, rounded down, at least one
};

// The mean of the largest values of -log p, p being the probability of the pixel's class. Same as
// the TopKLoss of nnU-Net where no pixel is ignored.
Tensor topk_cross_entropy(const Segmentation& s, const TopkOptions& options = {});

struct OhemOptions {
  double thresh = 0.7;  // in (0, 1]: pixels with p below it are hard
  double min_kept =
      1.0 / 16;  // in [0, 1]: at least this part of the pixels that count, the hardest
};

// Online hard example mining: the mean of -log p over the hard pixels. Shrivastava et al. 2016,
// arXiv:1604.03540.
Tensor ohem_cross_entropy(const Segmentation& s, const OhemOptions& options = {});

}  // namespace tessera::nn
