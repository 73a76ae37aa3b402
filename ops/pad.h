#pragma once

#include <vector>

#include "core/tensor.h"

namespace tessera {

// What stands beyond the ends of an axis: a value, the elements mirrored at the last one, the last
// one, or those of the other end.
enum class PadMode : uint8_t { constant, reflect, replicate, circular };

struct PadOptions {
  PadMode mode = PadMode::constant;
  double value = 0;  // of constant
};

// x with pads = {before, after} elements added at the ends of the last axis, then, with two more
// numbers, of the one in front of it, and so on. Negative numbers crop. Reflecting needs pads less
// than the extent of the axis, circular ones at most that.
// Same as torch.nn.functional.pad, which has the other modes for the last three axes only.
Tensor pad(const Operand& x, const std::vector<int64_t>& pads, const PadOptions& options = {});

}  // namespace tessera
