#include "ops/binary.h"

#include <doctest/doctest.h>

#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(mul) {
  list.push_back({"broadcast",
                  [](const Tensors& x) { return x[0] * x[1]; },
                  {uniform({3, 1, 5}), uniform({4, 1}, -1, 1, 1)}});
}
SAMPLES(div) {
  list.push_back({"broadcast",
                  [](const Tensors& x) { return x[0] / x[1]; },
                  {uniform({3, 5}), uniform({5}, 1, 2, 1)}});
}
