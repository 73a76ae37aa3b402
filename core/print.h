#pragma once

#include <iosfwd>

#include "core/settings.h"
#include "core/tensor.h"

namespace tessera {

// How tensors are written by str() and <<.
struct PrintOptions {
  int precision = 4;         // most digits after the point; trailing zeros of all are left out
  int64_t threshold = 1000;  // tensors of more elements are shortened to
  int64_t edge_items = 3;    // this many at both ends of each axis
  int line_width = 80;       // longer rows continue on the next line
};

// The options of this thread.
const PrintOptions& print_options();

// Other options for the current scope: `const Print print({.precision = 8});`.
// Throws Error for a precision outside [0, 17] or another option below 1.
class Print : Scoped<PrintOptions> {
 public:
  explicit Print(const PrintOptions& options);
};

// The values between nested brackets, in columns:
//
//   [[1.00, -0.25],
//    [ nan,  0.50]]
//
// Behind them stand `shape=[..]` where the brackets do not show it (shortened or empty tensors) and
// `dtype=..` where the values do not tell it (they do for f32, i64 and bool). Floating-point
// numbers are all written with the same number of digits; from 1e8, below 1e-4, and for ratios
// above 1000 between numbers that are not all whole, in scientific notation. Computes the tensor
// first; an undefined one is written as "undefined".
std::ostream& operator<<(std::ostream& out, const Tensor& x);
std::ostream& operator<<(std::ostream& out, const Shape& shape);
std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace tessera
