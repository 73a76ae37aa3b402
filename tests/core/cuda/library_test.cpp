#include "core/cuda/library.h"

#include <doctest/doctest.h>

#include "tests/error_of.h"

using tessera::cuda::Library;
using tessera::testing::error_of;

TEST_SUITE("core/cuda/library") {
  TEST_CASE("the first library that is there is loaded") {
    const Library math{"libnothing.so.1", "libm.so.6"};
    REQUIRE(math.found());
    CHECK(reinterpret_cast<double (*)(double)>(math.function("sqrt"))(9) == 3);
    CHECK(error_of([&] { math.function("no_such_function"); }) ==
          "cuda: libm.so.6 must have the function no_such_function; install a newer one");
  }

  TEST_CASE("a library that is not there is no error until it is needed") {
    const Library nothing{"libnothing.so.1"};
    CHECK(!nothing.found());
    CHECK(nothing.error().find("libnothing.so.1") != std::string::npos);
    CHECK(error_of([&] { nothing.function("f"); }).find("must have the function f") !=
          std::string::npos);
  }
}
