#include "infer/tiling.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "tests/oracle.h"

using namespace tessera;
using infer::Blend;
using infer::Placement;

TEST_SUITE("infer/tiling") {
  TEST_CASE("windows stand where nnU-Net and MONAI put them") {
    const testing::Oracle oracle("sliding_window");
    int cases = 0;
    for (const auto& [name, placement] :
         {std::pair{"nnunet", Placement::nnunet}, std::pair{"monai", Placement::monai}}) {
      for (const auto& [extent, tile] : std::vector<std::pair<int64_t, int64_t>>{{10, 10},
                                                                                 {11, 10},
                                                                                 {37, 16},
                                                                                 {64, 16},
                                                                                 {65, 16},
                                                                                 {129, 32},
                                                                                 {100, 33},
                                                                                 {7, 1},
                                                                                 {255, 96}}) {
        for (const char* overlap : {"0.0", "0.25", "0.5", "0.6"}) {
          const std::string key = fmt::format("{}/{} {} {}", name, extent, tile, overlap);
          CAPTURE(key);
          CHECK(infer::window_starts(extent, tile, std::stod(overlap), placement) ==
                oracle(key).to_vector<int64_t>());
          ++cases;
        }
      }
    }
    CHECK(cases == 72);
  }

  TEST_CASE("Gaussians as nnU-Net and MONAI have them") {
    const testing::Oracle oracle("sliding_window");
    for (const int64_t tile : {8, 9, 32}) {
      CAPTURE(tile);
      const auto nnunet = oracle(fmt::format("nnunet gaussian/{}", tile)).to_vector<double>();
      const auto ours = infer::window_weights(tile, Blend::gaussian, Placement::nnunet);
      const auto monai = oracle(fmt::format("monai gaussian/{}", tile)).to_vector<double>();
      const auto theirs = infer::window_weights(tile, Blend::gaussian, Placement::monai);
      for (size_t i = 0; i < ours.size(); ++i) {
        CHECK(ours[i] == doctest::Approx(nnunet[i]).epsilon(1e-12));
        CHECK(std::max(theirs[i], 1e-3) == doctest::Approx(monai[i]).epsilon(1e-6));
      }
    }
  }

  TEST_CASE("a Hann window's halves add up to one") {
    const auto weights = infer::window_weights(6, Blend::hann, Placement::nnunet);
    CHECK(weights[0] == doctest::Approx(0.0669873));
    for (size_t i = 0; i < 3; ++i) CHECK(weights[i] + weights[i + 3] == doctest::Approx(1));
  }

  TEST_CASE("what cannot be is refused") {
    CHECK_THROWS_WITH_AS(infer::window_starts(4, 5, 0.5, Placement::nnunet),
                         doctest::Contains("from 1 to the extent 4, got 5"), Error);
    CHECK_THROWS_WITH_AS(infer::window_starts(4, 2, 1, Placement::nnunet),
                         doctest::Contains("must be in [0, 1), got 1"), Error);
    CHECK_THROWS_WITH_AS(infer::parse_blend("gausian"), doctest::Contains("'gaussian'?"), Error);
    CHECK(infer::parse_placement("monai") == Placement::monai);
  }
}
