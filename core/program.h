#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/access.h"
#include "core/op.h"

namespace tessera {

// One step of a fused program. Every instruction writes one register: a run of consecutive elements
// of the iteration space (a tile) in a compute type.
struct Instruction {
  enum class Kind : uint8_t {
    load,    // elements of an array at `form`, converted from `storage`; 0 where src[0] says so
    scalar,  // a number
    iota,    // the value of `form`, i64
    guard,   // low <= form <= high, and src[0] if there is one; bool
    mask,    // src[1] where src[0], else 0
    map,     // fn(src...)
    cast,    // src[0] converted to `type`
    round,   // src[0] rounded to the half type `storage`
    reduce,  // src[0] reduced over each row of the tile
    expand,  // src[0], one value per row, repeated along the row
  };
  Kind kind = Kind::map;
  DType type = f32;      // compute type of the result
  DType storage = f32;   // element type in memory of what is loaded, or the half to round to
  DType from = f32;      // compute type of src[0] (cast, reduce)
  bool per_row = false;  // one element per row, not one per element
  Reduction reduction = Reduction::sum;
  int dst = 0;
  int sources = 0;
  int src[3] = {-1, -1, -1};
  int slot = -1;  // array or number that is read
  TileFn fn = nullptr;
  ScalarFunction function;
  ChainStep chain;       // map: how fn is computed in a chain; every map that has it is in one
  bool chained = false;  // goes on with the chain of the instruction before
  int link = -1;         // the source that is the value of the instruction before
  int scaled = -1;       // the source of two that is multiplied by src[2], a number, first
  bool brief = false;    // only its own chain reads it: the register holds a block at a time
  Linear form;           // position read, index, or guarded form, over the iteration space
  int64_t low = 0, high = 0;
  const char* name = "";  // for people
};

// A register that is written to an array, densely in iteration order.
struct Store {
  int reg = 0;
  int slot = 0;
  DType storage = f32;
  bool per_row = false;
};

// How a program walks its space.
enum class Walk : uint8_t {
  flat,       // independent elements
  rows,       // whole rows of `row` elements; `reduce` and `expand` work along them
  long_rows,  // one reduction over rows of any length, the only store
  columns,    // one reduction over the leading axes, the only store
};

// A fused program: what one pass over memory computes. The same list is interpreted on the CPU.
struct Program {
  Walk walk = Walk::flat;
  Shape space;      // iteration space; rows: kept axes, then the row; columns: reduced, then kept
  int64_t row = 1;  // elements in a row (rows, long_rows) or reduced positions (columns)
  int64_t outputs = 0;  // long_rows and columns: number of results
  std::vector<Instruction> code;
  std::vector<Store> stores;
  int registers = 0;
  int slots = 0;

  std::string str() const;  // assembly-like text, for people
};

// Reductions up to this length are computed with their neighbours in one pass over each row.
inline constexpr int64_t kMaxRow = 8192;

// The same program over fewer axes, so that runs along the last one are long: axes of extent 1 are
// dropped, and neighbours that every form walks as one are merged. If `split` is given, axes in
// front of it stay apart from the others, and it becomes the number of axes left in front.
Program collapsed(const Program& program, int* split = nullptr);

// Gives registers the fewest buffers that keep live values apart, and -1 to what only goes from
// link to link of a chain.
void allocate_registers(Program& program);

}  // namespace tessera
