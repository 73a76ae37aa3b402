#include "ops/softmax.h"

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace tessera {

namespace {

// Applies f(x, axis) to x in the type it is computed in.
template <class F>
Tensor along_axis(const char* op, const Operand& x, int64_t axis, F&& f) {
  const Call call(op, x.where);
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  const int a = normalize_axis(axis, std::max(x.ndim(), 1), op);
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : f32;
  if (x.numel() == 0) return cast(x, dtype);
  return cast(f(cast(x, compute_type(dtype)), a), dtype);
}

// x minus its largest element along the axis. The result does not depend on what is subtracted,
// so no gradient flows through it.
Tensor shifted(const Tensor& x, int axis) {
  return x - amax(detached(x), {axis}, true);
}

Tensor softmax_of(const Tensor& x, int axis) {
  const Tensor e = exp(shifted(x, axis));
  return e / sum(e, {axis}, true);
}

}  // namespace

Tensor softmax(const Operand& x, int64_t axis) {
  return along_axis("softmax", x, axis, softmax_of);
}

Tensor log_softmax(const Operand& x, int64_t axis) {
  return along_axis("log_softmax", x, axis, [](const Tensor& input, int a) {
    const Tensor y = shifted(input, a);
    return y - log(sum(exp(y), {a}, true));
  });
}

Tensor softmin(const Operand& x, int64_t axis) {
  return along_axis("softmin", x, axis,
                    [](const Tensor& input, int a) { return softmax_of(-input, a); });
}

}  // namespace tessera
