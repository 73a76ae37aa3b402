#pragma once

#include <span>
#include <string>

#include "core/tensor.h"

namespace tessera {

// Drawings for Graphviz of what computing `targets` would take; nothing is computed. Each value
// shows its operation, dtype, shape, bytes and the user's line; boxes are still to be computed,
// grey ones are in memory already, bold ones are targets. Dotted arrows carry gradients only.
//
//   std::ofstream("graph.dot") << dump_graph({loss});     // then: dot -Tsvg graph.dot
//
// dump_graph shows the operations as they were written, dump_groups what the fuser makes of them
// under the current rules: one cluster for each step, with the text of its program.
std::string dump_graph(std::span<const Tensor> targets);
std::string dump_groups(std::span<const Tensor> targets);

inline std::string dump_graph(std::initializer_list<Tensor> targets) {
  return dump_graph(std::span(targets.begin(), targets.size()));
}
inline std::string dump_groups(std::initializer_list<Tensor> targets) {
  return dump_groups(std::span(targets.begin(), targets.size()));
}

}  // namespace tessera
