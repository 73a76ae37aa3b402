#include "nn/residual.h"

#include <doctest/doctest.h>

#include "tests/nn/layer_oracle.h"

using namespace tessera;

TEST_SUITE("nn/residual") {
  TEST_CASE("residual blocks have torchvision's names and values") {
    const testing::LayerOracle oracle("blocks");
    oracle.check("basic", [] { return nn::BasicBlock(2, 2); });
    oracle.check("basic stride", [] { return nn::BasicBlock(2, 3, {.stride = 2}); });
    oracle.check("bottleneck", [] { return nn::Bottleneck(8, 2); });
    oracle.check("bottleneck dilated", [] { return nn::Bottleneck(2, 1, {.dilation = 2}); });
  }

  TEST_CASE("parameters are as many as in torchvision") {
    CHECK(nn::BasicBlock(64, 64).parameter_count() == 73984);
    CHECK(nn::Bottleneck(64, 64).parameter_count() == 75008);
    CHECK(nn::Bottleneck(256, 64).parameter_count() == 70400);
    CHECK(nn::Bottleneck(256, 64).downsample == nullptr);
    CHECK(nn::Bottleneck(256, 128, {.stride = 2}).downsample != nullptr);
  }
}
