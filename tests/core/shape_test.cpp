#include "core/shape.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("core/shape") {
  TEST_CASE("extents and their product") {
    const Shape shape{2, 3, 4};
    CHECK(shape.ndim() == 3);
    CHECK(shape[1] == 3);
    CHECK(shape.back() == 4);
    CHECK(shape.numel() == 24);
    CHECK(Shape{}.numel() == 1);
    CHECK(Shape{}.empty());
    CHECK(Shape{2, 0}.numel() == 0);
    CHECK(shape.str() == "[2, 3, 4]");
    CHECK(Shape{}.str() == "[]");
  }

  TEST_CASE("a product too large for 64 bits is the largest number") {
    constexpr int64_t kHuge = int64_t{1} << 40;
    CHECK(Shape{kHuge, kHuge}.numel() == std::numeric_limits<int64_t>::max());
    CHECK(Shape{kHuge, kHuge, 0}.numel() == 0);
  }

  TEST_CASE("edited copies") {
    const Shape shape{2, 3, 4};
    CHECK(shape.without(1) == Shape{2, 4});
    CHECK(shape.with(1, 7) == Shape{2, 7, 4});
    CHECK(shape.inserted(0, 1) == Shape{1, 2, 3, 4});
    CHECK(shape.inserted(3, 1) == Shape{2, 3, 4, 1});
    CHECK(shape.slice(1, 3) == Shape{3, 4});
    CHECK(shape.slice(1, 1) == Shape{});
    CHECK(Shape::filled(2, 5) == Shape{5, 5});
    CHECK(shape != Shape{2, 3});
  }

  TEST_CASE("at most 8 dimensions") {
    Shape shape = Shape::filled(8, 1);
    CHECK_THROWS_WITH_AS(shape.push_back(2), doctest::Contains("at most 8 dimensions"), Error);
    CHECK_THROWS_AS(shape.inserted(0, 1), Error);
    CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);
  }

  TEST_CASE("broadcasting aligns the last axes") {
    CHECK(broadcast_shapes({2, 1, 4}, {3, 1}, "add") == Shape{2, 3, 4});
    CHECK(broadcast_shapes({}, {2}, "add") == Shape{2});
    CHECK(broadcast_shapes({1}, {0}, "add") == Shape{0});
    CHECK_THROWS_WITH_AS(
        broadcast_shapes({2, 3}, {2, 4}, "add"),
        "add: shapes [2, 3] and [2, 4] do not broadcast: axis -1 has extents 3 and 4, which must "
        "be equal or 1",
        Error);
    CHECK_THROWS_AS(broadcast_shapes({2}, {0}, "add"), Error);
  }

  TEST_CASE("axes count from both ends") {
    CHECK(normalize_axis(-1, 3, "sum") == 2);
    CHECK(normalize_axis(0, 3, "sum") == 0);
    CHECK_THROWS_WITH_AS(normalize_axis(3, 3, "sum"),
                         "sum: axis must lie in [-3, 3), got 3 for a tensor of 3 dimensions",
                         Error);
    CHECK_THROWS_AS(normalize_axis(-4, 3, "sum"), Error);
  }

  TEST_CASE("row-major strides") {
    CHECK(row_major_strides({2, 3, 4}) == Shape{12, 4, 1});
    CHECK(row_major_strides({}) == Shape{});
  }
}
