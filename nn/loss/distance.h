#pragma once

#include <vector>

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// Losses of segmentation that weigh errors by their distance from the boundary. They are meant to
// be added to a loss of areas, with a factor that may grow during training: "dice + 0.01*boundary".
// Each returns one number, f32 (f64 for f64 logits). A class that is nowhere, or everywhere, in a
// sample has no boundary and loss 0 there. Distances are exact and computed anew at each step on
// the CPU. Throws Error for a spacing that does not fit or is not positive.

struct BoundaryOptions {
  bool include_background = false;   // also class 0, where there are others
  std::vector<double> spacing = {};  // of pixels along each spatial axis; one for all; empty: 1
};

// The mean over pixels of p d, where d is the distance to the nearest pixel of the class outside of
// it, and 1 - the distance to the nearest other pixel within; then over samples and classes. Can be
// negative. Kervadec et al. 2019, arXiv:1812.07032. With background, BoundaryLoss(softmax=True) of
// MONAI.
Tensor boundary_loss(const Segmentation& s, const BoundaryOptions& options = {});

struct HausdorffOptions {
  double alpha = 2;  // > 0: power of distances
  bool log = false;  // log(1 + loss)
  bool include_background = false;
  std::vector<double> spacing = {};
};

// The mean over pixels, samples and classes of (p - t)^2 (d_p^alpha + d_t^alpha), where d_t is the
// distance to the other side of the boundary of the target, and d_p of p > 1/2; no gradient flows
// through distances. Karimi and Salcudean 2019, arXiv:1904.10030. The defaults are
// HausdorffDTLoss(softmax=True) of MONAI, with `log` its LogHausdorffDTLoss.
Tensor hausdorff_loss(const Segmentation& s, const HausdorffOptions& options = {});

}  // namespace tessera::nn
