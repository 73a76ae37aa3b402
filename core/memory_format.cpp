#include "core/memory_format.h"

namespace tessera {

Shape memory_order(int ndim, MemoryFormat format) {
  Shape order;
  for (int axis = 0; axis < ndim; ++axis) order.push_back(axis);
  if (format == MemoryFormat::row_major || ndim < 3) return order;
  return order.without(1).inserted(ndim - 1, 1);
}

Shape strides_of(const Shape& shape, MemoryFormat format) {
  const Shape order = memory_order(shape.ndim(), format);
  Shape strides = Shape::filled(shape.ndim(), 1);
  int64_t step = 1;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    const auto axis = static_cast<int>(order[i]);
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

bool same_in_both_formats(const Shape& shape) {
  if (shape.ndim() < 3) return true;
  return shape[1] == 1 || shape.slice(2, shape.ndim()).numel() == 1;
}

}  // namespace tessera
