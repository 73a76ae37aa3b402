#pragma once

#include "core/tensor.h"

namespace tessera {

// Scans along one axis: every element is computed from those before it. f32 (and halves) are
// accumulated in double; integers and bool give i64.
struct ScanOptions {
  bool exclusive = false;  // element i is left out of result i, which starts with 0 (cumprod: 1)
  bool reverse = false;    // from the last element to the first
};

// Sums and products of the elements up to here. Same as torch.cumsum and torch.cumprod; the options
// are those of ONNX CumSum. The gradient of cumprod is exact where elements are 0.
Tensor cumsum(const Operand& x, int64_t axis, const ScanOptions& options = {});
Tensor cumprod(const Operand& x, int64_t axis, const ScanOptions& options = {});

// h_i = a_i h_(i-1) + b_i along an axis, from h_0 = b_0 (a_0 is not used); reverse walks from the
// other end. a and b are floating and have one shape. This is the scan of state space models, and
// closed under differentiation.
Tensor linear_recurrence(const Operand& a, const Tensor& b, int64_t axis, bool reverse = false);

}  // namespace tessera
