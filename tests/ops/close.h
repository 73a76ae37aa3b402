#pragma once

#include <string>

#include "core/tensor.h"

namespace tessera::testing {

// Where `a` differs from `exact` by more than rtol (|exact element| + largest |element|), or "".
std::string difference(const Tensor& a, const Tensor& exact, double rtol);

}  // namespace tessera::testing
