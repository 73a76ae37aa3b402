#include "io/phantom.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/phantom") {
  TEST_CASE("every kind shows all its classes, and depends on the seed alone") {
    for (const PhantomKind& kind : phantom_kinds()) {
      INFO(kind.name);
      PhantomOptions o{.size = {kind.is_volume ? 12 : 1, 64, 80}, .seed = 5, .raters = 1};
      const Phantom one = make_phantom(kind, o, 3);
      CHECK(one.image == make_phantom(kind, o, 3).image);
      CHECK(one.image != make_phantom(kind, o, 4).image);
      CHECK(std::ranges::all_of(one.image, [](float v) { return v >= 0 && v <= 1; }));
      const std::set<uint8_t> seen(one.mask.begin(), one.mask.end());
      CHECK(seen.size() == kind.labels.size());
      CHECK(*seen.rbegin() == kind.labels.size() - 1);
      REQUIRE(one.raters.size() == 1);
      CHECK(one.raters[0] != one.mask);

      // Noise and raters change nothing in what is drawn.
      o.noise = o.bias = 0;
      o.raters = 0;
      const Phantom clean = make_phantom(kind, o, 3);
      CHECK(clean.mask == one.mask);
      CHECK(clean.image != one.image);
      o.seed = 6;
      CHECK(make_phantom(kind, o, 3).mask != one.mask);
    }
  }

  TEST_CASE("impossible ones") {
    const PhantomKind& cells = find_phantom("cells");
    const auto fails = [&](const PhantomOptions& o, const char* text) {
      CHECK_THROWS_WITH_AS(make_phantom(cells, o, 0), doctest::Contains(text), Error);
    };
    fails({.size = {1, 8, 64}}, "between 16 and 4096 along each axis");
    fails({.size = {1, 64, 1 << 20}}, "got 1x64x1048576");
    fails({.size = {2, 64, 64}}, "cells are pictures, so the depth must be 1, got 2");
    fails({.noise = -1}, "noise must not be negative");
    fails({.bias = 1}, "bias lie in [0, 1)");
    fails({.raters = 21}, "raters must lie in [0, 20], got 21");
    CHECK_THROWS_WITH_AS(find_phantom("vesels"), doctest::Contains("did you mean 'vessels'?"),
                         Error);
  }
}
