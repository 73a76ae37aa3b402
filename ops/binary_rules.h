#pragma once

#include "core/error.h"
#include "ops/binary.h"
#include "ops/binary_functions.h"
#include "ops/rules.h"
#include "ops/unary.h"

// Derivatives and further conditions of the functions of two variables.

namespace tessera {

template <>
struct Rules<binary::Add> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
};

template <>
struct Rules<binary::Sub> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return -dy; }
};

template <>
struct Rules<binary::Mul> {
  static Tensor da(const Tensor&, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * b;
  }
  static Tensor db(const Tensor& a, const Tensor&, const Tensor&, const Tensor& dy) {
    return dy * a;
  }
};

template <>
struct Rules<binary::Div> {
  static Tensor da(const Tensor&, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy / b;
  }
  static Tensor db(const Tensor&, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return -(dy * y / b);
  }
};

template <>
struct Rules<binary::TruncDivide> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
};

template <>
struct Rules<binary::Fmod> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * trunc_divide(a, b));
  }
};

template <>
struct Rules<binary::Remainder> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy; }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * floor_divide(a, b));
  }
};

template <>
struct Rules<binary::FloorDivide> {
  static Tensor da(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
  static Tensor db(const Tensor&, const Tensor&, const Tensor&, const Tensor& dy) { return dy * 0; }
};

template <>
struct Rules<binary::Pow> {
  static void check(const Operand& a, const Operand& b, DType type) {
    require(is_floating(type) || !b.is_number || b.number >= 0,
            "pow: integers have no negative powers, got {} to the power {}; cast to f32", a.dtype(),
            b.number);
  }
  // The bases that are cut out are replaced by 1, since 0 * inf in a branch not taken would be nan
  // in the next derivative.
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    const Tensor constant = b == 0;
    return where(constant, 0, dy * b * pow(where(constant, 1, a), b - 1));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    const Tensor constant = (a == 0) & (b >= 0);
    return where(constant, 0, dy * y * log(where(constant, 1, a)));
  }
};

template <>
struct Rules<binary::Maximum> {
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * where(a == b, 0.5, where(a < b, 0.0, 1.0));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return da(b, a, y, dy);
  }
};

template <>
struct Rules<binary::Minimum> {
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * where(a == b, 0.5, where(b < a, 0.0, 1.0));
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return da(b, a, y, dy);
  }
};

template <>
struct Rules<binary::Atan2> {
  // a^2 + b^2; 1 at the origin, where the gradient is 0.
  static Tensor square_norm(const Tensor& a, const Tensor& b) {
    return where((a == 0) & (b == 0), 1, a * a + b * b);
  }
  static Tensor da(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return dy * b / square_norm(a, b);
  }
  static Tensor db(const Tensor& a, const Tensor& b, const Tensor&, const Tensor& dy) {
    return -(dy * a / square_norm(a, b));
  }
};

template <>
struct Rules<binary::Hypot> {
  static Tensor da(const Tensor& a, const Tensor&, const Tensor& y, const Tensor& dy) {
    return dy * (a / y);
  }
  static Tensor db(const Tensor&, const Tensor& b, const Tensor& y, const Tensor& dy) {
    return dy * (b / y);
  }
};

template <>
struct Rules<binary::LeftShift> {
  static void check(const Operand&, const Operand&, DType type) {
    require(type != bool_, "bitwise_left_shift: not defined for bool");
  }
};

template <>
struct Rules<binary::RightShift> {
  static void check(const Operand&, const Operand&, DType type) {
    require(type != bool_, "bitwise_right_shift: not defined for bool");
  }
};

}  // namespace tessera
