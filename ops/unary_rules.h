#pragma once

#include "ops/binary.h"
#include "ops/rules.h"
#include "ops/unary.h"
#include "ops/unary_functions.h"

// Derivatives of the functions of one variable.

namespace tessera {

// Piecewise constant: the gradient is 0 everywhere, so that a path through it is not an error.
struct Step {
  static Operand df(const Tensor&, const Tensor&) { return 0; }
};

template <>
struct Rules<unary::Neg> {
  static Operand df(const Tensor&, const Tensor&) { return -1; }
};

template <>
struct Rules<unary::Abs> {
  static Tensor df(const Tensor& x, const Tensor&) { return sign(x); }
};

template <>
struct Rules<unary::Sign> : Step {};

template <>
struct Rules<unary::Square> {
  static Tensor df(const Tensor& x, const Tensor&) { return 2 * x; }
};

template <>
struct Rules<unary::Floor> : Step {};

template <>
struct Rules<unary::Ceil> : Step {};

template <>
struct Rules<unary::Round> : Step {};

template <>
struct Rules<unary::Trunc> : Step {};

template <>
struct Rules<unary::Frac> {
  static Operand df(const Tensor&, const Tensor&) { return 1; }
};

template <>
struct Rules<unary::Exp> {
  static Tensor df(const Tensor&, const Tensor& y) { return y; }
};

template <>
struct Rules<unary::Exp2> {
  static Tensor df(const Tensor&, const Tensor& y) { return y * 0.69314718055994531; }  // ln 2
};

template <>
struct Rules<unary::Expm1> {
  static Tensor df(const Tensor&, const Tensor& y) { return y + 1; }
};

template <>
struct Rules<unary::Log> {
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / x; }
};

template <>
struct Rules<unary::Log2> {
  static Tensor df(const Tensor& x, const Tensor&) { return 1.4426950408889634 / x; }  // 1 / ln 2
};

template <>
struct Rules<unary::Log10> {
  static Tensor df(const Tensor& x, const Tensor&) { return 0.43429448190325183 / x; }  // 1 / ln 10
};

template <>
struct Rules<unary::Log1p> {
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / (x + 1); }
};

template <>
struct Rules<unary::Sqrt> {
  static Tensor df(const Tensor&, const Tensor& y) { return 0.5 / y; }
};

template <>
struct Rules<unary::Rsqrt> {
  static Tensor df(const Tensor&, const Tensor& y) { return -0.5 * (y * y * y); }
};

template <>
struct Rules<unary::Reciprocal> {
  static Tensor df(const Tensor&, const Tensor& y) { return -(y * y); }
};

template <>
struct Rules<unary::Sin> {
  static Tensor df(const Tensor& x, const Tensor&) { return cos(x); }
};

template <>
struct Rules<unary::Cos> {
  static Tensor df(const Tensor& x, const Tensor&) { return -sin(x); }
};

template <>
struct Rules<unary::Tan> {
  static Tensor df(const Tensor&, const Tensor& y) { return y * y + 1; }
};

template <>
struct Rules<unary::Asin> {
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt((1 - x) * (1 + x)); }
};

template <>
struct Rules<unary::Acos> {
  static Tensor df(const Tensor& x, const Tensor&) { return -rsqrt((1 - x) * (1 + x)); }
};

template <>
struct Rules<unary::Atan> {
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / (x * x + 1); }
};

template <>
struct Rules<unary::Sinh> {
  static Tensor df(const Tensor& x, const Tensor&) { return cosh(x); }
};

template <>
struct Rules<unary::Cosh> {
  static Tensor df(const Tensor& x, const Tensor&) { return sinh(x); }
};

template <>
struct Rules<unary::Tanh> {
  static Tensor df(const Tensor&, const Tensor& y) { return 1 - y * y; }
};

template <>
struct Rules<unary::Asinh> {
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt(x * x + 1); }
};

template <>
struct Rules<unary::Acosh> {
  static Tensor df(const Tensor& x, const Tensor&) { return rsqrt((x - 1) * (x + 1)); }
};

template <>
struct Rules<unary::Atanh> {
  static Tensor df(const Tensor& x, const Tensor&) { return 1 / ((1 - x) * (1 + x)); }
};

template <>
struct Rules<unary::Erf> {
  static Tensor df(const Tensor& x, const Tensor&) {
    return 1.1283791670955126 * exp(-(x * x));  // 2 / sqrt(pi)
  }
};

template <>
struct Rules<unary::Erfc> {
  static Tensor df(const Tensor& x, const Tensor& y) { return -Rules<unary::Erf>::df(x, y); }
};

template <>
struct Rules<unary::Sigmoid> {
  static Tensor df(const Tensor&, const Tensor& y) { return y * (1 - y); }
};

}  // namespace tessera
