#pragma once

#include "core/cuda/compiler.h"

namespace tessera::testing {

// NVRTC; null where it is not installed or tessera was built without CUDA.
const cuda::Compiler* installed_nvrtc();

}  // namespace tessera::testing
