#include "core/step_text.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

struct Step {
  std::string name;
  StepWork work;
};

// The steps that computing x takes.
std::vector<Step> steps_of(const Tensor& x) {
  std::vector<Step> steps;
  const StepObserver before = set_step_observer([&](const StepRecord& s) {
    steps.push_back({name_of_step(*s.step, s.values), work_of_step(*s.step, s.values)});
  });
  x.eval();
  set_step_observer(before);
  return steps;
}

}  // namespace

TEST_SUITE("core/step_text") {
  TEST_CASE("a fused program is named after its operations") {
    const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
    const std::vector<Step> steps = steps_of(sum(exp(exp(x) - x), {1}));
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].name == "2 exp sub sum");
    CHECK(steps[0].work.bytes == 24 + 8);
    CHECK(steps[0].work.flops == 4 * 6);
  }

  TEST_CASE("a program without arithmetic is a copy of what it shows") {
    const Tensor x = tensor({1, 2, 3, 4}, {4});
    const std::vector<Step> steps = steps_of(slice(x, 0, {.stop = 2}));
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].name == "copy");
    CHECK(steps[0].work.bytes == 16);
    CHECK(steps[0].work.flops == 0);
    CHECK(steps_of(cast(x, f64))[0].name == "cast");
  }

  TEST_CASE("a node is told by file and line") {
    const Tensor x = tensor({1}, {1});
    const std::string line = line_of(x.node()->site);
    CHECK(line.find("step_text_test.cpp:") == 0);
    CHECK(line_of(CallSite{}).empty());
  }
}
