#pragma once

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// The centre lines of what is bright in x [N, C, d1, ...], values in [0, 1] and one to three
// spatial axes, as a differentiable function: what `iterations` erosions leave over from opening
// (Shit et al. 2021, arXiv:2003.07311). As many iterations are needed as half the width of the
// thickest structure. Same as soft_skel of MONAI. Throws Error for more than three spatial axes.
Tensor soft_skeleton(const Operand& x, int64_t iterations);

struct ClDiceOptions {
  int64_t iterations = 3;  // of the skeleton, in [0, 100]
  double smooth = 1;       // > 0: added to numerator and denominator of precision and sensitivity
  double eps = 1e-4;       // >= 0: added to the denominator of their harmonic mean
  bool include_background = true;
};

// 1 - 2 P S / (P + S + eps), where P is the part of the predicted skeleton that lies in the target,
// and S the part of the target's skeleton that is predicted: both over all classes of a sample, and
// the mean over samples. For thin, connected structures such as vessels, beside a loss of areas:
// "0.5*dice + 0.5*cldice". The defaults are SoftclDiceLoss(softmax=True) of MONAI. One number, f32
// (f64 for f64 logits). Throws Error for more than three spatial axes, or an impossible option.
Tensor cldice_loss(const Segmentation& s, const ClDiceOptions& options = {});

}  // namespace tessera::nn
