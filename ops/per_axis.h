#pragma once

#include "core/shape.h"

namespace tessera {

// A setting of an operator for each of its spatial axes, outermost first: `.padding = 1` says the
// same for all of them, `.padding = {1, 2}` something else for each, and nothing is left to the
// operator.
class PerAxis {
 public:
  PerAxis() = default;
  PerAxis(int64_t all) : values_{all} {}  // NOLINT(google-explicit-constructor)
  PerAxis(std::initializer_list<int64_t> values) : values_(values) {}
  PerAxis(const Shape& values) : values_(values) {}  // NOLINT(google-explicit-constructor)

  bool empty() const { return values_.empty(); }

  // One value for each of `axes` axes. Throws Error, naming the operator and the setting, unless
  // there are one or `axes` of them and each lies in [low, 2^31): then products of two, and sums
  // with an extent, do not overflow.
  Shape resolve(int axes, int64_t low, const char* op, const char* setting) const;

 private:
  Shape values_;
};

}  // namespace tessera
