#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/cpu/cursor.h"
#include "core/program.h"

namespace tessera::cpu {

inline constexpr int64_t kTile = 256;     // elements of a tile, at least
inline constexpr int64_t kChunk = 16384;  // elements of a work item and of a partial reduction

// A register while a tile is computed: `data` may point into an array. Uniform: one element stands
// for all. Brief: a block of the chain that is being computed.
struct Register {
  std::byte* data = nullptr;
  bool uniform = false, brief = false;
  int64_t next_line = 0;  // bytes to its elements in the next line, see TileRunner::run
};

// Whether a program needs no tiles: it reads all arrays where they are, and computes chains of them
// into others.
bool runs_in_place(const Program& program);

// Whether an instruction reads neighbours along the last axis from far apart, but those along
// `axis` from side by side: a transpose.
bool reads_across(const Program& program, const Instruction& i, int axis);

// Elements of a tile that suit a program: long tiles share the cost of choosing loops among more
// elements, as long as the registers fit the first-level cache beside what is read and written.
int64_t tile_elements(const Program& program);

// Computes the registers of one tile, for one thread.
class TileRunner {
 public:
  // `capacity` is the most elements a tile may have.
  TileRunner(const Program& program, std::span<std::byte* const> slots, int64_t capacity);

  // Runs every instruction for elements [begin, begin + n) of the space in row-major order and
  // writes the stores. For row programs begin and n are multiples of program.row. A program that
  // runs in place can be given several `lines`: n is the extent of the last axis then, and further
  // lines follow along the axis before it.
  void run(int64_t begin, int64_t n, int64_t lines = 1);

  // The same for `lines` pieces of n elements, which follow one another along `axis`. What is
  // read across it is transposed for all of them at once.
  void run_block(int64_t begin, int64_t n, int axis, int64_t lines);

  // For a program that is one chain in place over one axis: the links at its first element.
  std::vector<ChainLink> links();

  // Register `reg` after run(), its elements contiguous.
  const std::byte* contiguous(int reg, DType type, int64_t n);

 private:
  // What one call of a loop computes: an instruction, or several as a chain.
  struct Step {
    const Instruction *first, *last;
    Linear form;  // over the space the instruction walks
    // What a load has transposed: all of it, and the elements of this tile.
    std::vector<std::byte> block = {};
    const std::byte* elements = nullptr;
  };
  void load(const Step& step, int64_t n, Register& dst);
  void transpose_step(const Step& step, int axis, int64_t lines, int64_t n, std::byte* to,
                      int64_t pitch);
  void iota(const Instruction& i, const Linear& form, int64_t n, Register& dst);
  void guard(const Instruction& i, const Linear& form, int64_t n, Register& dst);
  void chain(const Step& step, int64_t begin, int64_t n, int64_t lines);
  void store(const Store& store, int64_t begin, int64_t n);
  std::byte* result_of(const Instruction& i, int64_t first) const;

  const Program& program_;
  std::span<std::byte* const> slots_;
  Cursor elements_, rows_;  // rows_: over a space whose elements are the starts of the rows
  std::vector<Step> steps_;
  std::vector<int> result_slots_;  // by instruction: the array it computes into, or -1
  std::unique_ptr<std::byte[]> memory_;
  std::vector<std::byte*> home_;  // each register's own tile
  std::vector<Register> registers_;
  std::vector<ChainLink> links_;    // of the chain that is being computed
  std::vector<int64_t> next_line_;  // by link
};

// Partial results of `count` neighbouring reductions. What is summed, multiplied or compared is
// kept as double (real types) or int64; argmax and argmin also keep positions.
struct Partials {
  std::byte* values;   // 8 bytes each
  int64_t* positions;  // -1: nothing seen yet
  int64_t count;
};

// Memory for partial results, as a list of equally long Partials.
class PartialsBuffer {
 public:
  PartialsBuffer(int64_t lists, int64_t count)
      : count_(count), values_(static_cast<size_t>(lists * count)), positions_(values_.size()) {}
  Partials operator[](int64_t list) { return part(list, 0, count_); }
  Partials part(int64_t list, int64_t begin, int64_t count) {
    const auto first = static_cast<size_t>(list * count_ + begin);
    return {reinterpret_cast<std::byte*>(values_.data() + first), positions_.data() + first, count};
  }

 private:
  int64_t count_;
  std::vector<double> values_;
  std::vector<int64_t> positions_;
};

// Sets them to the result over nothing.
void reduce_start(Reduction kind, DType type, const Partials& partials);
// Joins element k of each of `rows` rows of data, at positions first, first + 1, ..., to partial k.
void reduce_columns(Reduction kind, DType type, const Partials& partials, const std::byte* data,
                    int64_t rows, int64_t first);
// Joins `next`, which stands for later elements, to `partials`.
void reduce_join(Reduction kind, DType type, const Partials& partials, const Partials& next);
// Writes the results: in `type`, positions as i64.
void reduce_finish(Reduction kind, DType type, const Partials& partials, std::byte* out);

// Reduces each of `rows` rows of n contiguous elements and writes the results.
void reduce_rows(Reduction kind, DType type, const std::byte* data, int64_t rows, int64_t n,
                 std::byte* out);

// A run of any length reduced piece by piece, bit for bit as reduce_rows would. Elements go round
// through 16 lanes that are joined pairwise, so that sums are accurate and vectorise; what is left
// behind the last 16 is joined one by one.
class RunReduction {
 public:
  RunReduction(Reduction kind, DType type);
  // Only the last piece may have another length than a multiple of 16.
  void add(const std::byte* data, int64_t n, int64_t first);
  void finish(const Partials& one);  // of count 1

 private:
  static constexpr int kLanes = 16;
  Reduction kind_;
  DType type_;
  alignas(64) std::byte lanes_[kLanes * 8];
  alignas(8) std::byte tail_[kLanes * 8];
  int64_t tail_count_ = 0;
  int64_t position_ = -1;
};

// Conversions between element types: n elements.
void convert(const std::byte* src, DType from, std::byte* dst, DType to, int64_t n);

}  // namespace tessera::cpu
