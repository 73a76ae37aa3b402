#pragma once

#include <optional>
#include <vector>

#include "core/fuser.h"

namespace tessera {

// How a reduction walks its input, a function of shape, axes and format alone so that its bits are
// too.
struct ReductionPlan {
  Walk walk = Walk::long_rows;
  Shape order;            // permutation: axis of the input for each axis of the space
  int64_t row = 1;        // number of elements reduced into one
  bool trailing = false;  // the space is the input's memory and the row is its last axes
};
ReductionPlan plan_reduction(const Shape& input, const Shape& axes,
                             MemoryFormat format = MemoryFormat::row_major);

// The format in whose order a program with that root goes through its space.
MemoryFormat walking_format(const Graph& graph, int root);

// Translates a group of roots over one space into a program.
class Emitter {
 public:
  // `inlined[v]` says that value v is computed wherever it is read.
  Emitter(const Graph& graph, const std::vector<char>& inlined)
      : graph_(graph), inlined_(inlined) {}

  // Builds the program that computes `roots`, storing those in `stored`. Empty when a value would
  // have to be in memory first: see culprit().
  std::optional<Group> emit(const std::vector<int>& roots, const std::vector<char>& stored);
  int culprit() const { return culprit_; }  // the reshape that cannot be read through; -1 if none

  // Values in memory that the last program reads, with the access of each load.
  struct Read {
    int value;
    Access access;
    bool guarded;
  };
  const std::vector<Read>& reads() const { return reads_; }

 private:
  struct Known {
    int value;
    Access access;
    int guard;
    int reg;
  };

  int emit_value(int value, const Access& access, int guard);
  int emit_fresh(int value, const Access& access, int guard);
  int emit_root(int value);
  int emit_reduce(int value);
  int guard_for(const Access& access, int guard);
  int slot_of(int value);
  int add(Instruction instruction, bool per_row);
  int widen(int reg, bool per_row);  // a per-row register repeated along the row, if need be
  int rounded(int reg, DType dtype, bool per_row);
  bool is_per_row(const Access& access) const;

  const Graph& graph_;
  const std::vector<char>& inlined_;
  Group group_;
  Access full_;        // identity of the space, as an access to an array of its extents
  int kept_axes_ = 0;  // rows: axes of the space in front of the row
  std::vector<int> roots_;
  std::vector<int> root_register_;
  std::vector<Known> known_;
  std::vector<Read> reads_;
  std::vector<char> register_per_row_;
  int culprit_ = -1;
  bool failed_ = false;
};

}  // namespace tessera
