#include "optim/loss_scaler.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/amp.h"
#include "core/error.h"
#include "core/random.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "optim/sgd.h"

using namespace tessera;
using optim::LossScaler;

namespace {

using Values = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_SUITE("optim/loss_scaler") {
  TEST_CASE("in f32 a power of two as factor does not change a bit") {
    const auto train = [](bool scaled, bool accumulated) {
      manual_seed(1);
      const Tensor w = variable(randn({3, 4})), x = randn({5, 3});
      optim::Adam adam({w}, {.lr = 0.1}, {.clip_norm = 0.5});
      LossScaler scaler;
      for (int i = 0; i < 5; ++i) {
        const auto loss = [&] { return mean(square(matmul(x, w) - i)); };
        if (accumulated) scaled ? scaler.backward(adam, loss()) : adam.backward(loss());
        if (scaled) {
          CHECK(scaler.step(adam, loss()));
        } else {
          adam.step(loss());
        }
      }
      return w.to_vector<double>();
    };
    CHECK(train(true, false) == train(false, false));
    CHECK(train(true, true) == train(false, true));
  }

  TEST_CASE("a step that overflows is left out, and the factor adapts as GradScaler's") {
    const Tensor w = variable(tensor({1, 2}, {2})), x = variable(ones({}));
    optim::Sgd sgd({w, x}, {.lr = 0.5, .momentum = 0.9});
    LossScaler scaler({.scale = 8, .growth_interval = 3});
    const auto step = [&](double factor) { return scaler.step(sgd, sum(w * factor) + x); };
    CHECK(step(1));
    const auto state = sgd.state_dict();
    CHECK_FALSE(step(kInfinity));
    CHECK_FALSE(step(std::nan("")));
    CHECK(scaler.scale() == 2);
    CHECK(w.to_vector<double>() == Values{0.5, 1.5});
    CHECK(x.item() == 0.5);
    for (const auto& entry : sgd.state_dict())
      CHECK(entry.second.to_vector<double>() == state.at(entry.first).to_vector<double>());
    for (const double expected : {2.0, 2.0, 4.0, 4.0, 4.0, 8.0}) {
      CHECK(step(0));
      CHECK(scaler.scale() == expected);
    }
    // What was accumulated is forgotten with the step.
    scaler.backward(sgd, sum(w * 1e38) + x);
    CHECK_FALSE(step(1e38));
    CHECK(scaler.scale() == 4);
    CHECK(step(0));
  }

  TEST_CASE("small gradients arrive through f16") {
    const Tensor x = ones({1, 2});
    const auto moved = [&](LossScaler scaler) {
      const Tensor w = variable(ones({2, 1}));
      optim::Sgd sgd({w}, {.lr = 1e6});
      Tensor loss;
      {
        const Amp amp(f16);
        loss = sum(matmul(x, w)) * 1e-9;
      }
      scaler.step(sgd, loss);
      return 1 - w.to_vector<double>()[0];
    };
    CHECK(moved(LossScaler({.scale = 1})) == 0);
    CHECK(moved(LossScaler()) == doctest::Approx(1e-3).epsilon(0.01));
  }

  TEST_CASE("its state goes on") {
    const Tensor w = variable(ones({2}));
    optim::Sgd sgd({w}, {.lr = 0.1});
    LossScaler scaler({.growth_interval = 2}), other({.growth_interval = 2});
    scaler.step(sgd, sum(w));
    other.load_state_dict(scaler.state_dict());
    other.step(sgd, sum(w));
    CHECK(other.scale() == 131072);
    CHECK_THROWS_WITH_AS(other.load_state_dict({}), doctest::Contains("LossScaler"), Error);
    CHECK(other.scale() == 131072);
  }

  TEST_CASE("a loss that is never finite is an error, and so are impossible options") {
    const Tensor w = variable(ones({2}));
    optim::Sgd sgd({w}, {.lr = 0.1});
    LossScaler scaler({.scale = 1e-7});
    CHECK_FALSE(scaler.step(sgd, sum(w * kInfinity)));
    CHECK_THROWS_WITH_AS(scaler.step(sgd, sum(w * kInfinity)),
                         doctest::Contains("must be finite, but even of the loss times 5e-08"),
                         Error);
    CHECK(w.to_vector<double>() == Values{1, 1});
    const optim::LossScalerOptions wrong[] = {
        {.scale = 0}, {.growth_factor = 1}, {.backoff_factor = 1}, {.growth_interval = 0}};
    for (const optim::LossScalerOptions& options : wrong)
      CHECK_THROWS_AS(LossScaler{options}, Error);
  }
}
