#include "core/epilogue.h"

#include <algorithm>

#include "core/index.h"
#include "core/node.h"
#include "core/op.h"

namespace tessera {

using detail::at;

namespace {

// Whether the program reads `slot` at its own place only, one element for each of its space.
bool reads_in_place(const Program& program, int slot, const Node& node) {
  if (program.walk != Walk::flat || node.numel() != program.space.numel()) return false;
  const Linear dense = Access::identity(program.space).flat();
  return std::all_of(program.code.begin(), program.code.end(), [&](const Instruction& i) {
    return i.kind != Instruction::Kind::load || i.slot != slot ||
           (i.form == dense && i.sources == 0);
  });
}

// Whether the program makes new values of old ones, whose memory it takes over when it runs after
// the last kernel that reads them: more than the kernel's result would take for that long.
bool updates(const Graph& graph, const Group& group) {
  return std::any_of(group.inputs.begin(), group.inputs.end(), [&](int old) {
    return std::any_of(group.outputs.begin(), group.outputs.end(), [&](int made) {
      const Vertex &from = graph.vertices[at(old)], &to = graph.vertices[at(made)];
      return !from.pending && from.node->handles() == 0 && to.wanted &&
             from.node->bytes() == to.node->bytes();
    });
  });
}

}  // namespace

void join_epilogues(const Graph& graph, std::vector<Group>& groups) {
  constexpr int kBefore = -1;
  const auto count = static_cast<int>(groups.size());
  std::vector<int> made(graph.vertices.size(), kBefore);  // by value: the group, through aliases
  std::vector<int> follower(groups.size(), -1);           // by kernel: the program joined to it
  for (int g = 0; g < count; ++g) {
    Group& group = groups[at(g)];
    if (group.kind == Group::Kind::alias) {
      made[at(group.outputs[0])] = made[at(group.inputs[0])];
      continue;
    }
    int place = g;
    if (group.kind == Group::Kind::program) {
      // The last of what it waits for.
      int last = kBefore;
      for (const int v : group.inputs) last = std::max(last, made[at(v)]);
      const auto fits = [&] {
        if (last == kBefore || groups[at(last)].kind != Group::Kind::kernel) return false;
        if (updates(graph, group)) return false;
        const Node& kernel = *graph.vertices[at(groups[at(last)].outputs[0])].node;
        if (follower[at(last)] >= 0 || !static_cast<const KernelOp&>(*kernel.op).has_parts())
          return false;
        for (int slot = 0; slot < static_cast<int>(group.inputs.size()); ++slot) {
          if (made[at(group.inputs[at(slot)])] == last &&
              !reads_in_place(group.program, slot, kernel))
            return false;
        }
        return true;
      };
      if (fits()) {
        follower[at(last)] = g;
        group.joined = true;
        place = last;
      }
    }
    for (const int v : group.outputs) made[at(v)] = place;
  }
  std::vector<Group> ordered;
  ordered.reserve(groups.size());
  for (int g = 0; g < count; ++g) {
    if (groups[at(g)].joined) continue;
    ordered.push_back(std::move(groups[at(g)]));
    if (follower[at(g)] >= 0) ordered.push_back(std::move(groups[at(follower[at(g)])]));
  }
  groups = std::move(ordered);
}

}  // namespace tessera
