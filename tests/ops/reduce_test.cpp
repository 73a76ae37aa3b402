#include "ops/reduce.h"

#include <doctest/doctest.h>

#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(sum) {
  list.push_back({"all", [](const Tensors& x) { return sum(x[0]); }, {uniform({3, 5})}});
  list.push_back({"rows", [](const Tensors& x) { return sum(x[0], {1}); }, {uniform({4, 17})}});
  list.push_back(
      {"columns", [](const Tensors& x) { return sum(x[0], {0}, true); }, {uniform({7, 3})}});
  list.push_back({"both ends",
                  [](const Tensors& x) {
                    return sum(x[0], {0, -1});
                  },
                  {uniform({2, 3, 4})}});
  list.push_back({"nothing", [](const Tensors& x) { return sum(x[0], {1}); }, {uniform({2, 0})}});
}
