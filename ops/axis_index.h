#pragma once

#include "core/error.h"
#include "core/op.h"

// How kernels see an array along one of its axes, and an index that names positions there.
namespace tessera::cpu {

// The array as outer x extent x inner elements, `extent` being that of the axis.
struct Lines {
  Lines(const Shape& shape, int axis)
      : outer(shape.slice(0, axis).numel()),
        extent(shape[axis]),
        inner(shape.slice(axis + 1, shape.ndim()).numel()) {}
  int64_t outer, extent, inner;
};

// What an index along an axis must be.
inline std::string index_contract(int64_t extent, int axis) {
  return fmt::format("{}: indices along axis {} must lie in [{}, {}), its extent being {}",
                     call_site().function, axis, -extent, extent, extent);
}

// The position on an axis that `index` in [-extent, extent) names; throws for others.
inline int64_t position_of(int64_t index, int64_t extent, int axis) {
  if (index < -extent || index >= extent) [[unlikely]] {
    fail(fmt::format("{}, got {}", index_contract(extent, axis), index));
  }
  return index < 0 ? index + extent : index;
}

}  // namespace tessera::cpu

namespace tessera::detail {

// The index as kernels take it, in i64; throws unless it is of an integer type.
inline Tensor checked_index(const Tensor& index, const char* op) {
  require(index.defined() && is_integer(index.dtype()),
          "{}: the index must hold integers, got {}; convert it with cast", op,
          index.defined() ? name_of(index.dtype()) : "an undefined tensor");
  return cast(index, i64);
}

}  // namespace tessera::detail
