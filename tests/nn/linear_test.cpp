#include "nn/linear.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "core/random.h"
#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/linear") {
  TEST_CASE("linear layers are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("linear", [] { return nn::Linear(3, 4); });
    oracle.check("linear vector", [] { return nn::Linear(3, 2, {.bias = false}); });
  }

  TEST_CASE("parameters begin uniform in +-1 / sqrt(in_features)") {
    manual_seed(1);
    const nn::Linear layer(100, 200);
    for (const Tensor& parameter : {layer.weight, layer.bias}) {
      double largest = 0;
      for (const float v : parameter.to_vector<float>()) {
        largest = std::max(largest, std::abs(static_cast<double>(v)));
      }
      CHECK(largest <= 0.1 * 1.000001);
      CHECK(largest > 0.09);
    }
  }

  TEST_CASE("settings are described, wrong ones and wrong inputs refused") {
    CHECK(nn::Linear(3, 4).describe() == "3, 4");
    CHECK(nn::Linear(3, 4, {.bias = false}).describe() == "3, 4, bias=false");
    CHECK(error_of([] { nn::Linear(3, 0); }) ==
          "Linear: in_features and out_features must be positive, got 3 and 0");
    CHECK(error_of([] { nn::Linear(3, 4)(ones({2, 5})); }).find("in Linear") != std::string::npos);
  }
}
