#pragma once

#include <string>

#include "core/tensor.h"

namespace tessera {

// Why y has, or has not, a gradient with respect to x, in words: the chain of operations from x
// to y, or the nodes where every chain from y ends, with the lines that made them.
std::string explain_grad(const Tensor& y, const Tensor& x);

}  // namespace tessera
