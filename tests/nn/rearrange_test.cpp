#include "nn/rearrange.h"

#include <doctest/doctest.h>

#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/rearrange") {
  TEST_CASE("rearrangements are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("flatten", [] { return nn::Flatten(); });
    oracle.check("flatten some", [] { return nn::Flatten(0, 1); });
    oracle.check("unflatten", [] { return nn::Unflatten(1, {2, 3}); });
    oracle.check("pixel_shuffle", [] { return nn::PixelShuffle(2); });
    oracle.check("pixel_unshuffle", [] { return nn::PixelUnshuffle(2); });
    oracle.check("channel_shuffle", [] { return nn::ChannelShuffle(2); });
  }

  TEST_CASE("settings are described, wrong ones and wrong inputs refused") {
    CHECK(nn::Flatten().describe() == "start_dim=1, end_dim=-1");
    CHECK(nn::Unflatten(1, {2, 2}).describe() == "dim=1, unflattened_size=[2, 2]");
    CHECK(nn::PixelShuffle(3).describe() == "upscale_factor=3");
    CHECK(error_of([] { nn::PixelShuffle(0); }) ==
          "PixelShuffle: upscale_factor must be positive, got 0");
    CHECK(error_of([] { nn::PixelUnshuffle(-1); }) ==
          "PixelUnshuffle: downscale_factor must be positive, got -1");
    CHECK(error_of([] { nn::ChannelShuffle(0); }) ==
          "ChannelShuffle: groups must be positive, got 0");
    CHECK(error_of([] {
            nn::PixelShuffle(2)(ones({1, 3, 2, 2}));
          }).find("in PixelShuffle") != std::string::npos);
  }
}
