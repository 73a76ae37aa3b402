#include "core/fuser.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

std::vector<Group> groups_of(const Tensors& targets, const Fusion& rules = {}) {
  return fuse(pending_graph(targets), rules);
}

size_t count(const std::vector<Group>& groups, Group::Kind kind) {
  return static_cast<size_t>(
      std::count_if(groups.begin(), groups.end(), [&](const Group& g) { return g.kind == kind; }));
}

size_t programs(const Tensors& targets, const Fusion& rules = {}) {
  return count(groups_of(targets, rules), Group::Kind::program);
}

Tensor data(const Shape& shape) {
  return tensor<float>(std::vector<float>(static_cast<size_t>(shape.numel()), 1.0F), shape);
}

constexpr Fusion kNothing{false, false, false, false, false};

}  // namespace

TEST_SUITE("core/fuser") {
  TEST_CASE("a chain is one program, and one per operation without the rules") {
    const Tensor y = exp(data({8}) * 2 + 1) / 3;
    CHECK(programs({y}) == 1);
    CHECK(programs({y}, kNothing) == 4);
  }

  TEST_CASE("a cheap value with two consumers that cannot join is computed in both") {
    const Tensor x = data({4, 4});
    const Tensor mask = x * 2;
    const Tensors targets{matmul(x, x) + mask, exp(permute(mask, {1, 0}))};
    const auto stored = [&](const Fusion& rules) {
      size_t outputs = 0;
      for (const Group& group : groups_of(targets, rules)) {
        if (group.kind == Group::Kind::program) outputs += group.outputs.size();
      }
      return outputs;
    };
    CHECK(stored({}) == 2);
    CHECK(stored({.recompute = false}) == 3);
  }

  TEST_CASE("an Adam update is one program with three results") {
    const Tensor p = data({100}), g = data({100}), m = data({100}), v = data({100});
    const Tensor new_m = m * 0.9 + g * 0.1, new_v = v * 0.999 + g * g * 0.001;
    const Tensors targets{p - new_m / (sqrt(new_v) + 1e-8) * 1e-3, new_m, new_v};
    const std::vector<Group> groups = groups_of(targets);
    REQUIRE(count(groups, Group::Kind::program) == 1);
    CHECK(groups[0].outputs.size() == 3);
    CHECK(programs(targets, {.siblings = false}) == 3);
  }

  TEST_CASE("reductions along rows and what uses them are one pass over each row") {
    const Tensor x = data({6, 50});
    const Tensor e = exp(x - sum(x, {1}, true));
    const Tensor y = e / sum(e, {1}, true);
    const std::vector<Group> groups = groups_of({y});
    REQUIRE(count(groups, Group::Kind::program) == 1);
    CHECK(groups[0].program.walk == Walk::rows);
    CHECK(groups[0].outputs.size() == 1);  // neither the sums nor the exponentials go to memory
    CHECK(programs({y}, {.rows = false}) > 1);
  }

  TEST_CASE("kernels read from memory") {
    const Tensor x = data({4, 4});
    const Tensor y = exp(matmul(exp(x), permute(x, {1, 0}) + 1));
    const std::vector<Group> groups = groups_of({y});
    CHECK(count(groups, Group::Kind::kernel) == 1);
    CHECK(groups.back().kind == Group::Kind::program);
  }

  TEST_CASE("a reshape of a value in memory is another name for it") {
    const Tensor x = data({4, 6});
    const Tensor y = reshape(matmul(x, permute(x, {1, 0})), {16});
    CHECK(count(groups_of({y}), Group::Kind::alias) == 1);
  }

  TEST_CASE("long expressions are cut") {
    Tensor x = data({8});
    for (int i = 0; i < 300; ++i) x = sqrt(x) + 1;
    const std::vector<Group> groups = groups_of({x});
    CHECK(groups.size() > 1);
    CHECK(groups.size() < 60);
    for (const Group& group : groups) CHECK(group.program.code.size() <= 128);
  }
}
