#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/program.h"

namespace tessera::cpu {

inline constexpr int64_t kTile = 512;     // elements of a tile
inline constexpr int64_t kChunk = 16384;  // elements of a work item and of a partial reduction

// A register while a tile is computed: `data` may point into an array. Uniform: one element stands
// for all.
struct Register {
  std::byte* data = nullptr;
  bool uniform = false;
};

// Computes the registers of one tile, for one thread.
class TileRunner {
 public:
  // `capacity` is the most elements a tile may have.
  TileRunner(const Program& program, std::span<std::byte* const> slots, int64_t capacity);

  // Runs every instruction for elements [begin, begin + n) of the space in row-major order and
  // writes the stores. For row programs begin and n are multiples of program.row.
  void run(int64_t begin, int64_t n);

  // Register `reg` after run(), its elements contiguous.
  const std::byte* contiguous(int reg, DType type, int64_t n);

 private:
  void load(const Instruction& i, int64_t begin, int64_t n, Register& dst);
  void load_per_row(const Instruction& i, int64_t first_row, int64_t rows, Register& dst);
  void iota(const Instruction& i, int64_t begin, int64_t n, Register& dst);
  void guard(const Instruction& i, int64_t begin, int64_t n, Register& dst);
  void store(const Store& store, int64_t begin, int64_t n);

  const Program& program_;
  std::span<std::byte* const> slots_;
  int64_t capacity_;
  std::vector<std::byte> memory_;
  std::vector<std::byte*> home_;  // each register's own tile
  std::vector<Register> registers_;
  std::vector<int> direct_store_;  // by instruction: the slot its result is computed into, or -1
};

// Partial results of a reduction in the order of the elements.
//
// `reduce_run` reduces n consecutive elements starting at position `first` of their row and
// returns an accumulator; `reduce_combine` joins neighbours; `reduce_finish` writes the result.
// Long runs go through 16 lanes that are joined pairwise, so that sums are accurate and vectorise.
struct Accumulator {
  double real = 0;
  int64_t integer = 0;  // integers, truth values, and the position of argmax and argmin
};
Accumulator reduce_identity(Reduction kind, DType type);
Accumulator reduce_run(Reduction kind, DType type, const std::byte* data, int64_t n, int64_t first);
Accumulator reduce_combine(Reduction kind, DType type, const Accumulator& a, const Accumulator& b);
void reduce_finish(Reduction kind, DType type, const Accumulator& a, std::byte* out);

// Joins `count` accumulators, neighbours first.
Accumulator reduce_tree(Reduction kind, DType type, std::span<Accumulator> parts);

// accumulators[k] joined with element k of data, at position `row` of their column, for all k < n.
void reduce_columns(Reduction kind, DType type, Accumulator* accumulators, const std::byte* data,
                    int64_t n, int64_t row);

// Conversions between element types: n elements.
void convert(const std::byte* src, DType from, std::byte* dst, DType to, int64_t n);

}  // namespace tessera::cpu
