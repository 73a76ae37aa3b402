#include "nn/upsample.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/upsample") {
  TEST_CASE("upsampling is that of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("upsample", [] { return nn::Upsample({.scale_factor = {2}}); });
    oracle.check("upsample bilinear", [] {
      return nn::Upsample({.scale_factor = {2}, .mode = Interpolation::bilinear});
    });
    oracle.check("upsample size", [] {
      return nn::Upsample({.size = {5, 4}, .mode = Interpolation::bilinear, .align_corners = true});
    });
    oracle.check("upsample trilinear", [] {
      return nn::Upsample({.scale_factor = {2, 2, 2}, .mode = Interpolation::trilinear});
    });
  }

  TEST_CASE("settings are described") {
    CHECK(nn::Upsample({.scale_factor = {2}}).describe() == "scale_factor=2, mode=nearest");
    CHECK(nn::Upsample({.size = {8, 9}, .mode = Interpolation::bicubic, .align_corners = true})
              .describe() == "size=[8, 9], mode=bicubic, align_corners=true");
    CHECK(nn::Upsample({.scale_factor = {1.5, 2}}).describe() ==
          "scale_factor=1.5 x 2, mode=nearest");
  }

  TEST_CASE("wrong settings and inputs are refused") {
    CHECK(error_of([] { nn::Upsample({}); }) ==
          "Upsample: exactly one of size and scale_factor must be given, got none");
    CHECK(error_of([] { nn::Upsample({.size = {4}, .scale_factor = {2}}); }) ==
          "Upsample: exactly one of size and scale_factor must be given, got both");
    CHECK(error_of([] { nn::Upsample({.scale_factor = {-1}}); }) ==
          "Upsample: scale_factor must be positive, got -1");
    CHECK(error_of([] { nn::Upsample({.size = {0}}); }) ==
          "Upsample: size must be positive, got [0]");
    nn::Upsample up({.scale_factor = {2}, .mode = Interpolation::bilinear});
    CHECK(error_of([&] { up(ones({1, 1, 4})); }).find("in Upsample") != std::string::npos);
  }
}
