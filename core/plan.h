#pragma once

#include <functional>
#include <vector>

#include "core/fuser.h"

namespace tessera {

// Where a value lives during one run of a plan.
struct Place {
  enum class Kind : uint8_t {
    none,      // computed inside its consumers, never in memory
    existing,  // was there before
    arena,     // dies within the run: at `offset` of the plan's one block
    owned,     // outlives the run: a block of its own
    alias,     // other name of value `source`
    lent,      // dies within the run: where value `source` overwrites it element by element
  };
  Kind kind = Kind::none;
  int64_t offset = 0;
  MemoryFormat format = MemoryFormat::row_major;
  int source = -1;
  int donor = -1;  // owned: an existing value that dies and whose block may be taken over
};

// How to compute a set of values: the steps in order and where every value goes. It depends on the
// structure of the graph alone, so a training step makes it once and reuses it.
struct Plan {
  std::vector<Group> steps;  // without aliases; one that is joined runs with the one before
  std::vector<Place> places;
  int64_t arena_bytes = 0;
  std::vector<char> cut;  // values whose history is forgotten after the run
};

// What the evaluator knows about a vertex besides the graph.
struct Fate {
  bool is_private = false;  // no handle holds it, and only vertices of this graph use it
  bool cut = false;         // nobody can ask for a gradient through it after the run
};

// Which values die with the run: those that nothing outside holds and whose users let go of them,
// because they die too, or have their own value (`in_memory`) and no further need of their history.
std::vector<char> dying_values(const Graph& graph, const std::vector<Fate>& fates,
                               const std::function<bool(int)>& in_memory);

// What outlives the run is computed as soon as it can be (see schedule.h), but behind the last
// kernel that may fail: all of them may where memory for intermediate results can run out.
Plan make_plan(const Graph& graph, const std::vector<Fate>& fates, const Fusion& rules,
               bool all_may_fail = false);

}  // namespace tessera
