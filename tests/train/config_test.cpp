#include "train/config.h"

#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include "tests/error_of.h"
#include "tests/text.h"

using namespace tessera;
using testing::error_of;
using testing::has;
using train::TrainConfig;

namespace {}  // namespace

TEST_SUITE("train/config") {
  TEST_CASE("impossible values are refused by name") {
    TrainConfig config;
    CHECK(has(error_of([&] { config.check(); }), "--data"));
    config.data = "d";
    CHECK(has(error_of([&] { config.check(); }), "--out"));
    config.out = "o";
    config.check();
    config.epochs = 0;
    CHECK(has(error_of([&] { config.check(); }), "epochs must be from 1 to 1000000, got 0"));
    config.epochs = 1;
    config.lr = std::numeric_limits<double>::quiet_NaN();
    CHECK(has(error_of([&] { config.check(); }), "lr must be above 0 and finite, got nan"));
    config.lr = 1;
    config.device = "tpu";
    CHECK(has(error_of([&] { config.check(); }), "device: "));
  }
}
