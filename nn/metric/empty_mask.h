#pragma once

#include <limits>

namespace tessera::nn {

// What there is to say of a mask without pixels.
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();      // no score
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();  // how far it is away

}  // namespace tessera::nn
