#include "ops/shape.h"

#include <doctest/doctest.h>

#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(slice) {
  list.push_back({"step",
                  [](const Tensors& x) { return slice(x[0], 1, {.start = 1, .step = 3}); },
                  {uniform({2, 8})}});
  list.push_back({"backwards",
                  [](const Tensors& x) { return slice(x[0], 0, {.step = -2}); },
                  {uniform({7, 2})}});
}
