#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

template <Tensor (*f)(const Operand&)>
Tensors unary(const Node&, const Inputs& x) {
  return {f(x[0])};
}

// Before opset 7 the shape of b is aligned at `axis` of a; since then, at the last axis.
Tensor aligned(const Node& node, const Tensor& a, const Tensor& b) {
  if (node.opset >= 7 || !node.has("axis") || b.ndim() >= a.ndim()) return b;
  const int axis = normalize_axis(node.integer("axis", 0), a.ndim(), "onnx");
  Shape shape = b.shape();
  while (shape.ndim() < a.ndim() - axis) shape.push_back(1);
  return reshape(b, shape);
}

template <Tensor (*f)(const Operand&, const Operand&)>
Tensors binary(const Node& node, const Inputs& x) {
  return {f(x[0], aligned(node, x[0], x[1]))};
}

// f over any number of inputs.
template <Tensor (*f)(const Operand&, const Operand&)>
Tensors fold(const Node&, const Inputs& x) {
  Tensor y = x[0];
  for (size_t i = 1; i < x.size(); ++i) y = f(y, x[i]);
  return {y};
}

Tensors mean_of_inputs(const Node& node, const Inputs& x) {
  return {fold<add>(node, x)[0] / static_cast<double>(x.size())};
}

// Integers are divided towards zero.
Tensors divide(const Node& node, const Inputs& x) {
  const Tensor b = aligned(node, x[0], x[1]);
  if (is_floating(x[0].dtype())) return {x[0] / b};
  return {trunc_divide(x[0], b)};
}

Tensors modulo(const Node& node, const Inputs& x) {
  return {node.integer("fmod", 0) != 0 ? fmod(x[0], x[1]) : remainder(x[0], x[1])};
}

// The result has the type of the base, whatever the type of the exponent.
Tensors power(const Node& node, const Inputs& x) {
  return {cast(pow(x[0], aligned(node, x[0], x[1])), x[0].dtype())};
}

Tensors clip(const Node& node, const Inputs& x) {
  Tensor y = x[0];
  if (x.has(1)) y = maximum(y, x[1]);
  if (node.has("min")) y = maximum(y, node.real("min", 0));
  if (x.has(2)) y = minimum(y, x[2]);
  if (node.has("max")) y = minimum(y, node.real("max", 0));
  return {y};
}

Tensors is_infinite(const Node& node, const Inputs& x) {
  const Tensor negative = lt(x[0], 0);
  Tensor y = isinf(x[0]);
  if (node.integer("detect_negative", 1) == 0) y = logical_and(y, logical_not(negative));
  if (node.integer("detect_positive", 1) == 0) y = logical_and(y, negative);
  return {y};
}

Tensors cast_to(const Node& node, const Inputs& x) {
  return {cast(x[0], dtype_from(node.integer("to", 0)))};
}

Tensors cast_like(const Node&, const Inputs& x) {
  return {cast(x[0], x[1].dtype())};
}

Tensors choose(const Node&, const Inputs& x) {
  return {where(x[0], x[1], x[2])};
}

}  // namespace

void add_elementwise(Registry& ops) {
  ops.insert({{"Abs", unary<abs>},
              {"Acos", unary<acos>},
              {"Acosh", unary<acosh>},
              {"Asin", unary<asin>},
              {"Asinh", unary<asinh>},
              {"Atan", unary<atan>},
              {"Atanh", unary<atanh>},
              {"Ceil", unary<ceil>},
              {"Cos", unary<cos>},
              {"Cosh", unary<cosh>},
              {"Erf", unary<erf>},
              {"Exp", unary<exp>},
              {"Floor", unary<floor>},
              {"IsNaN", unary<isnan>},
              {"Log", unary<log>},
              {"Neg", unary<neg>},
              {"Not", unary<logical_not>},
              {"Reciprocal", unary<reciprocal>},
              {"Round", unary<round>},
              {"Sign", unary<sign>},
              {"Sin", unary<sin>},
              {"Sinh", unary<sinh>},
              {"Sqrt", unary<sqrt>},
              {"Tan", unary<tan>},
              {"Tanh", unary<tanh>},
              {"IsInf", is_infinite},
              {"Cast", cast_to},
              {"CastLike", cast_like},
              {"Clip", clip}});
  ops.insert({{"Add", binary<add>},
              {"Sub", binary<sub>},
              {"Mul", binary<mul>},
              {"Div", divide},
              {"Mod", modulo},
              {"Pow", power},
              {"Equal", binary<eq>},
              {"Greater", binary<gt>},
              {"GreaterOrEqual", binary<ge>},
              {"Less", binary<lt>},
              {"LessOrEqual", binary<le>},
              {"And", binary<logical_and>},
              {"Or", binary<logical_or>},
              {"Xor", binary<logical_xor>},
              {"Max", fold<maximum>},
              {"Min", fold<minimum>},
              {"Sum", fold<add>},
              {"Mean", mean_of_inputs},
              {"Where", choose}});
}

}  // namespace tessera::onnx
