#include "autograd/explain.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

void says(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != std::string::npos;
  CHECK_MESSAGE(found, part, " is not in: ", text);
}

}  // namespace

TEST_SUITE("autograd/explain") {
  TEST_CASE("a path is told step by step") {
    const Tensor x = variable(tensor({1, 2}, {2}));
    const std::string text = explain_grad(exp(x) * 2.0, x);
    says(text, "the gradient flows");
    says(text, "-> exp f32 [2]");
    says(text, "-> mul f32 [2] made at ");
    says(text, "explain_test.cpp:");
  }

  TEST_CASE("where and why every path ends") {
    const Tensor x = variable(tensor({1, 2}, {2}));
    says(explain_grad(detach(exp(x)) * 2.0, x), "it was detached");
    says(explain_grad(cast(cast(x, i64), f32) * 2.0, x), "integers and truth values");
    {
      const NoGrad no_grad;
      says(explain_grad(exp(x), x), "made under NoGrad");
    }
    says(explain_grad(exp(tensor({1}, {1})), x), "y was not computed from x");
  }

  TEST_CASE("a variable updated in between is named") {
    const Tensor x = variable(tensor({1, 2}, {2}));
    const Tensor y = exp(x);
    x.update(tensor({3, 4}, {2}));
    says(explain_grad(y, x), "a variable that was updated since y was computed is a new value");
  }

  TEST_CASE("undefined tensors are errors") {
    CHECK_THROWS_AS(explain_grad(Tensor(), tensor({1}, {1})), Error);
  }
}
