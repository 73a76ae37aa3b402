#include "ops/softmax.h"

#include <algorithm>

#include "core/amp.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/softmax_nodes.h"
#include "ops/unary.h"

namespace tessera {

namespace {

// Applies f(x, axis) to x in the type it is computed in.
template <class F>
Tensor along_axis(const char* op, const Operand& given, int64_t axis, F&& f) {
  const Call call(op, given.where);
  const Tensor x = detail::amp_full(given);
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  const int a = normalize_axis(axis, std::max(x.ndim(), 1), op);
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : f32;
  if (x.numel() == 0) return cast(x, dtype);
  const Tensor input = cast(x, compute_type(dtype));
  if (x.ndim() > 0) return cast(f(input, a), dtype);
  return cast(reshaped(f(reshaped(input, {1}), a), {}), dtype);
}

}  // namespace

Tensor softmax(const Operand& x, int64_t axis) {
  return along_axis("softmax", x, axis, [](const Tensor& input, int a) {
    return detail::softmax_node(input, a, false);
  });
}

Tensor log_softmax(const Operand& x, int64_t axis) {
  return along_axis("log_softmax", x, axis, [](const Tensor& input, int a) {
    return detail::softmax_node(input, a, true);
  });
}

Tensor softmin(const Operand& x, int64_t axis) {
  return along_axis("softmin", x, axis, [](const Tensor& input, int a) {
    return detail::softmax_node(-input, a, false);
  });
}

}  // namespace tessera
