#include "nn/container.h"

#include "core/error.h"

namespace tessera::nn {

Module& detail::child_at(const Module& container, int64_t place) {
  const auto& children = container.children();
  const auto size = static_cast<int64_t>(children.size());
  const int64_t from_start = place < 0 ? place + size : place;
  require(from_start >= 0 && from_start < size, "{}: a place must lie in [-{}, {}), got {}",
          container.type_name(), size, size, place);
  return *children[static_cast<size_t>(from_start)].second;
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& child : children()) y = (*child.second)(y);
  return y;
}

}  // namespace tessera::nn
