#include "nn/metric/confusion.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/unary.h"

using namespace tessera;
using nn::Confusion;

TEST_SUITE("nn/metric/confusion") {
  TEST_CASE("counts by hand") {
    Confusion c(3);
    CHECK(std::isnan(c.accuracy()));
    c.add(std::vector<int64_t>{0, 1, 1, 2, 0, 1}, std::vector<int64_t>{0, 1, 2, 2, 9, 1}, 9);
    CHECK(c.count(0, 0) == 1);
    CHECK(c.count(2, 1) == 1);
    CHECK(c.count(1, 2) == 0);
    CHECK(c.reference(2) == 2);
    CHECK(c.predicted(1) == 3);
    CHECK(c.both(1) == 2);
    CHECK(c.total() == 5);
    CHECK(c.ignored() == 1);
    CHECK(c.accuracy() == 0.8);
    const Confusion once = c;
    c += once;
    CHECK(c.both(1) == 4);
    CHECK(c.ignored() == 2);
    c.add_count(0, 2, 7);
    CHECK(c.count(0, 2) == 7);
    CHECK_THROWS_AS(c.add_count(0, 3, 1), Error);
  }

  TEST_CASE("samples of logits") {
    // [2, 2, 2]: the second sample ties at its first pixel, which goes to the first class
    const Tensor logits = tensor({1, 0, 0, 2, 3, 0, 3, 1}, {2, 2, 2});
    const Tensor target = tensor({0, 1, 1, 1}, {2, 2}, u8);
    CHECK(nn::predicted_classes(logits).to_vector<int64_t>() == std::vector<int64_t>{0, 1, 0, 1});
    const std::vector<Confusion> counts = nn::confusion(logits, target);
    REQUIRE(counts.size() == 2);
    CHECK(counts[0].accuracy() == 1);
    CHECK(counts[1].count(1, 0) == 1);
    CHECK(counts[1].both(1) == 1);
    CHECK(nn::confusion(zeros({0, 2, 3}), zeros({0, 3}, i64)).empty());
  }

  TEST_CASE("one channel is positive or not") {
    const Tensor logits = tensor({-1, 0, 0.5}, {1, 1, 3}, bf16);
    CHECK(nn::predicted_classes(logits).to_vector<int64_t>() == std::vector<int64_t>{0, 0, 1});
    const Tensor mask = cast(tensor({0, 1, 1}, {1, 3}), bool_);
    const Confusion c = nn::confusion(logits, mask)[0];
    CHECK(c.classes() == 2);
    CHECK(c.both(1) == 1);
    CHECK(c.count(1, 0) == 1);
  }

  TEST_CASE("what does not fit") {
    Confusion c(2);
    CHECK_THROWS_WITH_AS(c.add(std::vector<int64_t>{0, 1}, std::vector<int64_t>{0, 2}, -100),
                         doctest::Contains("classes must lie in [0, 2), got reference 2 and "
                                           "prediction 1 at pixel 1"),
                         Error);
    CHECK(c.total() == 0);
    CHECK_THROWS_WITH_AS(c.add(std::vector<int64_t>{0, 1}, std::vector<int64_t>{0}, -100),
                         doctest::Contains("the same number of pixels, got 2 and 1"), Error);
    CHECK_THROWS_AS(c += Confusion(3), Error);
    CHECK_THROWS_AS(c.count(2, 0), Error);
    CHECK_THROWS_AS(Confusion(0), Error);
    CHECK_THROWS_AS(Confusion(1 << 30), Error);
    CHECK_THROWS_WITH_AS(nn::predicted_classes(zeros({3})), doctest::Contains("[N, C, d1, ...]"),
                         Error);
    CHECK_THROWS_WITH_AS(nn::confusion(zeros({1, 2, 3}), zeros({1, 3})),
                         doctest::Contains("must be the classes as integers [1, 3], got f32"),
                         Error);
    CHECK_THROWS_AS(nn::confusion(zeros({1, 2, 3}), Tensor()), Error);
  }
}
