#pragma once

#include <cstddef>

#include "core/tensor.h"

namespace tessera {

// x on `device`: x itself if it is there, else a copy, for which x is computed now. Gradients flow
// back to where x is. Same as torch.Tensor.to(device). Throws Error when the device is not there or
// has no memory left.
Tensor to(const Operand& x, Device device);

// The elements of an evaluated node, row-major, where the processor can read them: copied from
// another device when the first reader asks. Valid as long as the node is.
const std::byte* host_data(const Node& node);

}  // namespace tessera
