#pragma once

#include <array>
#include <vector>

#include "core/tensor.h"
#include "ops/window_functions.h"

// Windows over the last axes of a tensor and what is computed over them: the one implementation
// behind ops/pool.h and ops/adaptive_pool.h, which check the arguments and are what users call.
namespace tessera::detail {

// Windows over the last `ndim` axes; the missing ones of three are in front, with extent 1.
struct Window {
  int ndim = 0;
  std::array<WindowAxis, 3> axis{};

  std::array<std::vector<Span>, 3> spans() const;
  int64_t extent() const;   // elements of one input plane
  int64_t outputs() const;  // elements of one output plane
};

// Throws Error unless x is [C, ...] or [N, C, ...] with `ndim` spatial axes that are not empty, and
// so short that no product of an extent and a setting overflows.
void check_pooled(const char* op, int ndim, const Tensor& x);

// What the sum of a window is divided by: `number`, or where that is 0 how many positions it sees.
struct Divisor {
  int64_t number = 0;
  bool count_padding = false;
};

// The greatest element in each window: the first of equal ones, nan where there is one, the lowest
// value of the dtype where the window sees none. Its gradient goes to that element.
Tensor max_windows(const Tensor& x, const Window& window);

// Where it is, i64: the position in the plane, in row-major order; that behind the last one where
// the window sees nothing.
Tensor argmax_windows(const Tensor& x, const Window& window);

// The average of each window; 0 where it sees no element.
Tensor average_windows(const Tensor& x, const Window& window, const Divisor& divisor);

}  // namespace tessera::detail
