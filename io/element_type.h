#pragma once

#include <string>
#include <string_view>

#include "core/tensor.h"

namespace tessera::io {

// How a file stores one number.
struct ElementType {
  enum class Kind : uint8_t { boolean, signed_integer, unsigned_integer, floating, brain_floating };
  Kind kind = Kind::floating;
  uint8_t size = 4;  // bytes
  bool big_endian = false;

  static ElementType of(DType dtype);
  bool operator==(const ElementType&) const = default;
};

// The smallest dtype that holds every value of `type`: i8, i16 and u16 become i32, u32 and u64
// become i64, all others stay what they are.
DType dtype_of(ElementType type);

// The type that NumPy calls so ("<f4", "|u1", ">i2"; without a sign for the order of bytes,
// "f4"). Throws Error, beginning with `name`, for text, objects, complex numbers and the like.
ElementType parse_numpy_type(std::string_view text, const std::string& name);

// Where the elements of a tensor are among bytes: element i0, i1, ... is number
// offset + i0 strides[0] + i1 strides[1] + ...
struct Layout {
  Shape shape;
  Shape strides;
  int64_t offset = 0;

  static Layout row_major(const Shape& shape);
  static Layout column_major(const Shape& shape);
};

// The tensor of the elements that `layout` finds in `bytes`, converted to dtype_of(type). Nothing
// is trusted: throws Error, beginning with `name`, when extents, strides or offset are negative or
// reach beyond the bytes, when the tensor would be larger than the bytes, or when a u64 does not
// fit into i64.
Tensor make_tensor(std::string_view bytes, ElementType type, const Layout& layout,
                   const std::string& name);

}  // namespace tessera::io
