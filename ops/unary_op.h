#pragma once

#include "core/amp.h"
#include "core/error.h"
#include "core/map_function.h"
#include "ops/again.h"
#include "ops/chain.h"
#include "ops/rules.h"

namespace tessera {

// Where the op that made x can compute f as well: one node for both.
template <class F>
concept HasFused = requires(const Tensor& x) {
  Rules<F>::fused(x);
};

// The op of a function of one variable, from its struct (see *_functions.h), its rules and its
// loops.
template <class F>
class UnaryOp final : public MapOp, public detail::Repeatable {
 public:
  UnaryOp(const char* name, ScalarFunction function, const TileRow& tiles)
      : name_(name), function_(function), tiles_(tiles), full_(detail::amp_wants_full(name)) {}
  std::string_view name() const override { return name_; }
  TileFn tile(DType type) const override { return tile_in(tiles_, type); }
  ScalarFunction function() const override { return function_; }
  ChainStep chain(DType type) const override { return chain_step_of<F>(type); }
  bool differentiable() const override { return has_df || has_dx; }
  bool cheap() const override { return !std::is_base_of_v<OnReal, F>; }
  bool worth_repeating(const Node&) const override {
    return requires {
      Rules<F>::needs_x;
    };
  }
  bool keeps_inputs() const override { return true; }
  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed) const override {
    if constexpr (has_dx) {
      return {Rules<F>::dx(x[0], y, dy)};
    } else if constexpr (has_df) {
      return {dy * Rules<F>::df(x[0], y)};
    } else {
      return {};
    }
  }

  // y = f(x): checks x and converts it where f is one of real numbers.
  Tensor operator()(const Operand& x) const {
    const Call call(name_, x.where);
    require(x.defined(), "{}: x is an undefined tensor", name_);
    if constexpr (HasFused<F>) {
      if (Tensor y = Rules<F>::fused(x); y.defined()) return y;
    }
    const bool widen = std::is_base_of_v<OnReal, F> && !is_floating(x.dtype());
    const Tensor input = widen ? cast(x, f32) : full_ ? detail::amp_full(x) : Tensor(x);
    require(tile(compute_type(input.dtype())) != nullptr, "{}: not defined for {}", name_,
            x.dtype());
    return make_node(static_op(*this), {input}, input.shape(),
                     std::is_base_of_v<Predicate, F> ? bool_ : input.dtype());
  }

 private:
  static constexpr bool has_df = requires { Rules<F>::df; };
  static constexpr bool has_dx = requires { Rules<F>::dx; };
  const char* name_;
  const ScalarFunction function_;
  const TileRow& tiles_;
  const bool full_;  // halves are taken as f32 in mixed precision
};

}  // namespace tessera
