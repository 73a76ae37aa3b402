#include "ops/binary.h"

#include <cmath>

#include "core/amp.h"
#include "core/cpu/isa.h"
#include "core/error.h"
#include "core/map_function.h"
#include "ops/binary_rules.h"
#include "ops/chain.h"
#include "ops/reduce.h"
#include "ops/shape.h"

TESSERA_FOR_EACH_ISA(extern const TileRow binary_tiles[]; extern const TileRow where_tiles)

namespace tessera {

namespace {

int kind_of(DType dtype) {
  return is_floating(dtype) ? 2 : dtype == bool_ ? 0 : 1;
}

enum BinaryRow : size_t {
#define ROW(name, Function) k##Function,
  TESSERA_BINARY_OPS(ROW) ROW(pow, Pow)
#undef ROW
};

template <class F>
class BinaryOp final : public MapOp {
 public:
  BinaryOp(const char* name, const char* function, BinaryRow row)
      : name_(name), function_(function), row_(row) {}
  std::string_view name() const override { return name_; }
  TileFn tile(DType type) const override {
    return tile_in(TESSERA_SELECT(binary_tiles)[row_], type);
  }
  ScalarFunction function() const override { return {function_, "ops/binary_functions.h"}; }
  ChainStep chain(DType type) const override { return chain_step_of<F>(type); }
  bool differentiable() const override {
    return requires {
      Rules<F>::da;
    };
  }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override {
    Tensors dx(2);
    if constexpr (requires { Rules<F>::da; }) {
      if (needed[0]) dx[0] = unbroadcast(Rules<F>::da(x[0], x[1], y, dy), x[0].shape());
      if (needed[1]) dx[1] = unbroadcast(Rules<F>::db(x[0], x[1], y, dy), x[1].shape());
    }
    return dx;
  }

 private:
  const char *name_, *function_;
  BinaryRow row_;
};

template <class F>
Tensor binary_node(const BinaryOp<F>& op, const Operand& a, const Operand& b) {
  const Call call(op.name().data(), a.where);
  require(a.defined() && b.defined(), "{}: {} is an undefined tensor", op.name(),
          a.defined() ? "b" : "a");
  DType type = promoted_type({&a, &b});
  if (std::is_base_of_v<OnReal, F> && !is_floating(type)) type = f32;
  require(op.tile(compute_type(type)) != nullptr, "{}: not defined for {}", op.name(), type);
  if constexpr (requires { Rules<F>::check; }) Rules<F>::check(a, b, type);
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), op.name().data());
  return make_node(static_op(op), {converted(a, type), converted(b, type)}, shape,
                   std::is_base_of_v<Predicate, F> ? bool_ : type);
}

class WhereOp final : public MapOp {
 public:
  std::string_view name() const override { return "where"; }
  TileFn tile(DType type) const override { return tile_in(TESSERA_SELECT(where_tiles), type); }
  ScalarFunction function() const override { return {"binary::Where", "ops/binary_functions.h"}; }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    Tensors dx(3);
    if (needed[1]) dx[1] = unbroadcast(where(x[0], dy, 0), x[1].shape());
    if (needed[2]) dx[2] = unbroadcast(where(x[0], 0, dy), x[2].shape());
    return dx;
  }
};

}  // namespace

DType promoted_type(std::initializer_list<const Operand*> operands) {
  // Tensors with dimensions decide; 0-dimensional ones, then numbers, only add a higher kind.
  DType result = bool_;
  bool first = true;
  for (const int rank : {0, 1, 2}) {
    DType type = bool_;
    bool any = false;
    for (const Operand* operand : operands) {
      const int own = operand->is_number ? 2 : operand->ndim() == 0 ? 1 : 0;
      if (own != rank) continue;
      type = any ? promote(type, operand->dtype()) : operand->dtype();
      any = true;
    }
    if (!any) continue;
    if (first || kind_of(type) > kind_of(result)) result = first ? type : promote(result, type);
    first = false;
  }
  return result;
}

Tensor converted(const Operand& x, DType dtype) {
  if (x.is_number && is_floating(x.dtype())) return scalar(x.number, dtype);
  return cast(x, dtype);
}

Tensor unbroadcast(const Tensor& dy, const Shape& shape) {
  if (dy.shape() == shape) return dy;
  const int extra = dy.ndim() - shape.ndim();
  Shape axes;
  for (int i = 0; i < dy.ndim(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && dy.shape(i) != 1)) axes.push_back(i);
  }
  return reshape(axes.empty() ? dy : sum(dy, axes, true), shape);
}

#define DEFINE(name, Function)                                                            \
  Tensor name(const Operand& a, const Operand& b) {                                       \
    static const BinaryOp<binary::Function> op(#name, "binary::" #Function, k##Function); \
    return binary_node(op, a, b);                                                         \
  }
TESSERA_BINARY_OPS(DEFINE)
#undef DEFINE

Tensor pow(const Operand& base, const Operand& exponent) {
  const Call call("pow", base.where);
  static const BinaryOp<binary::Pow> op("pow", "binary::Pow", kPow);
  const auto full = [](const Operand& x) {
    return x.is_number ? x : Operand(detail::amp_full(x), x.where);
  };
  const Operand a = full(base), b = full(exponent);
  // The usual powers are cheaper and more accurate by themselves.
  if (a.defined() && b.is_number && is_floating(a.dtype()) && !a.is_number) {
    if (b.number == 2) return square(a);
    if (b.number == 0.5) return sqrt(a);
    if (b.number == -1) return reciprocal(a);
  }
  return binary_node(op, a, b);
}

Tensor where(const Operand& condition, const Operand& a, const Operand& b) {
  const Call call("where", condition.where);
  require(condition.defined() && a.defined() && b.defined(),
          "where: an argument is an undefined tensor");
  require(condition.dtype() == bool_, "where: the condition must be bool, got {}",
          condition.dtype());
  static const WhereOp op;
  const DType type = promoted_type({&a, &b});
  const Shape shape =
      broadcast_shapes(condition.shape(), broadcast_shapes(a.shape(), b.shape(), "where"), "where");
  return make_node(static_op(op), {condition, converted(a, type), converted(b, type)}, shape, type);
}

Tensor clamp(const Operand& x, const std::optional<Operand>& min,
             const std::optional<Operand>& max) {
  const Call call("clamp", x.where);
  require(min || max, "clamp: give min, max or both");
  // A number is a constant, so nothing is shared with it at a tie; and a nan must not get lost.
  const auto constant = [](const Operand& bound) {
    return bound.is_number && !std::isnan(bound.number);
  };
  Tensor y = x;
  if (min) y = constant(*min) ? where(y <= *min, *min, y) : maximum(y, *min);
  if (max) y = constant(*max) ? where(y >= *max, *max, y) : minimum(y, *max);
  return y;
}

Tensor lerp(const Operand& a, const Operand& b, const Operand& weight) {
  const Call call("lerp", a.where);
  const Tensor step = b - a;
  return where(weight < 0.5, a + weight * step, b - step * (1 - weight));
}

Tensor addcmul(const Operand& x, const Operand& a, const Operand& b, double value) {
  const Call call("addcmul", x.where);
  return x + value * a * b;
}

Tensor addcdiv(const Operand& x, const Operand& a, const Operand& b, double value) {
  const Call call("addcdiv", x.where);
  return x + value * (a / b);
}

}  // namespace tessera
