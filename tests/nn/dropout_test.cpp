#include "nn/dropout.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/random.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

namespace {

// How many elements of x are `value`.
int64_t count(const Tensor& x, float value) {
  const std::vector<float> values = x.to_vector<float>();
  return std::count(values.begin(), values.end(), value);
}

}  // namespace

TEST_SUITE("nn/dropout") {
  TEST_CASE("in training elements are dropped and the others scaled; in evaluation none") {
    manual_seed(1);
    nn::Dropout dropout(0.2);
    const Tensor x = ones({10000});
    const Tensor y = dropout(x);
    const int64_t dropped = count(y, 0);
    CHECK(std::abs(dropped - 2000) < 160);  // four standard deviations
    CHECK(count(y, 1.25F) == 10000 - dropped);
    dropout.eval();
    CHECK(dropout(x).node() == x.node());
  }

  TEST_CASE("whole channels are dropped by the layers with a number") {
    manual_seed(2);
    nn::Dropout2d channels(0.5);
    const Tensor y = sum(channels(ones({4, 50, 3, 3})), {2, 3});
    CHECK(count(y, 0) + count(y, 18) == 200);
    CHECK(count(y, 0) > 60);
    CHECK(count(y, 18) > 60);
    CHECK(sum(nn::Dropout1d(0.5)(ones({2, 3, 4}))).item() >= 0);
    CHECK(nn::Dropout3d(1)(ones({1, 2, 2, 2, 2})).to_vector<float>() ==
          std::vector<float>(16, 0.0F));
    nn::AlphaDropout alpha(0.1);
    alpha.eval();
    CHECK(alpha(ones({3})).to_vector<float>() == std::vector<float>(3, 1.0F));
  }

  TEST_CASE("DropPath drops samples, and their gradients") {
    manual_seed(3);
    nn::DropPath path(0.25);
    const Tensor x = variable(ones({1000, 2, 2}));
    const Tensor y = path(x);
    const Tensor each = sum(y, {1, 2});
    const int64_t dropped = count(each, 0);
    CHECK(std::abs(dropped - 250) < 55);  // four standard deviations
    const Tensor dx = grad(sum(y), x);
    CHECK(dx.to_vector<float>() == y.to_vector<float>());
    CHECK(count(y, static_cast<float>(1 / 0.75)) == 4 * (1000 - dropped));
    CHECK(nn::DropPath()(x).node() == x.node());
    CHECK(count(nn::DropPath(1)(x), 0) == 4000);
    path.eval();
    CHECK(path(x).node() == x.node());
  }

  TEST_CASE("settings are described, wrong ones refused") {
    CHECK(nn::Dropout(0.1).describe() == "p=0.1");
    CHECK(nn::Dropout().p == 0.5);
    CHECK(error_of([] { nn::Dropout2d(1.5); }) == "Dropout2d: p must lie in [0, 1], got 1.5");
    CHECK(error_of([] { nn::DropPath(-0.1); }) == "DropPath: p must lie in [0, 1], got -0.1");
  }
}
