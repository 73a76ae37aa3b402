#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "io/augment_text.h"

using namespace tessera::io;

namespace {

// The geometry that a step draws for an image of this size.
Warp drawn(const std::string& text, Extent extent, uint32_t trial) {
  Warp warp{.image = extent, .window = extent};
  const AugmentStep step = parse_augment(text).steps[0];
  Draws draws(1, 7, trial);
  step.kind->move(step, draws, warp);
  return warp;
}

struct Seen {
  double low = 1e9, high = -1e9;
  void add(double v) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  // Whether what was seen fills a range, but for a twentieth of it.
  bool fills(double from, double to) const {
    const double slack = (to - from) / 20;
    return low >= from - 1e-9 && high <= to + 1e-9 && low < from + slack && high > to - slack;
  }
};

constexpr Extent kSquare{1, 40, 40}, kLong{1, 20, 40}, kCube{32, 32, 32}, kThin{8, 32, 32};

}  // namespace

TEST_SUITE("io/spatial_steps") {
  TEST_CASE("angles fill their ranges, by the shape of what is turned") {
    const std::string text = "rotate(-180,180,elongated=-15..15,volume=-30..30)";
    const auto in_plane = [&](Extent extent) {
      Seen seen;
      for (uint32_t trial = 0; trial < 400; ++trial) {
        const Affine m = drawn(text, extent, trial).turn;
        CHECK((m.zz == 1 && m.zy == 0 && m.zx == 0));
        CHECK(m.yy * m.xx - m.yx * m.xy == doctest::Approx(1));
        seen.add(std::atan2(m.yx, m.yy) * 180 / std::numbers::pi);
      }
      return seen;
    };
    CHECK(in_plane(kSquare).fills(-180, 180));
    CHECK(in_plane(kThin).fills(-180, 180));
    CHECK(in_plane(kLong).fills(-15, 15));
    // Three turns about 30 degrees at most; each on its own by its chance.
    int none = 0;
    for (uint32_t trial = 0; trial < 400; ++trial) {
      const Affine m = drawn(text, kCube, trial).turn;
      CHECK(m.zz >= 0.74999);  // cos(30 degrees) twice
      CHECK(m.zz * m.zz + m.yz * m.yz + m.xz * m.xz == doctest::Approx(1));
      none += drawn("rotate(volume=30,axes=0.5)", kCube, trial).turn == Affine{} ? 1 : 0;
    }
    CHECK(none > 25);  // an eighth of 400
    CHECK(none < 80);
  }

  TEST_CASE("factors, shears and shifts fill their ranges") {
    Seen factor, inverse, apart, shear, shift;
    for (uint32_t trial = 0; trial < 400; ++trial) {
      const Affine m = drawn("scale(0.8,1.25)", kSquare, trial).turn;
      CHECK(m.yy == m.xx);
      CHECK(m.zz == 1);
      factor.add(1 / m.xx);
      inverse.add(drawn("scale(0.7,1.4,inverse)", kCube, trial).turn.zz);
      const Affine axes = drawn("scale(0.8,1.25,axes)", kCube, trial).turn;
      apart.add(axes.zz / axes.yy);
      CHECK(drawn("shear(0.2)", kSquare, trial).turn.zx == 0);
      shear.add(drawn("shear(0.2)", kCube, trial).turn.zx);
      shift.add(drawn("translate(0.1)", kLong, trial).turn.x0);
    }
    CHECK(factor.fills(0.8, 1.25));
    CHECK(inverse.fills(0.7, 1.4));
    CHECK(apart.high > 1.3);
    CHECK(shear.fills(-0.2, 0.2));
    CHECK(shift.fills(-4, 4));
  }

  TEST_CASE("quarter turns and exchanged axes need axes of one length") {
    int quarter = 0, half = 0, still = 0;
    for (uint32_t trial = 0; trial < 600; ++trial) {
      const Affine square = drawn("rot90", kSquare, trial).turn;
      quarter += square.yy == 0 ? 1 : 0;
      half += square.yy == -1 ? 1 : 0;
      CHECK(drawn("rot90", kLong, trial).turn == Affine{.yy = -1, .xx = -1});
      CHECK(drawn("transpose", kLong, trial).turn == Affine{});
      CHECK(drawn("transpose", kSquare, trial).turn == Affine{.yy = 0, .yx = 1, .xy = 1, .xx = 0});
      still += drawn("transpose", kCube, trial).turn.zz == 1 ? 1 : 0;
    }
    CHECK(std::abs(quarter - 400) < 50);
    CHECK(std::abs(half - 200) < 50);
    CHECK(std::abs(still - 200) < 50);  // one plane of three
  }

  TEST_CASE("mirrors and bends") {
    CHECK(drawn("flip", kSquare, 0).turn == Affine{.xx = -1});
    CHECK(drawn("vflip", kSquare, 0).turn == Affine{.yy = -1});
    CHECK(drawn("zflip", kSquare, 0).turn == Affine{});
    CHECK(drawn("zflip", kCube, 0).turn == Affine{.zz = -1});
    CHECK(drawn("elastic", kCube, 0).bends.size() == 1);
  }
}
