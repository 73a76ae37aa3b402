#include "core/settings.h"

#include <thread>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("core/settings") {
  TEST_CASE("guards hold for their scope and nest") {
    CHECK(settings().grad);
    {
      const NoGrad no_grad;
      CHECK_FALSE(settings().grad);
      {
        const EnableGrad enable;
        CHECK(settings().grad);
        const NoGrad again;
        CHECK_FALSE(settings().grad);
      }
      CHECK_FALSE(settings().grad);
    }
    CHECK(settings().grad);
    {
      const Eager eager;
      CHECK(settings().eager);
    }
    CHECK_FALSE(settings().eager);
    {
      const FusionRules rules({.rows = false});
      CHECK_FALSE(settings().fusion.rows);
      CHECK(settings().fusion.siblings);
    }
    CHECK(settings().fusion.rows);
  }

  TEST_CASE("an exception ends a guard") {
    try {
      const NoGrad no_grad;
      fail("f: wrong");
    } catch (const Error&) {
    }
    CHECK(settings().grad);
  }

  TEST_CASE("each thread has its own settings") {
    const NoGrad no_grad;
    bool grad = false;
    std::thread([&] { grad = settings().grad; }).join();
    CHECK(grad);
  }

  TEST_CASE("the number of threads is at least 1") {
    const int before = num_threads();
    set_num_threads(2);
    CHECK(num_threads() == 2);
    set_num_threads(before);
    CHECK_THROWS_WITH_AS(set_num_threads(0), doctest::Contains("at least 1 thread, got 0"), Error);
  }
}
