#pragma once

#include <array>

#include "core/op.h"
#include "core/scalar.h"

namespace tessera {

// Loops of one function by compute type: f32, f64, i32, i64, u8, bool; null where unsupported.
using TileRow = std::array<TileFn, 6>;

constexpr TileFn tile_in(const TileRow& row, DType type) {
  switch (type) {
    case f32:
      return row[0];
    case f64:
      return row[1];
    case i32:
      return row[2];
    case i64:
      return row[3];
    case u8:
      return row[4];
    case bool_:
      return row[5];
    default:
      return nullptr;
  }
}

}  // namespace tessera
