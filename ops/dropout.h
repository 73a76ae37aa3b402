#pragma once

#include "core/tensor.h"

namespace tessera {

// Dropout: while `training`, sets elements to 0 at random, each with probability p in [0, 1], and
// multiplies the others by 1 / (1 - p), so that the mean stays; without `training` returns x. The
// gradient passes through the same mask. Srivastava et al. 2014, JMLR 15. Same as in
// torch.nn.functional.
Tensor dropout(const Operand& x, double p = 0.5, bool training = true);

// The same for whole channels, each of which is kept or dropped as one. Tompson et al. 2015,
// arXiv:1411.4280.
// x  [N, C, L], [N, C, H, W] or [N, C, D, H, W], or the same without N. torch takes three
//    dimensions in dropout2d for [N, C, L] instead.
Tensor dropout1d(const Operand& x, double p = 0.5, bool training = true);
Tensor dropout2d(const Operand& x, double p = 0.5, bool training = true);
Tensor dropout3d(const Operand& x, double p = 0.5, bool training = true);

// Dropout for selu networks: dropped elements become -1.7581 (what selu tends to), and the result
// is scaled and shifted so that mean 0 and variance 1 stay. Klambauer et al. 2017,
// arXiv:1706.02515.
Tensor alpha_dropout(const Operand& x, double p = 0.5, bool training = true);

}  // namespace tessera
