#pragma once

#include "core/tensor.h"

namespace tessera {

// Reductions over `axes`; without axes (or with an empty list) over all of them. keepdim leaves the
// reduced axes with extent 1. Each is the same as the function of that name in torch. Over an empty
// axis, sum and count_nonzero are 0, prod 1, any false, all true, logsumexp -inf and mean NaN;
// a largest or smallest element is an Error there.

Tensor sum(const Operand& x);  // integers and bool give i64; f32 is summed in double
Tensor sum(const Operand& x, const Shape& axes, bool keepdim = false);
Tensor prod(const Operand& x, const Shape& axes = {}, bool keepdim = false);  // dtypes as sum
Tensor mean(const Operand& x, const Shape& axes = {}, bool keepdim = false);  // floating x only

// sum and mean of the elements that are not NaN.
Tensor nansum(const Operand& x, const Shape& axes = {}, bool keepdim = false);
Tensor nanmean(const Operand& x, const Shape& axes = {}, bool keepdim = false);

// Whether any, or every, element is not zero (NaN is not); bool for every dtype of x.
Tensor any(const Operand& x, const Shape& axes = {}, bool keepdim = false);
Tensor all(const Operand& x, const Shape& axes = {}, bool keepdim = false);
Tensor count_nonzero(const Operand& x, const Shape& axes = {}, bool keepdim = false);  // i64

// Largest and smallest element; NaN if there is one. Equal elements (or the NaN, where torch.amax
// gives a NaN gradient to all) share the gradient evenly.
Tensor amax(const Operand& x, const Shape& axes = {}, bool keepdim = false);
Tensor amin(const Operand& x, const Shape& axes = {}, bool keepdim = false);
Tensor max(const Operand& x);
Tensor min(const Operand& x);

// Values, and where along the axis they stand (i64).
struct ValuesAndIndices {
  Tensor values, indices;
};
// The first of the largest (smallest) elements along an axis, which gets the whole gradient.
ValuesAndIndices max(const Operand& x, int64_t axis, bool keepdim = false);
ValuesAndIndices min(const Operand& x, int64_t axis, bool keepdim = false);

// Position of the first largest (smallest) element, i64: in row-major order, or along an axis. NaN
// counts as larger (smaller) than every number.
Tensor argmax(const Operand& x);
Tensor argmax(const Operand& x, int64_t axis, bool keepdim = false);
Tensor argmin(const Operand& x);
Tensor argmin(const Operand& x, int64_t axis, bool keepdim = false);

// Variance: sum of squared distances from the mean / (number of elements - correction), in two
// passes. NaN where that divisor is not positive. Floating x only.
struct VarOptions {
  double correction = 1;  // 1: unbiased; 0: of the elements themselves
  bool keepdim = false;
};
struct VarMean {
  Tensor var, mean;
};
Tensor var(const Operand& x, const Shape& axes = {}, const VarOptions& options = {});
VarMean var_mean(const Operand& x, const Shape& axes = {}, const VarOptions& options = {});
// torch.std, which `using namespace` would confuse with the namespace. Gradient 0 where it is 0.
Tensor stddev(const Operand& x, const Shape& axes = {}, const VarOptions& options = {});

// Vector norm, as torch.linalg.vector_norm: (sum |x|^p)^(1/p); p = infinity: max |x|, -infinity:
// min |x|, 0: the number of elements that are not zero (which has no gradient). The gradient is 0
// where the norm is 0. Floating x only.
Tensor norm(const Operand& x, double p = 2, const Shape& axes = {}, bool keepdim = false);

// log(sum(exp(x))), without overflow. Integers give f32.
Tensor logsumexp(const Operand& x, const Shape& axes = {}, bool keepdim = false);

}  // namespace tessera
