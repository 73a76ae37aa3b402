#pragma once

#include "core/shape.h"

namespace tessera {

// How the elements of an array [N, C, ...] of three or more axes lie in memory: by their indices,
// the last of them running fastest, or with C behind the axes that follow it (PyTorch's name). Only
// values on a GPU that die within a run are ever channels-last: core/layout.h chooses them.
enum class MemoryFormat : uint8_t { row_major, channels_last };

// The axes of such an array as they lie in memory, the one that runs fastest last.
Shape memory_order(int ndim, MemoryFormat format);

// The step in memory from one index of an axis to the next, in elements.
Shape strides_of(const Shape& shape, MemoryFormat format);

// Whether both formats are the same: fewer than three axes, or a single channel or pixel.
bool same_in_both_formats(const Shape& shape);

}  // namespace tessera
