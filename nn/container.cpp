#include "nn/container.h"

#include "core/error.h"

namespace tessera::nn {

Module& Sequential::operator[](int64_t place) const {
  const int64_t from_start = place < 0 ? place + size() : place;
  require(from_start >= 0 && from_start < size(),
          "Sequential: a place must lie in [-{}, {}), got {}", size(), size(), place);
  return *children()[static_cast<size_t>(from_start)].second;
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& child : children()) y = (*child.second)(y);
  return y;
}

}  // namespace tessera::nn
