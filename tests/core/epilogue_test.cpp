#include "core/epilogue.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/buffer.h"
#include "core/cpu/parallel.h"
#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

std::vector<Group> steps_of(const Tensors& targets) {
  return fuse(pending_graph(targets), {});
}

int64_t joined_in(const Tensors& targets) {
  const std::vector<Group> groups = steps_of(targets);
  return std::count_if(groups.begin(), groups.end(), [](const Group& g) { return g.joined; });
}

Tensor data(const Shape& shape) {
  return cast(remainder(iota(shape), 7), f32).eval() - 3.0;
}

}  // namespace

TEST_SUITE("core/epilogue") {
  TEST_CASE("bias, activation and what is added join the kernel") {
    const Tensor x = data({2, 3, 8, 8}).eval(), w = data({3, 3, 3, 3}).eval();
    const Tensor y = conv2d(x, w, {}, {.padding = 1});
    CHECK(joined_in({relu(y)}) == 1);
    CHECK(joined_in({relu(conv2d(x, w, {}, {.padding = 1}) + x)}) == 1);
    const Tensor a = data({5, 6}).eval(), bias = data({4}).eval();
    CHECK(joined_in({gelu(linear(a, data({4, 6}).eval(), bias))}) == 1);
    CHECK(joined_in({relu(linear(data({2, 5, 6}).eval(), data({4, 6}).eval(), bias))}) == 1);
    const Tensors two{relu(matmul(a, data({6, 4}).eval())), relu(matmul(a, data({6, 3}).eval()))};
    const std::vector<Group> groups = steps_of(two);
    REQUIRE(groups.size() == 4);
    for (const size_t g : {0, 2}) {
      CHECK(groups[g].kind == Group::Kind::kernel);
      CHECK(groups[g + 1].joined);
    }
  }

  TEST_CASE("what takes elements from elsewhere does not") {
    const Tensor a = data({6, 6}).eval();
    CHECK(joined_in({relu(permute(matmul(a, a), {1, 0}))}) == 0);
    CHECK(joined_in({sum(matmul(a, a), {1})}) == 0);
    const Tensor product = matmul(a, a);
    CHECK(joined_in({product - sum(product, {1}, true)}) == 0);
    CHECK(joined_in({slice(matmul(a, a), 0, {.stop = 3}) * 2}) == 0);
    // Both results are there only after the second kernel.
    const std::vector<Group> groups = steps_of({matmul(a, a) + matmul(a, exp(a))});
    CHECK(groups.back().joined);
  }

  TEST_CASE("one program for each kernel, and every rule can be switched off") {
    const Tensor a = data({6, 6}).eval();
    const Tensor product = matmul(a, a);
    CHECK(joined_in({relu(product), reshape(exp(product), {36})}) == 1);
    const std::vector<Group> groups =
        fuse(pending_graph(std::array{relu(product)}), {.epilogues = false});
    CHECK(!groups.back().joined);
  }

  TEST_CASE("the kernel's result takes no memory of its own") {
    const Tensor a = data({256, 256}).eval();
    const auto peak = [&](const Fusion& rules) {
      const FusionRules setting(rules);
      reset_peak_memory();
      const int64_t before = memory_stats().live;
      const Tensor y = relu(matmul(a, a));
      y.eval();
      return memory_stats().peak - before;
    };
    CHECK(peak({}) < peak({.epilogues = false}));
  }

  TEST_CASE("threads do not share what a chain keeps for a block") {
    const Tensor a = data({512, 64}).eval(), b = data({64, 512}).eval(),
                 c = data({512, 512}).eval();
    const int threads = num_threads();
    set_num_threads(4);
    const auto followed = [&](const Tensor& product) {
      return (product + c) * c + (product - c) * c;  // one waits for the other
    };
    for (int i = 0; i < 20; ++i) {
      const Tensor product = matmul(a, b).eval(), expected = followed(product).eval();
      CHECK(all(eq(followed(matmul(a, b)).eval(), expected)).item() == 1);
    }
    set_num_threads(threads);
  }

  TEST_CASE("an input of the kernel is not overwritten before all of it is read") {
    const int threads = num_threads();
    set_num_threads(3);
    for (const int64_t n : {7, 300}) {
      const Tensor start = data({n, n}).eval();
      const auto step = [&] {
        Tensor x = start * 0.01;
        for (int i = 0; i < 4; ++i) x = relu(matmul(x, x) + x) * 0.5;
        return x;
      };
      Tensor expected;
      {
        const Eager eager;
        expected = step();
      }
      const Tensor y = step().eval();
      CHECK(std::ranges::equal(y.data<float>(), expected.data<float>()));
    }
    set_num_threads(threads);
  }
}
