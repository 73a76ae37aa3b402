#include "core/error.h"

#include <doctest/doctest.h>

#include "core/call.h"

using namespace tessera;

TEST_SUITE("core/error") {
  TEST_CASE("require throws what it is told, when it is told") {
    CHECK_NOTHROW(require(true, "f: {} must hold", 1));
    CHECK_THROWS_WITH_AS(require(false, "f: {} must hold, got {}", Shape{1, 2}, bf16),
                         "f: [1, 2] must hold, got bf16", Error);
  }

  TEST_CASE("an error ends with the line of the user") {
    CHECK_THROWS_WITH_AS(fail("f: wrong"), "f: wrong", Error);
    const CallAt at({"f", "model.cpp", 12});
    CHECK_THROWS_WITH_AS(fail("f: wrong"), "f: wrong\n  at model.cpp:12", Error);
    CHECK_THROWS_WITH_AS(require(false, "f: {}", 7), "f: 7\n  at model.cpp:12", Error);
  }

  TEST_CASE("shapes and dtypes are formatted like strings") {
    CHECK(fmt::format("{}|{:>8}|{:<3}|", Shape{2, 3}, Shape{}, Shape{1}) == "[2, 3]|      []|[1]|");
    CHECK(fmt::format("{}|{:>6}|", f32, bool_) == "f32|  bool|");
  }
}
