#include "nn/pad.h"

#include <doctest/doctest.h>

#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/pad") {
  TEST_CASE("paddings are those of torch.nn") {
    const testing::LayerOracle oracle;
    std::vector<int64_t> pads = {1, 0};
#define CHECK_PAD(Name) oracle.check(#Name, [&] { return nn::Name(pads); });
#define CHECK_1D(Name, mode) CHECK_PAD(Name##1d)
#define CHECK_2D(Name, mode) CHECK_PAD(Name##2d)
#define CHECK_3D(Name, mode) CHECK_PAD(Name##3d)
    TESSERA_PAD_MODULES(CHECK_1D)
    pads = {1, 0, 1, 1};
    TESSERA_PAD_MODULES(CHECK_2D)
    pads = {1, 0, 1, 1, 0, 1};
    TESSERA_PAD_MODULES(CHECK_3D)
#undef CHECK_PAD
#undef CHECK_1D
#undef CHECK_2D
#undef CHECK_3D
    oracle.check("ConstantPad1d", [] { return nn::ConstantPad1d(1, 0.5); });
    oracle.check("ConstantPad2d", [] { return nn::ConstantPad2d(1, 0.5); });
    oracle.check("ConstantPad3d", [] { return nn::ConstantPad3d(1, 0.5); });
  }

  TEST_CASE("negative numbers crop, and the batch may be left out") {
    CHECK(nn::ZeroPad2d({-1, 0, 1, 0})(ones({3, 4, 4})).shape() == Shape{3, 5, 3});
  }

  TEST_CASE("settings are described, wrong ones and wrong inputs refused") {
    CHECK(nn::ReflectionPad2d(1).describe() == "1");
    CHECK(nn::ZeroPad2d({1, 0, 1, 0}).describe() == "[1, 0, 1, 0]");
    CHECK(nn::ConstantPad1d(2, 0.5).describe() == "2, value=0.5");
    CHECK(error_of([] {
            nn::ZeroPad2d({1, 2, 3});
          }) ==
          "ZeroPad2d: padding must be one number or 4, a pair for each spatial axis, got 1, 2, 3");
    CHECK(error_of([] {
            nn::ReflectionPad2d(1)(ones({4, 4}));
          }).find("ReflectionPad2d: x must have 3 or 4 axes, got [4, 4]") == 0);
    CHECK(error_of([] {
            nn::ReflectionPad1d(4)(ones({1, 1, 4}));
          }).find("in ReflectionPad1d") != std::string::npos);
  }
}
