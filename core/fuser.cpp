#include "core/fuser.h"

#include <algorithm>

#include "core/emitter.h"
#include "core/epilogue.h"
#include "core/index.h"
#include "core/node.h"

namespace tessera {

namespace {

// Limits of one program. Beyond them values are put into memory: registers would no longer fit the
// first-level cache.
constexpr size_t kMaxExpression = 48;     // values computed inside one root
constexpr size_t kMaxInstructions = 128;  // of a merged program
constexpr size_t kMaxStores = 8;
constexpr size_t kMaxCheap = 4;  // operations a recomputed value may take
constexpr int kLookBack = 24;    // groups tried as partners of a new one
// Up to so many elements a step of its own takes longer than what it computes.
constexpr int64_t kSmall = 4096;

using detail::at;

enum class Role : uint8_t { existing, map, view, reduce, kernel };

Role role_of(const Vertex& vertex) {
  if (!vertex.pending) return Role::existing;
  const Op* op = vertex.node->op.get();
  if (dynamic_cast<const KernelOp*>(op)) return Role::kernel;
  if (dynamic_cast<const ReduceOp*>(op)) return Role::reduce;
  if (dynamic_cast<const AccessOp*>(op) || dynamic_cast<const ReshapeOp*>(op)) return Role::view;
  return Role::map;  // maps, casts, iota
}

// What computing a value inside its consumer would take.
struct Expression {
  std::vector<int> values;  // pending values that would be computed, sorted
  std::vector<int> loads;   // arrays that would be read, sorted
  bool cheap = true;
};

void merge_into(std::vector<int>& sorted, const std::vector<int>& more) {
  std::vector<int> both;
  std::set_union(sorted.begin(), sorted.end(), more.begin(), more.end(), std::back_inserter(both));
  sorted = std::move(both);
}

class Fusing {
 public:
  Fusing(const Graph& graph, const Fusion& rules)
      : graph_(graph),
        rules_(rules),
        roles_(graph.vertices.size()),
        inlined_(graph.vertices.size(), 0),
        all_(graph.vertices.size(), 1),
        ready_(graph.vertices.size(), -1) {
    for (size_t v = 0; v < roles_.size(); ++v) roles_[v] = role_of(graph.vertices[v]);
  }

  std::vector<Group> run() {
    std::vector<char> forced(roles_.size(), 0);
    bound_expressions(forced);
    choose_inlined(forced);
    materialize_until_expressible();
    form_groups();
    return emit_groups();
  }

 private:
  struct Draft {
    Group::Kind kind = Group::Kind::program;
    std::vector<int> roots;
    Shape space;                                    // program groups
    MemoryFormat format = MemoryFormat::row_major;  // in whose order they go through it
    bool reduces = false;                           // contains a reduction
    bool rows = false;                              // reductions along rows that others may join
    Shape per_row;           // rows: shape of a value with one element per row
    std::vector<int> loads;  // arrays read, sorted
    size_t instructions = 0;
  };

  bool fusable(int v) const {
    return (roles_[at(v)] == Role::map || roles_[at(v)] == Role::view) &&
           graph_.vertices[at(v)].origins.empty();
  }

  // Forces values into memory so that no root computes more than kMaxExpression values.
  void bound_expressions(std::vector<char>& forced) {
    expressions_.resize(roles_.size());
    for (int v = 0; v < static_cast<int>(roles_.size()); ++v) {
      if (roles_[at(v)] == Role::existing || roles_[at(v)] == Role::kernel) continue;
      const Vertex& vertex = graph_.vertices[at(v)];
      Expression& expression = expressions_[at(v)];
      const auto gather = [&] {
        expression = {};
        for (const int input : vertex.inputs) {
          if (is_scalar_node(*graph_.vertices[at(input)].node)) continue;
          if (fusable(input) && !forced[at(input)] && !graph_.vertices[at(input)].wanted) {
            merge_into(expression.values, expressions_[at(input)].values);
            merge_into(expression.loads, expressions_[at(input)].loads);
            expression.cheap = expression.cheap && expressions_[at(input)].cheap;
          } else {
            merge_into(expression.loads, {input});
          }
        }
      };
      gather();
      while (expression.values.size() >= kMaxExpression) {
        int largest = -1;
        size_t most = 0;
        for (const int input : vertex.inputs) {
          if (!fusable(input) || forced[at(input)]) continue;
          if (const size_t size = expressions_[at(input)].values.size();
              largest < 0 || size > most) {
            largest = input;
            most = size;
          }
        }
        forced[at(largest)] = 1;
        gather();
      }
      if (roles_[at(v)] == Role::map) merge_into(expression.values, {v});
      if (const auto* map = dynamic_cast<const MapOp*>(vertex.node->op.get()))
        expression.cheap &= map->cheap();
      if (roles_[at(v)] == Role::reduce) expression.cheap = false;
    }
  }

  bool cheap(int v) const {
    const Expression& expression = expressions_[at(v)];
    if (!expression.cheap || expression.values.size() > kMaxCheap) return false;
    const int64_t size = graph_.vertices[at(v)].node->numel();
    const auto big = std::count_if(expression.loads.begin(), expression.loads.end(), [&](int load) {
      return graph_.vertices[at(load)].node->numel() >= size;
    });
    return big <= 1;
  }

  // Walks from the results to the inputs, following for each value which roots would compute it.
  void choose_inlined(const std::vector<char>& forced) {
    constexpr int none = -1, many = -2;
    std::vector<int> root(roles_.size(), none);
    std::vector<char> needs_memory(roles_.size(), 0);
    for (int v = static_cast<int>(roles_.size()) - 1; v >= 0; --v) {
      if (roles_[at(v)] == Role::existing) continue;
      if (root[at(v)] == none && !graph_.vertices[at(v)].wanted) {
        inlined_[at(v)] = 1;  // nobody reads it: it only connects the history
        continue;
      }
      bool inlined =
          fusable(v) && !needs_memory[at(v)] && !forced[at(v)] && !graph_.vertices[at(v)].wanted;
      if (inlined && root[at(v)] == many) {
        inlined = rules_.recompute && (roles_[at(v)] == Role::view || cheap(v));
      } else if (inlined) {
        inlined = rules_.inline_single;
      }
      inlined_[at(v)] = inlined ? 1 : 0;
      const int own = inlined ? root[at(v)] : v;
      for (const int input : graph_.vertices[at(v)].inputs) {
        if (roles_[at(v)] == Role::kernel) needs_memory[at(input)] = 1;
        // A reshape in memory is another name for its input, which must be there.
        if (!inlined && dynamic_cast<const ReshapeOp*>(graph_.vertices[at(v)].node->op.get()))
          needs_memory[at(input)] = 1;
        int& other = root[at(input)];
        other = other == none || other == own ? own : many;
      }
    }
  }

  bool is_root(int v) const { return graph_.vertices[at(v)].pending && !inlined_[at(v)]; }

  bool is_alias(int v) const {
    return dynamic_cast<const ReshapeOp*>(graph_.vertices[at(v)].node->op.get()) != nullptr;
  }

  // Some reshapes cannot be read through; they become names of a value in memory.
  void materialize_until_expressible() {
    for (int v = 0; v < static_cast<int>(roles_.size()); ++v) {
      if (is_root(v)) make_expressible(v);
    }
  }

  void make_expressible(int v) {
    if (roles_[at(v)] == Role::kernel) return;
    if (is_alias(v)) {
      const int source = graph_.vertices[at(v)].inputs[0];
      if (!inlined_[at(source)]) return;
      inlined_[at(source)] = 0;
      make_expressible(source);
      return;
    }
    Emitter emitter(graph_, inlined_);
    while (!emitter.emit({v}, all_)) {
      const int culprit = emitter.culprit();
      inlined_[at(culprit)] = 0;
      make_expressible(culprit);
    }
  }

  void form_groups() {
    Emitter emitter(graph_, inlined_);
    for (int v = 0; v < static_cast<int>(roles_.size()); ++v) {
      if (!is_root(v)) continue;
      const Vertex& vertex = graph_.vertices[at(v)];
      if (roles_[at(v)] == Role::kernel || is_alias(v)) {
        Draft draft;
        draft.kind = is_alias(v) ? Group::Kind::alias : Group::Kind::kernel;
        draft.roots = {v};
        // An alias is there as soon as its source is.
        ready_[at(v)] =
            is_alias(v) ? ready_[at(vertex.inputs[0])] : static_cast<int>(drafts_.size());
        drafts_.push_back(std::move(draft));
        continue;
      }
      const std::optional<Group> alone = emitter.emit({v}, all_);
      if (joins_earlier(v, emitter, alone->program)) continue;
      Draft draft;
      draft.roots = {v};
      draft.instructions = alone->program.code.size();
      draft.reduces = roles_[at(v)] == Role::reduce;
      draft.rows = alone->program.walk == Walk::rows;
      draft.space =
          draft.reduces ? graph_.vertices[at(vertex.inputs[0])].node->shape : vertex.node->shape;
      draft.format = walking_format(graph_, v);
      if (draft.rows) draft.per_row = vertex.node->shape;
      for (const Emitter::Read& read : emitter.reads()) merge_into(draft.loads, {read.value});
      ready_[at(v)] = static_cast<int>(drafts_.size());
      drafts_.push_back(std::move(draft));
    }
  }

  // Whether root v, whose own program was just emitted, can be computed by an earlier group; if so
  // it is added there.
  bool joins_earlier(int v, const Emitter& emitter, const Program& alone) {
    const Node& node = *graph_.vertices[at(v)].node;
    const bool reduces = roles_[at(v)] == Role::reduce;
    if (reduces && alone.walk != Walk::rows) return false;
    const int end = static_cast<int>(drafts_.size());
    for (int g = end - 1; g >= std::max(0, end - kLookBack); --g) {
      Draft& draft = drafts_[at(g)];
      if (draft.kind != Group::Kind::program) continue;
      if (draft.reduces && !(draft.rows && rules_.rows)) continue;
      if (!draft.reduces && !rules_.siblings) continue;
      if (reduces && !draft.rows) continue;
      if (draft.roots.size() >= kMaxStores ||
          draft.instructions + alone.code.size() > kMaxInstructions)
        continue;
      const Shape& space =
          reduces ? graph_.vertices[at(graph_.vertices[at(v)].inputs[0])].node->shape : node.shape;
      const MemoryFormat format = walking_format(graph_, v);
      const bool same_space = space == draft.space && format == draft.format &&
                              (!reduces || node.shape == draft.per_row);
      const bool per_row = draft.rows && !reduces && node.shape == draft.per_row &&
                           format == MemoryFormat::row_major;
      if (!same_space && !per_row) continue;
      if (!can_read(emitter, g, draft)) continue;
      std::vector<int> roots = draft.roots;
      roots.push_back(v);
      Emitter joint(graph_, inlined_);
      if (!joint.emit(roots, all_)) continue;
      draft.roots = std::move(roots);
      draft.instructions += alone.code.size();
      for (const Emitter::Read& read : emitter.reads()) merge_into(draft.loads, {read.value});
      ready_[at(v)] = g;
      return true;
    }
    return false;
  }

  // Everything v reads is in memory before group g runs or is computed by it, and they share work:
  // more than a number, unless they are small.
  bool can_read(const Emitter& emitter, int g, const Draft& draft) const {
    bool shares = false;
    for (const Emitter::Read& read : emitter.reads()) {
      const bool own =
          std::find(draft.roots.begin(), draft.roots.end(), read.value) != draft.roots.end();
      if (own) {
        if (read.guarded) return false;
        shares = true;
      } else if (ready_[at(read.value)] >= g) {
        return false;
      } else if (std::binary_search(draft.loads.begin(), draft.loads.end(), read.value)) {
        shares = shares || graph_.vertices[at(read.value)].node->numel() > 1 ||
                 draft.space.numel() <= kSmall;
      }
    }
    return shares;
  }

  std::vector<Group> emit_groups() {
    // A root that only its own group reads never goes to memory.
    std::vector<char> stored(roles_.size(), 0);
    std::vector<int> group_of(roles_.size(), -1);
    for (size_t g = 0; g < drafts_.size(); ++g) {
      for (const int root : drafts_[g].roots) group_of[at(root)] = static_cast<int>(g);
    }
    for (int v = 0; v < static_cast<int>(roles_.size()); ++v) {
      if (graph_.vertices[at(v)].wanted) stored[at(v)] = 1;
    }
    std::vector<Group> groups;
    for (size_t g = 0; g < drafts_.size(); ++g) {
      const Draft& draft = drafts_[g];
      Emitter emitter(graph_, inlined_);
      if (draft.kind != Group::Kind::program) {
        for (const int input : graph_.vertices[at(draft.roots[0])].inputs) stored[at(input)] = 1;
        continue;
      }
      emitter.emit(draft.roots, all_);
      for (const Emitter::Read& read : emitter.reads()) stored[at(read.value)] = 1;
    }
    for (const Draft& draft : drafts_) {
      Group group;
      if (draft.kind == Group::Kind::program) {
        if (std::none_of(draft.roots.begin(), draft.roots.end(),
                         [&](int r) { return stored[at(r)]; }))
          continue;
        Emitter emitter(graph_, inlined_);
        group = *emitter.emit(draft.roots, stored);
        form_chains(group.program);
        allocate_registers(group.program);
      } else {
        group.outputs = draft.roots;
        group.inputs = graph_.vertices[at(draft.roots[0])].inputs;
      }
      group.kind = draft.kind;
      groups.push_back(std::move(group));
    }
    return groups;
  }

  const Graph& graph_;
  const Fusion& rules_;
  std::vector<Role> roles_;
  std::vector<char> inlined_;
  const std::vector<char> all_;  // store everything
  std::vector<int> ready_;       // group after which a value is in memory; -1 from the start
  std::vector<Expression> expressions_;
  std::vector<Draft> drafts_;
};

}  // namespace

std::vector<Group> fuse(const Graph& graph, const Fusion& rules) {
  std::vector<Group> groups = Fusing(graph, rules).run();
  if (rules.epilogues) join_epilogues(graph, groups);
  return groups;
}

}  // namespace tessera
