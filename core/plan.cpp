#include "core/plan.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/index.h"
#include "core/node.h"
#include "core/schedule.h"

namespace tessera {

namespace {

using detail::at;

constexpr int64_t kAlignment = 64;

int64_t aligned(int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// First-fit by growing offsets among the blocks that are alive at the same time; called in
// decreasing size it is the usual greedy arena planner.
struct Arena {
  struct Block {
    int64_t offset, bytes;
    int first, last;  // steps
  };
  std::vector<Block> blocks;
  int64_t bytes = 0;

  int64_t place(int64_t size, int first, int last) {
    std::vector<const Block*> alive;
    for (const Block& block : blocks) {
      if (block.first <= last && first <= block.last) alive.push_back(&block);
    }
    std::sort(alive.begin(), alive.end(),
              [](const Block* a, const Block* b) { return a->offset < b->offset; });
    int64_t offset = 0;
    for (const Block* block : alive) {
      if (block->offset - offset >= size) break;
      offset = std::max(offset, block->offset + block->bytes);
    }
    blocks.push_back({offset, size, first, last});
    bytes = std::max(bytes, offset + size);
    return offset;
  }
};

// Whether output `store` of a program may overwrite the array of input slot `slot` as it is read:
// each element is read at its own place only, and for the last time before it is written.
bool can_overwrite(const Program& program, int slot, const Store& store, DType storage) {
  if (program.walk != Walk::flat || size_of(storage) != size_of(store.storage)) return false;
  const Linear dense = Access::identity(program.space).flat();
  // The last instruction that writes a stored register computes the stored value.
  const auto writer = [&](int reg) {
    size_t i = program.code.size();
    while (i-- > 0 && program.code[i].dst != reg) {
    }
    return i;
  };
  const size_t written = writer(store.reg);
  for (size_t i = 0; i < program.code.size(); ++i) {
    const Instruction& load = program.code[i];
    if (load.kind != Instruction::Kind::load || load.slot != slot) continue;
    if (!(load.form == dense) || load.sources != 0) return false;
    for (size_t j = i + 1; j < program.code.size(); ++j) {
      const Instruction& user = program.code[j];
      for (int s = 0; s < user.sources; ++s) {
        if (user.src[s] == load.dst && j > written) return false;
      }
      if (user.dst == load.dst) break;  // the register holds something else from here on
    }
  }
  // What is stored must not be the overwritten array itself.
  for (const Store& other : program.stores) {
    const Instruction& last = program.code[writer(other.reg)];
    if (last.kind == Instruction::Kind::load && last.slot == slot) return false;
  }
  return true;
}

// The last kernel that may fail, or the program that is joined to it; -1 if there is none.
int last_that_may_fail(const Graph& graph, const std::vector<Group>& steps, bool all_may_fail) {
  for (auto s = static_cast<int>(steps.size()) - 1; s >= 0; --s) {
    const Group& step = steps[at(s)];
    if (step.kind != Group::Kind::kernel) continue;
    const Op& op = *graph.vertices[at(step.outputs[0])].node->op;
    if (!all_may_fail && !static_cast<const KernelOp&>(op).may_fail()) continue;
    const bool joins = s + 1 < static_cast<int>(steps.size()) && steps[at(s + 1)].joined;
    return joins ? s + 1 : s;
  }
  return -1;
}

}  // namespace

std::vector<char> dying_values(const Graph& graph, const std::vector<Fate>& fates,
                               const std::function<bool(int)>& in_memory) {
  const auto count = static_cast<int>(graph.vertices.size());
  std::vector<char> dies(at(count), 0), held(at(count), 0);
  for (int v = count - 1; v >= 0; --v) {
    const Vertex& vertex = graph.vertices[at(v)];
    dies[at(v)] = fates[at(v)].is_private && !vertex.wanted && !held[at(v)];
    if (!vertex.pending || dies[at(v)] || (fates[at(v)].cut && in_memory(v))) continue;
    for (const int input : vertex.inputs) held[at(input)] = 1;
    for (const int origin : vertex.origins) held[at(origin)] = 1;
  }
  return dies;
}

Plan make_plan(const Graph& graph, const std::vector<Fate>& fates, const Fusion& rules,
               bool all_may_fail) {
  Plan plan;
  const auto count = static_cast<int>(graph.vertices.size());
  plan.places.resize(at(count));
  plan.cut.assign(at(count), 0);
  for (int v = 0; v < count; ++v) {
    if (!graph.vertices[at(v)].pending) plan.places[at(v)].kind = Place::Kind::existing;
  }
  for (Group& group : fuse(graph, rules)) {
    for (const int v : group.outputs) plan.places[at(v)].kind = Place::Kind::owned;
    if (group.kind == Group::Kind::alias) {
      const int source = group.inputs[0];
      const Place& place = plan.places[at(source)];
      Place& own = plan.places[at(group.outputs[0])];
      own.kind = Place::Kind::alias;
      own.source = place.kind == Place::Kind::alias ? place.source : source;
    } else {
      plan.steps.push_back(std::move(group));
    }
  }

  const auto in_memory = [&](int v) { return plan.places[at(v)].kind != Place::Kind::none; };
  const std::vector<char> dies = dying_values(graph, fates, in_memory);
  for (int v = 0; v < count; ++v) {
    plan.places[at(v)].format = graph.vertices[at(v)].format;
    plan.cut[at(v)] = graph.vertices[at(v)].pending && fates[at(v)].cut && in_memory(v);
  }
  // An alias that lives keeps its block alive.
  std::vector<char> storage_dies = dies;
  for (int v = 0; v < count; ++v) {
    const Place& place = plan.places[at(v)];
    if (place.kind == Place::Kind::alias && !dies[at(v)]) storage_dies[at(place.source)] = 0;
  }

  const auto storage = [&](int v) {
    const Place& place = plan.places[at(v)];
    return place.kind == Place::Kind::alias ? place.source : v;
  };
  const auto outlives = [&](int v) { return !storage_dies[at(v)]; };
  hasten(plan.steps, last_that_may_fail(graph, plan.steps, all_may_fail), outlives, storage);
  std::vector<int> first(at(count), -1), last(at(count), -1);
  const auto count_steps = static_cast<int>(plan.steps.size());
  for (int s = 0; s < count_steps; ++s) {
    // Steps that are joined run at the same time.
    const bool joined = plan.steps[at(s)].joined;
    const int end = s + 1 < count_steps && plan.steps[at(s + 1)].joined ? s + 1 : s;
    for (const int v : plan.steps[at(s)].inputs) last[at(storage(v))] = end;
    for (const int v : plan.steps[at(s)].outputs) {
      first[at(v)] = joined ? s - 1 : s;
      last[at(v)] = end;
    }
  }

  // Donation: an output takes the place of an input that dies in the same step.
  // What existed before is only overwritten after the last kernel that may fail: a failed
  // evaluation changes nothing.
  const int may_fail = last_that_may_fail(graph, plan.steps, all_may_fail);
  std::vector<char> donated(at(count), 0);
  std::vector<int> merged_into(at(count), -1);
  for (int s = 0; s < count_steps; ++s) {
    Group& step = plan.steps[at(s)];
    if (step.kind != Group::Kind::program) continue;
    const Group* const kernel = step.joined ? &plan.steps[at(s - 1)] : nullptr;
    const auto kernel_reads = [&](int v) {
      return kernel && std::any_of(kernel->inputs.begin(), kernel->inputs.end(),
                                   [&](int read) { return storage(read) == v; });
    };
    for (const Store& store : step.program.stores) {
      const int output = step.outputs[at(store.slot) - step.inputs.size()];
      std::vector<int> slots(step.inputs.size());
      std::iota(slots.begin(), slots.end(), 0);
      if (kernel) {  // its result first: that needs no memory of its own then
        std::stable_partition(slots.begin(), slots.end(), [&](int slot) {
          return storage(step.inputs[at(slot)]) == kernel->outputs[0];
        });
      }
      for (const int slot : slots) {
        const int input = storage(step.inputs[at(slot)]);
        const Node& node = *graph.vertices[at(input)].node;
        const Node& result = *graph.vertices[at(output)].node;
        if (donated[at(input)] || !storage_dies[at(input)] || last[at(input)] != s ||
            is_scalar_node(node))
          continue;
        if (node.bytes() != result.bytes() || kernel_reads(input) ||
            !can_overwrite(step.program, slot, store, node.dtype))
          continue;
        // The same block under two names in one step: only if no other slot reads it.
        const auto same = std::count_if(step.inputs.begin(), step.inputs.end(),
                                        [&](int v) { return storage(v) == input; });
        if (same != 1) continue;
        if (graph.vertices[at(input)].pending && storage_dies[at(output)]) {
          merged_into[at(output)] = input;
        } else if (!graph.vertices[at(input)].pending && !storage_dies[at(output)] &&
                   s > may_fail) {
          plan.places[at(output)].donor = input;
        } else if (kernel && input == kernel->outputs[0] && !storage_dies[at(output)]) {
          for (Place& place : plan.places) {
            if (place.kind == Place::Kind::alias && place.source == input) place.source = output;
          }
          plan.places[at(input)].kind = Place::Kind::lent;
          plan.places[at(input)].source = output;
        } else {
          continue;
        }
        donated[at(input)] = 1;
        break;
      }
    }
  }

  // Arena: values that die, the largest first; a donated chain is one block.
  std::vector<int> chain_last = last;
  std::vector<int> heads;
  for (int v = count - 1; v >= 0; --v) {
    if (merged_into[at(v)] >= 0) {
      chain_last[at(merged_into[at(v)])] =
          std::max(chain_last[at(merged_into[at(v)])], chain_last[at(v)]);
    }
  }
  for (int v = 0; v < count; ++v) {
    if (plan.places[at(v)].kind != Place::Kind::owned) continue;
    require(storage_dies[at(v)] || plan.places[at(v)].format == MemoryFormat::row_major,
            "plan: a value that outlives the run must be row-major, got {} of shape {}",
            graph.vertices[at(v)].node->op->name(), graph.vertices[at(v)].node->shape);
    if (!storage_dies[at(v)]) continue;
    plan.places[at(v)].kind = Place::Kind::arena;
    if (merged_into[at(v)] < 0) heads.push_back(v);
  }
  const auto bytes = [&](int v) { return aligned(graph.vertices[at(v)].node->bytes()); };
  std::stable_sort(heads.begin(), heads.end(), [&](int a, int b) { return bytes(a) > bytes(b); });
  Arena arena;
  for (const int v : heads) {
    plan.places[at(v)].offset = arena.place(bytes(v), first[at(v)], chain_last[at(v)]);
  }
  for (int v = 0; v < count; ++v) {
    if (merged_into[at(v)] >= 0)
      plan.places[at(v)].offset = plan.places[at(merged_into[at(v)])].offset;
  }
  plan.arena_bytes = arena.bytes;
  return plan;
}

}  // namespace tessera
