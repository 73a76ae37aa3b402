#include "core/emitter.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

// The number of the value that `x` has in `graph`.
int value_of(const Graph& graph, const Tensor& x) {
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    if (graph.vertices[v].node == x.value_node()) return static_cast<int>(v);
  }
  return -1;
}

// The program of `y` with everything before it computed inside.
Group alone(const Tensor& y) {
  const Graph graph = pending_graph(std::array{y});
  std::vector<char> inlined(graph.vertices.size(), 1), stored(graph.vertices.size(), 1);
  const int root = value_of(graph, y);
  inlined[static_cast<size_t>(root)] = 0;
  Emitter emitter(graph, inlined);
  return emitter.emit({root}, stored).value();
}

int count(const Group& group, Instruction::Kind kind) {
  int n = 0;
  for (const Instruction& instruction : group.program.code) n += instruction.kind == kind;
  return n;
}

Tensor data(const Shape& shape) {
  return tensor<float>(std::vector<float>(static_cast<size_t>(shape.numel()), 1.0F), shape);
}

}  // namespace

TEST_SUITE("core/emitter") {
  TEST_CASE("a value used twice is loaded and computed once") {
    const Tensor x = data({4});
    const Tensor e = exp(x);
    const Group group = alone(e * e + x);
    CHECK(count(group, Instruction::Kind::load) == 1);
    CHECK(count(group, Instruction::Kind::map) == 3);
  }

  TEST_CASE("views become positions of loads") {
    const Tensor x = data({2, 3});
    const Group group = alone(neg(slice(permute(x, {1, 0}), 0, {.step = -1})));
    REQUIRE(count(group, Instruction::Kind::load) == 1);
    CHECK(group.program.code.size() == 2);
    // y[i, j] = -x[j, 2 - i]
    const Linear& form = group.program.code[0].form;
    CHECK(form.offset == 2);
    CHECK(form.coef[0] == -1);
    CHECK(form.coef[1] == 3);
  }

  TEST_CASE("padding guards the loads behind it and masks what is computed there") {
    const Group group = alone(pad_zeros(exp(data({3})), {1}, {0}));
    CHECK(count(group, Instruction::Kind::guard) == 1);
    CHECK(count(group, Instruction::Kind::mask) == 1);
  }

  TEST_CASE("a reshape that is not affine is the culprit") {
    const Tensor x = data({2, 3});
    const Tensor r = reshape(permute(x, {1, 0}), {6});
    const Tensor y = exp(r);
    const Graph graph = pending_graph(std::array{y});
    std::vector<char> inlined(graph.vertices.size(), 1), stored(graph.vertices.size(), 1);
    Emitter emitter(graph, inlined);
    CHECK(!emitter.emit({value_of(graph, y)}, stored));
    CHECK(emitter.culprit() == value_of(graph, r));
  }

  TEST_CASE("reductions along the last axes walk rows, others columns or long rows") {
    CHECK(plan_reduction({4, 5}, {1}).walk == Walk::long_rows);
    CHECK(plan_reduction({4, 5}, {1}).trailing);
    CHECK(plan_reduction({4, 5}, {0}).walk == Walk::columns);
    CHECK(plan_reduction({4, 5}, {0}).row == 4);
    const ReductionPlan channels = plan_reduction({2, 3, 4, 5}, {0, 2, 3});  // batch norm
    CHECK(channels.walk == Walk::long_rows);
    CHECK(!channels.trailing);
    CHECK(channels.order == Shape{1, 0, 2, 3});
    CHECK(channels.row == 40);
    CHECK(plan_reduction({4, 5, 1}, {1}).walk ==
          Walk::long_rows);  // a last extent of 1 does not count
  }

  TEST_CASE("one value per row is computed once per row") {
    const Group group = alone(sum(data({4, 5}) * 2, {1}, true));
    CHECK(group.program.walk == Walk::rows);
    CHECK(group.program.row == 5);
    REQUIRE(count(group, Instruction::Kind::reduce) == 1);
    CHECK(group.program.stores[0].per_row);
  }

  TEST_CASE("channels-last values are walked as they lie") {
    const Tensor x = data({2, 3, 4, 5}), e = exp(x);
    const auto program_of = [&](const Tensor& y) {
      Graph graph = pending_graph(std::array{y});
      for (Vertex& vertex : graph.vertices) {
        if (vertex.pending && vertex.node->shape == x.shape())
          vertex.format = MemoryFormat::channels_last;
      }
      std::vector<char> inlined(graph.vertices.size(), 1), stored(graph.vertices.size(), 1);
      const int root = value_of(graph, y);
      inlined[static_cast<size_t>(root)] = 0;
      CHECK(walking_format(graph, root) == (y.shape() == Shape{2, 1, 4, 5} || y.shape() == x.shape()
                                                ? MemoryFormat::channels_last
                                                : MemoryFormat::row_major));
      return Emitter(graph, inlined).emit({root}, stored).value().program;
    };
    const Program flat = program_of(e);
    CHECK(flat.space == Shape{2, 4, 5, 3});
    CHECK(flat.code[0].form.coef[3] == 20);  // x itself is row-major
    const Program rows = program_of(sum(e, {1}, true));
    CHECK(rows.walk == Walk::rows);
    CHECK(rows.space == Shape{2, 4, 5, 3});
    // Its results would come in another order than they lie.
    CHECK(program_of(sum(e, {2}, true)).space == Shape{4, 2, 3, 5});
    const ReductionPlan channels =
        plan_reduction({2, 3, 4, 5}, {0, 2, 3}, MemoryFormat::channels_last);
    CHECK(channels.walk == Walk::columns);
    CHECK(channels.order == Shape{0, 2, 3, 1});
  }
}
