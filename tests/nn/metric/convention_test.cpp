#include "nn/metric/convention.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("nn/metric/convention") {
  // What they compute is checked in metric_test.cpp.
  TEST_CASE("names") {
    std::string names;
    for (const nn::Convention& one : nn::conventions()) {
      names += one.name + " ";
      CHECK(&nn::convention(one.name) == &one);
      CHECK_FALSE(one.meaning.empty());
    }
    CHECK(names == "tessera medpy monai deepmind nnunet jmedseg ");
    CHECK_THROWS_WITH_AS(nn::convention("deepmint"), doctest::Contains("did you mean 'deepmind'?"),
                         Error);
  }
}
