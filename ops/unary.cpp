#include "ops/unary.h"

#include "core/cpu/isa.h"
#include "core/error.h"
#include "ops/unary_functions.h"

TESSERA_FOR_EACH_ISA(extern const TileRow unary_tiles[])

namespace tessera {

namespace {

enum Row : size_t {
#define ROW(name, Function) k##Function,
  TESSERA_UNARY_OPS(ROW)
#undef ROW
};

template <class F>
class UnaryOp final : public MapOp {
 public:
  UnaryOp(const char* name, Row row) : name_(name), row_(row) {}
  std::string_view name() const override { return name_; }
  TileFn tile(DType type) const override {
    return tile_in(TESSERA_SELECT(unary_tiles)[row_], type);
  }
  bool differentiable() const override {
    return requires {
      F::df;
    };
  }
  bool cheap() const override { return !std::is_base_of_v<OnReal, F>; }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    if constexpr (requires { F::df; }) {
      return {dy * F::df(x[0], y)};
    } else {
      return {};
    }
  }

 private:
  const char* name_;
  Row row_;
};

template <class F>
Tensor unary_node(const UnaryOp<F>& op, const Operand& x) {
  const Call call(op.name().data(), x.where);
  require(x.defined(), "{}: x is an undefined tensor", op.name());
  const bool widen = std::is_base_of_v<OnReal, F> && !is_floating(x.dtype());
  const Tensor input = widen ? cast(x, f32) : Tensor(x);
  require(op.tile(compute_type(input.dtype())) != nullptr, "{}: not defined for {}", op.name(),
          x.dtype());
  return make_node(static_op(op), {input}, input.shape(),
                   std::is_base_of_v<Predicate, F> ? bool_ : input.dtype());
}

}  // namespace

#define DEFINE(name, Function)                                    \
  Tensor name(const Operand& x) {                                 \
    static const UnaryOp<unary::Function> op(#name, k##Function); \
    return unary_node(op, x);                                     \
  }
TESSERA_UNARY_OPS(DEFINE)
#undef DEFINE

}  // namespace tessera
