#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/program.h"
#include "core/settings.h"

namespace tessera {

// The pending part of the graph, as the fuser sees it: values by number. Values that exist already
// have no inputs; the others are in an order in which inputs come first.
struct Vertex {
  const Node* node = nullptr;
  std::vector<int> inputs;
  std::vector<int> origins;  // inputs that are not read: only gradients flow to them
  bool pending = false;      // to be computed
  bool wanted = false;       // must end up in memory whatever the fuser does
  MemoryFormat format = MemoryFormat::row_major;  // of the value, where it is in memory
};

struct Graph {
  std::vector<Vertex> vertices;
};

// A step's program in the form that its backend runs (see core/backend.h).
class Prepared {
 public:
  virtual ~Prepared() = default;
};

// What is executed as one step.
struct Group {
  enum class Kind : uint8_t { program, kernel, alias };
  Kind kind = Kind::program;
  std::vector<int> outputs;  // values this step puts into memory
  std::vector<int> inputs;   // values it reads from memory, or numbers
  Program program;           // slots: inputs first, then outputs
  bool joined = false;       // computed together with the step before, a kernel: see epilogue.h
  std::shared_ptr<const Prepared> prepared;
};

// Decides what is computed together: a pure function of the graph and the rules. The groups are in
// an order in which they can run.
std::vector<Group> fuse(const Graph& graph, const Fusion& rules);

}  // namespace tessera
