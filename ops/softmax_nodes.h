#pragma once

#include "core/tensor.h"

// Softmax and cross entropy as nodes with kernels of their own, each of which reads its inputs
// once. x is f32 or f64; gradients of any order.
namespace tessera::detail {

// exp(x) / sum(exp(x)) along an axis of x, which has elements, or the logarithm of that.
Tensor softmax_node(const Tensor& x, int axis, bool log);

// -log of the softmax of x along `axis` at the class `index`: i64, of the shape of x with extent 1
// along the axis, which is also the shape of the result; 0 where the index is negative. No index
// may be as large as the extent.
Tensor cross_entropy_node(const Tensor& x, const Tensor& index, int axis);

}  // namespace tessera::detail
