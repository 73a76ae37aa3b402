#include "optim/state_reader.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"

using namespace tessera;
using optim::StateReader;

TEST_SUITE("optim/state_reader") {
  TEST_CASE("takes what fits") {
    StateReader reader({{"a", tensor({1, 2}, {2})}, {"n", scalar(int64_t{7}, i64)}});
    CHECK(reader.tensor("a", {2}, f32).to_vector<double>() == std::vector<double>{1, 2});
    CHECK(reader.number("n", i64) == 7);
    CHECK_FALSE(reader.tensor("b", {2}, f32, false).defined());
    reader.finish("load", "must fit");
  }

  TEST_CASE("names everything that does not") {
    StateReader reader({{"a", tensor({1, 2}, {2})}, {"x", {}}, {"n", scalar(-1.0, f64)}});
    reader.tensor("a", {3}, f64);
    reader.tensor("b", {2}, f32);
    reader.number("n", f64);
    CHECK_THROWS_WITH_AS(reader.finish("load", "must fit"),
                         "load: must fit: a must be f64 [3], got f32 [2]; b is missing; n must be "
                         "a finite number >= 0, got -1; x is unexpected",
                         Error);
  }

  TEST_CASE("long lists are shortened") {
    StateReader reader({});
    for (int i = 0; i < 100; ++i) reader.tensor("entry " + std::to_string(i), {}, f32);
    CHECK_THROWS_WITH_AS(reader.finish("load", "must fit"),
                         doctest::Contains("entry 7 is missing; and 92 more"), Error);
  }
}
