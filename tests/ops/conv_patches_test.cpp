#include "ops/conv_patches.h"

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::detail;

TEST_SUITE("ops/conv_patches") {
  TEST_CASE("a line of patches, by hand") {
    const ConvGeometry g = conv_geometry("conv1d", 1, {1, 1, 5}, {1, 1, 2},
                                         {.stride = 2, .padding = 1, .dilation = 2});
    const Patches patches = forward_patches(g);
    const std::vector<Run> runs = runs_of(patches.grid, 0, product(patches.grid));
    const float line[] = {1, 2, 3, 4, 5};
    std::vector<float> seen(3);
    patches.read(line, patches.shift[0], runs, seen.data());
    CHECK(seen == std::vector<float>{0, 2, 4});
    patches.read(line, patches.shift[1], runs, seen.data());
    CHECK(seen == std::vector<float>{2, 4, 0});
    std::vector<float> sums(5);
    patches.add(seen.data(), patches.shift[1], runs, sums.data());
    CHECK(sums == std::vector<float>{0, 2, 0, 4, 0});
  }

  TEST_CASE("positions in the order of memory, cut at the ends of lines") {
    const std::vector<Run> runs = runs_of({2, 2, 3}, 2, 8);
    REQUIRE(runs.size() == 3);
    CHECK(runs[0].first == Index{0, 0, 2});
    CHECK(runs[0].count == 1);
    CHECK(runs[1].first == Index{0, 1, 0});
    CHECK(runs[1].count == 3);
    CHECK(runs[2].first == Index{1, 0, 0});
    CHECK(runs[2].count == 2);
  }
}
