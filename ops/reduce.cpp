#include "ops/reduce.h"

#include "core/error.h"
#include "core/op.h"
#include "ops/shape.h"

namespace tessera {

namespace {

class SumOp final : public ReduceOp {
 public:
  explicit SumOp(const Shape& axes) : ReduceOp(Reduction::sum, axes) {}
  std::string_view name() const override { return "sum"; }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {expand(dy, x[0].shape())};
  }
};

Shape sorted_axes(const Shape& axes, int ndim, const char* op) {
  std::array<bool, kMaxDims> chosen{};
  for (const int64_t axis : axes) {
    const auto a = static_cast<size_t>(normalize_axis(axis, ndim, op));
    require(!chosen[a], "{}: axis {} is named twice in {}", op, axis, axes);
    chosen[a] = true;
  }
  Shape sorted;
  for (int i = 0; i < ndim; ++i) {
    if (axes.empty() || chosen[static_cast<size_t>(i)]) sorted.push_back(i);
  }
  return sorted;
}

template <class Op>
Tensor reduce_node(const Tensor& x, const Shape& axes, bool keepdim, DType dtype) {
  Shape kept = x.shape(), dropped;
  for (const int64_t axis : axes) kept[static_cast<int>(axis)] = 1;
  Tensor y = make_node(std::make_shared<Op>(axes), {x}, kept, dtype);
  if (keepdim) return y;
  size_t next = 0;
  for (int i = 0; i < x.ndim(); ++i) {
    if (next < static_cast<size_t>(axes.ndim()) && axes[static_cast<int>(next)] == i) {
      ++next;
    } else {
      dropped.push_back(x.shape(i));
    }
  }
  return reshape(y, dropped);
}

}  // namespace

Tensor sum(const Operand& x) {
  return sum(x, {}, false);
}

Tensor sum(const Operand& x, const Shape& axes, bool keepdim) {
  const Call call("sum", x.where);
  const Tensor input = is_floating(x.dtype()) ? static_cast<const Tensor&>(x) : cast(x, i64);
  return reduce_node<SumOp>(input, sorted_axes(axes, x.ndim(), "sum"), keepdim, input.dtype());
}

}  // namespace tessera
