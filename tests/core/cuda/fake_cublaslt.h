#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cuda/products.h"

namespace tessera::testing {

// cuBLASLt on a GPU that is the processor: its objects keep what they are told, wrong use is an
// error status, and a product is computed from what they say, in column-major terms. Null where
// tessera was built without CUDA.
std::unique_ptr<cuda::MatrixProducts> open_fake_cublaslt();

// What the functions were asked for, such as "find 8x3x5 TF32" (column-major rows, columns, inner)
// and "run batch 4"; and whether they know an algorithm.
struct FakeCublasLt {
  std::vector<std::string> calls;
  bool knows_one = true;
  int objects = 0;  // not destroyed
};
FakeCublasLt& fake_cublaslt();

}  // namespace tessera::testing
