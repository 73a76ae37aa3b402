#include "core/emitter.h"

#include <algorithm>

#include "core/index.h"
#include "core/node.h"

namespace tessera {

namespace {

using detail::at;

const Op& op_of(const Graph& graph, int value) {
  return *graph.vertices[at(value)].node->op;
}

// The extents a row group iterates over, from the shape of its first root or that root's input.
Shape space_of(const Graph& graph, int root) {
  const Vertex& vertex = graph.vertices[at(root)];
  if (dynamic_cast<const ReduceOp*>(vertex.node->op.get()))
    return graph.vertices[at(vertex.inputs[0])].node->shape;
  return vertex.node->shape;
}

}  // namespace

ReductionPlan plan_reduction(const Shape& input, const Shape& axes, MemoryFormat format) {
  ReductionPlan plan;
  std::array<bool, kMaxDims> reduced{};
  for (const int64_t axis : axes) reduced[static_cast<size_t>(axis)] = true;
  const Shape memory = memory_order(input.ndim(), format);
  int innermost = input.ndim() - 1;
  const auto is_reduced = [&](int64_t axis) { return reduced[static_cast<size_t>(axis)]; };
  const auto idle = [&](int64_t axis) {
    return input[static_cast<int>(axis)] == 1 && !is_reduced(axis);
  };
  while (innermost >= 0 && idle(memory[innermost])) --innermost;
  const bool columns = innermost >= 0 && !is_reduced(memory[innermost]);
  plan.walk = columns ? Walk::columns : Walk::long_rows;
  for (const bool first : {columns, !columns}) {
    for (const int64_t axis : memory) {
      if (is_reduced(axis) == first) plan.order.push_back(axis);
    }
  }
  for (const int64_t axis : axes) plan.row *= input[static_cast<int>(axis)];
  plan.trailing = !columns && plan.order == memory;
  return plan;
}

MemoryFormat walking_format(const Graph& graph, int root) {
  const Vertex& vertex = graph.vertices[at(root)];
  const auto* reduce = dynamic_cast<const ReduceOp*>(vertex.node->op.get());
  if (!reduce) return vertex.format;
  // Results are stored as they come, in row-major order.
  const MemoryFormat format = graph.vertices[at(vertex.inputs[0])].format;
  return same_in_both_formats(vertex.node->shape) ? format : MemoryFormat::row_major;
}

std::optional<Group> Emitter::emit(const std::vector<int>& roots, const std::vector<char>& stored) {
  group_ = {};
  known_.clear();
  reads_.clear();
  register_per_row_.clear();
  culprit_ = -1;
  failed_ = false;
  roots_ = roots;
  root_register_.assign(roots.size(), -1);

  Program& program = group_.program;
  const ReduceOp* first_reduce = nullptr;
  int walker = roots[0];  // the root that decides the order
  for (const int root : roots) {
    if (const auto* reduce = dynamic_cast<const ReduceOp*>(&op_of(graph_, root));
        reduce && !first_reduce) {
      first_reduce = reduce;
      walker = root;
    }
  }
  const Shape array = space_of(graph_, walker);
  const MemoryFormat format = walking_format(graph_, walker);
  full_ = Access::permuted(array, memory_order(array.ndim(), format));
  kept_axes_ = array.ndim();
  if (first_reduce) {
    const ReductionPlan plan = plan_reduction(array, first_reduce->axes, format);
    program.row = plan.row;
    if (plan.trailing && plan.row <= kMaxRow && plan.row > 0) {
      program.walk = Walk::rows;
      kept_axes_ = array.ndim() - first_reduce->axes.ndim();
    } else {
      program.walk = plan.walk;
      program.outputs = graph_.vertices[at(walker)].node->numel();
      full_ = Access::permuted(array, plan.order);
    }
  }
  program.space = full_.space;
  for (size_t r = 0; r < roots.size() && !failed_; ++r) root_register_[r] = emit_root(roots[r]);
  if (failed_) return std::nullopt;

  for (size_t r = 0; r < roots.size(); ++r) {
    const Node& node = *graph_.vertices[at(roots[r])].node;
    if (!stored[at(roots[r])]) continue;
    group_.outputs.push_back(roots[r]);
    program.stores.push_back(
        {root_register_[r], 0, node.dtype, register_per_row_[at(root_register_[r])] != 0});
  }
  const int inputs = static_cast<int>(group_.inputs.size());
  for (size_t s = 0; s < program.stores.size(); ++s)
    program.stores[s].slot = inputs + static_cast<int>(s);
  program.slots = inputs + static_cast<int>(program.stores.size());
  program.registers = static_cast<int>(register_per_row_.size());
  return group_;
}

bool Emitter::is_per_row(const Access& access) const {
  if (group_.program.walk != Walk::rows) return false;
  for (int j = 0; j < access.array.ndim(); ++j) {
    for (int k = kept_axes_; k < access.space.ndim(); ++k) {
      if (access.axis[at(j)].coef[at(k)] != 0) return false;
    }
  }
  return true;
}

int Emitter::add(Instruction instruction, bool per_row) {
  instruction.per_row = per_row;
  instruction.dst = static_cast<int>(register_per_row_.size());
  register_per_row_.push_back(per_row ? 1 : 0);
  group_.program.code.push_back(instruction);
  return instruction.dst;
}

int Emitter::widen(int reg, bool per_row) {
  if (per_row || !register_per_row_[at(reg)]) return reg;
  for (const Instruction& i : group_.program.code) {
    if (i.kind == Instruction::Kind::expand && i.src[0] == reg) return i.dst;
  }
  Instruction expand;
  expand.kind = Instruction::Kind::expand;
  for (const Instruction& i : group_.program.code) {
    if (i.dst == reg) expand.type = i.type;
  }
  expand.src[0] = reg;
  expand.sources = 1;
  return add(expand, false);
}

int Emitter::rounded(int reg, DType dtype, bool per_row) {
  if (!is_half(dtype)) return reg;
  Instruction round;
  round.kind = Instruction::Kind::round;
  round.storage = dtype;
  round.src[0] = reg;
  round.sources = 1;
  return add(round, per_row);
}

int Emitter::slot_of(int value) {
  const auto found = std::find(group_.inputs.begin(), group_.inputs.end(), value);
  if (found != group_.inputs.end()) return static_cast<int>(found - group_.inputs.begin());
  group_.inputs.push_back(value);
  return static_cast<int>(group_.inputs.size()) - 1;
}

int Emitter::emit_root(int value) {
  const Vertex& vertex = graph_.vertices[at(value)];
  if (dynamic_cast<const ReduceOp*>(vertex.node->op.get())) return emit_reduce(value);
  const Access access = Access::broadcast(full_.array, vertex.node->shape);
  const Access read = full_.then(access);
  const int fresh = emit_fresh(value, read, -1);
  if (failed_) return -1;
  const int reg = widen(fresh, is_per_row(read));  // a view may repeat one value along the row
  known_.push_back({value, read, -1, reg});
  return reg;
}

int Emitter::emit_reduce(int value) {
  const Vertex& vertex = graph_.vertices[at(value)];
  const auto& op = static_cast<const ReduceOp&>(*vertex.node->op);
  const Node& input = *graph_.vertices[at(vertex.inputs[0])].node;
  const int input_reg = emit_value(vertex.inputs[0], full_, -1);
  if (failed_) return -1;
  const int reg = widen(input_reg, false);
  const bool rows = group_.program.walk == Walk::rows;
  Instruction reduce;
  reduce.kind = Instruction::Kind::reduce;
  reduce.reduction = op.kind;
  reduce.from = compute_type(input.dtype);
  reduce.type = compute_type(vertex.node->dtype);
  reduce.src[0] = reg;
  reduce.sources = 1;
  const int result = add(reduce, rows);
  if (!rows)
    return result;  // the last instruction: partial results are joined and stored elsewhere
  const int stored = rounded(result, vertex.node->dtype, rows);
  known_.push_back(
      {value, full_.then(Access::broadcast(full_.array, vertex.node->shape)), -1, stored});
  return stored;
}

int Emitter::emit_value(int value, const Access& access, int guard) {
  if (failed_) return -1;
  for (const Known& known : known_) {
    if (known.value == value && known.guard == guard && known.access == access) return known.reg;
  }
  const auto root = std::find(roots_.begin(), roots_.end(), value);
  if (root != roots_.end()) {  // computed by this group, but wanted in another order than it has
    failed_ = true;
    return -1;
  }
  const int reg = emit_fresh(value, access, guard);
  if (!failed_) known_.push_back({value, access, guard, reg});
  return reg;
}

int Emitter::guard_for(const Access& access, int guard) {
  for (int j = 0; j < access.array.ndim(); ++j) {
    const Linear& form = access.axis[at(j)];
    const Range range = range_of(form, access.space);
    if (range.low >= 0 && range.high < access.array[j]) continue;
    Instruction check;
    check.kind = Instruction::Kind::guard;
    check.type = bool_;
    check.form = form;
    check.high = access.array[j] - 1;
    if (guard >= 0) {
      check.src[0] = guard;
      check.sources = 1;
    }
    guard = add(check, false);
  }
  return guard;
}

int Emitter::emit_fresh(int value, const Access& access, int guard) {
  const Vertex& vertex = graph_.vertices[at(value)];
  const Node& node = *vertex.node;
  const bool root = std::find(roots_.begin(), roots_.end(), value) != roots_.end();
  // A guard is checked per element, so what stands below one is too.
  const bool per_row = guard < 0 && is_per_row(access);
  Instruction instruction;
  instruction.type = compute_type(node.dtype);

  if (is_scalar_node(node)) {
    instruction.kind = Instruction::Kind::scalar;
    instruction.storage = node.dtype;
    instruction.slot = slot_of(value);
    return add(instruction, per_row);
  }
  if (dynamic_cast<const IotaOp*>(node.op.get()) && vertex.pending) {
    instruction.kind = Instruction::Kind::iota;
    instruction.form = access.flat();
    return add(instruction, per_row);
  }
  if (!vertex.pending || (!inlined_[at(value)] && !root)) {
    reads_.push_back({value, access, guard >= 0});
    instruction.kind = Instruction::Kind::load;
    instruction.storage = node.dtype;
    instruction.slot = slot_of(value);
    instruction.form = access.flat(vertex.format);
    if (guard >= 0) {
      instruction.src[0] = guard;
      instruction.sources = 1;
    }
    return add(instruction, per_row);
  }
  if (const auto* map = dynamic_cast<const MapOp*>(node.op.get())) {
    instruction.name = map->name().data();
    instruction.sources = static_cast<int>(vertex.inputs.size());
    for (int i = 0; i < instruction.sources; ++i) {
      const int input = vertex.inputs[at(i)];
      const Access broadcast =
          Access::broadcast(node.shape, graph_.vertices[at(input)].node->shape);
      instruction.src[i] = emit_value(input, access.then(broadcast), guard);
      if (failed_) return -1;
    }
    for (int i = 0; i < instruction.sources; ++i)
      instruction.src[i] = widen(instruction.src[i], per_row);
    const DType type = graph_.vertices[at(vertex.inputs.back())].node->dtype;
    instruction.fn = map->tile(compute_type(type));
    instruction.function = map->function();
    instruction.chain = map->chain(compute_type(type));
    return rounded(add(instruction, per_row), node.dtype, per_row);
  }
  if (dynamic_cast<const CastOp*>(node.op.get())) {
    const int input = vertex.inputs[0];
    instruction.kind = Instruction::Kind::cast;
    instruction.from = compute_type(graph_.vertices[at(input)].node->dtype);
    instruction.src[0] = emit_value(input, access, guard);
    if (failed_) return -1;
    instruction.src[0] = widen(instruction.src[0], per_row);
    instruction.sources = 1;
    return rounded(add(instruction, per_row), node.dtype, per_row);
  }
  const int input = vertex.inputs[0];
  const Node& source = *graph_.vertices[at(input)].node;
  if (dynamic_cast<const ReshapeOp*>(node.op.get())) {
    const std::optional<Access> through = access.reshaped(source.shape);
    if (!through) {
      failed_ = true;
      culprit_ = value;
      return -1;
    }
    return emit_value(input, *through, guard);
  }
  const auto& view = static_cast<const AccessOp&>(*node.op);
  const Access through = access.then(view.access(node));
  if (!view.guarded()) return emit_value(input, through, guard);
  const int inside = guard_for(through, guard);
  const int reg = emit_value(input, through, inside);
  if (failed_ || inside < 0) return reg;
  Instruction mask;
  mask.kind = Instruction::Kind::mask;
  mask.type = compute_type(node.dtype);
  mask.src[0] = inside;
  mask.src[1] = widen(reg, false);
  mask.sources = 2;
  return add(mask, false);
}

}  // namespace tessera
