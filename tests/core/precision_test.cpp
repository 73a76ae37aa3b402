#include "core/precision.h"

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("core/precision") {
  TEST_CASE("strict f32 holds for a scope") {
    CHECK(!strict_f32());
    {
      const StrictF32 strict;
      CHECK(strict_f32());
      { const StrictF32 again; }
      CHECK(strict_f32());
    }
    CHECK(!strict_f32());
  }
}
