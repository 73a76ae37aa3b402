#include "ops/per_axis.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("ops/per_axis") {
  TEST_CASE("one number stands for every axis, a list for one each") {
    CHECK(PerAxis(3).resolve(2, 1, "pool", "kernel") == Shape{3, 3});
    CHECK(PerAxis({3, 5}).resolve(2, 1, "pool", "kernel") == Shape{3, 5});
    CHECK(PerAxis(Shape{4}).resolve(3, 1, "pool", "kernel") == Shape{4, 4, 4});
    CHECK(PerAxis().empty());
    CHECK(!PerAxis(0).empty());
  }

  TEST_CASE("names the operator and the setting that does not fit") {
    CHECK_THROWS_WITH_AS(PerAxis({1, 2, 3}).resolve(2, 1, "pool", "kernel"),
                         "pool: kernel must be one number or 2, one for each spatial axis, got "
                         "[1, 2, 3]",
                         Error);
    CHECK_THROWS_WITH_AS(PerAxis({2, 0}).resolve(2, 1, "pool", "stride"),
                         "pool: stride must be at least 1 and less than 2^31, got [2, 0]", Error);
    CHECK_THROWS_AS(PerAxis().resolve(2, 1, "pool", "kernel"), Error);
    CHECK_THROWS_AS(PerAxis(int64_t{1} << 31).resolve(1, 0, "pool", "padding"), Error);
  }
}
