#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::detail {

// Axes, registers and the like are signed here, as extents are; what a standard container is asked
// for is not.
inline size_t at(int64_t i) {
  return static_cast<size_t>(i);
}

}  // namespace tessera::detail
