#include "ops/per_axis.h"

#include <algorithm>

#include "core/error.h"

namespace tessera {

Shape PerAxis::resolve(int axes, int64_t low, const char* op, const char* setting) const {
  constexpr int64_t end = int64_t{1} << 31;
  require(values_.ndim() == 1 || values_.ndim() == axes,
          "{}: {} must be one number or {}, one for each spatial axis, got {}", op, setting, axes,
          values_);
  require(std::all_of(values_.begin(), values_.end(),
                      [&](int64_t value) { return value >= low && value < end; }),
          "{}: {} must be at least {} and less than 2^31, got {}", op, setting, low, values_);
  return values_.ndim() == axes ? values_ : Shape::filled(axes, values_[0]);
}

}  // namespace tessera
