#pragma once

#include <map>
#include <string>

#include "core/tensor.h"

namespace tessera::io {

// Named tensors on their way to or from a file, in the order of their names, and free-form text.
struct Archive {
  std::map<std::string, Tensor> tensors = {};
  std::map<std::string, std::string> metadata = {};
};

}  // namespace tessera::io
