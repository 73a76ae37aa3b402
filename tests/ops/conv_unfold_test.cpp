#include "ops/conv_unfold.h"

#include "tests/ops/conv_check.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

namespace {

void check(const Shape& x, const Shape& w, const ConvOptions& options) {
  const ConvGeometry g = conv_geometry("conv", x.ndim() - 2, x, w, options);
  REQUIRE(unfold_fits(g));
  check_passes(g, unfold_forward, unfold_backward_data, unfold_backward_weight);
}

}  // namespace

TEST_SUITE("ops/conv_unfold") {
  TEST_CASE("all three passes equal the direct kernels: one element a patch") {
    for (const int64_t channels : {1, 2, 3, 17, 33, 70}) {
      check({2, channels, 17, 19}, {5, channels, 1, 1}, {});
      check({1, 3, 5, 60}, {channels, 3, 1, 1}, {});
    }
    check({3, 70, 2000}, {200, 70, 1}, {});
    check({2, 5, 9, 7, 6}, {4, 5, 1, 1, 1}, {.padding = 1});
    check({2, 6, 31, 33}, {9, 6, 1, 1}, {.stride = 2});
  }

  TEST_CASE("patches side by side") {
    check({2, 5, 40, 36}, {9, 5, 2, 2}, {.stride = 2});
    check({2, 3, 41, 37}, {4, 3, 2, 3}, {.stride = {2, 3}, .padding = 1});
    check({1, 2, 37, 90}, {3, 2, 2, 2}, {.stride = 4, .dilation = 3});
    check({1, 3, 16, 12, 14}, {2, 3, 2, 2, 2}, {.stride = 2});
  }

  TEST_CASE("few patches, which may overlap") {
    for (const int64_t extent : {1, 2, 3, 4, 5, 6, 7, 8, 9})
      check({3, 33, extent, 10 - extent}, {17, 33, 3, 3}, {.padding = 1});
    check({1, 130, 4, 4}, {300, 130, 3, 3}, {.padding = 1});
    check({2, 3, 5, 4, 3}, {4, 3, 3, 3, 3}, {.padding = 1, .dilation = {1, 2, 1}});
    // Small ones.
    check({2, 3, 25, 31}, {27, 3, 3, 3}, {.stride = 2, .padding = 1});
    check({2, 1, 30, 33}, {11, 1, 3, 3}, {.padding = uneven({0, 2}, {2, 1})});
  }

  TEST_CASE("nothing to compute") {
    check({0, 2, 4, 4}, {3, 2, 1, 1}, {});
    check({2, 0, 4, 4}, {3, 0, 1, 1}, {});
    check({2, 2, 4, 4}, {0, 2, 2, 2}, {.stride = 2});
  }

  TEST_CASE("other geometries are not for these kernels") {
    const auto fits = [](const Shape& x, const Shape& w, const ConvOptions& options) {
      return unfold_fits(conv_geometry("conv2d", 2, x, w, options));
    };
    CHECK(fits({1, 4, 40, 40}, {4, 4, 2, 2}, {.stride = 2}));
    CHECK(!fits({1, 4, 40, 40}, {4, 4, 2, 3}, {.stride = 2}));
    CHECK(!fits({1, 4, 40, 40}, {4, 2, 1, 1}, {.groups = 2}));
    CHECK(fits({1, 4, 16, 16}, {4, 4, 3, 3}, {.padding = 1}));
    CHECK(!fits({2, 4, 16, 16}, {4, 4, 3, 3}, {.padding = 1}));
    CHECK(fits({2, 4, 16, 16}, {36, 4, 3, 3}, {.padding = 1}));
    CHECK(!fits({2, 4, 16, 16}, {35, 4, 3, 3}, {.padding = 1}));
    CHECK(!fits({2, 1, 1024, 1024}, {16, 1, 3, 3}, {.padding = 1}));
  }
}
