#include "optim/ema.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/evaluator.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "optim/sgd.h"

using namespace tessera;
using optim::Ema;

namespace {

using Values = std::vector<double>;

Values values(const Tensor& x) {
  return x.to_vector<double>();
}

}  // namespace

TEST_SUITE("optim/ema") {
  TEST_CASE("averages by hand") {
    const Tensor x = variable(tensor({1, 4}, {2}, f64)), n = variable(tensor({3}, {}, i64));
    Ema ema({x, n}, {.decay = 0.75});
    x.update(tensor({5, 0}, {2}, f64));
    n.update(tensor({4}, {}, i64));
    ema.update();
    CHECK(values(ema.averages()[0]) == Values{2, 3});
    CHECK(values(ema.averages()[1]) == Values{4});
    ema.update();
    CHECK(values(ema.averages()[0]) == Values{2.75, 2.25});
  }

  TEST_CASE("warm-up forgets the start") {
    const Tensor x = variable(tensor({0}, {}, f64));
    Ema ema({x}, {.decay = 0.15, .warmup = true});
    x.update(tensor({1}, {}, f64));
    ema.update();  // decay 1 / 10
    CHECK(ema.averages()[0].item() == doctest::Approx(0.9));
    ema.update();  // 2 / 11 is more than 0.15
    CHECK(ema.averages()[0].item() == doctest::Approx(0.9 + 0.85 * 0.1));
  }

  TEST_CASE("variables hold the averages during a swap, and theirs again after it") {
    const Tensor x = variable(cast(tensor({1}, {1}), bf16));
    Ema ema({x}, {.decay = 0.5});
    x.update(cast(tensor({2}, {1}), bf16));
    ema.update();
    CHECK(ema.averages()[0].dtype() == f32);
    const auto interrupted = [&] {
      const Ema::Swap swap = ema.swap();
      CHECK(values(x) == Values{1.5});
      CHECK_THROWS_WITH_AS(ema.update(), doctest::Contains("end the swap first"), Error);
      CHECK_THROWS_AS(static_cast<void>(ema.swap()), Error);
      throw Error("in the middle");
    };
    CHECK_THROWS_AS(interrupted(), Error);
    CHECK(values(x) == Values{2});
    ema.update();
    CHECK(values(ema.averages()[0]) == Values{1.75});
  }

  TEST_CASE("resuming gives equal bits, at constant nodes, memory and plans") {
    const Tensor x = variable(tensor({1, 2, 3}, {3}));
    optim::Sgd sgd({x}, {.lr = 0.01});
    Ema ema({x}, {.decay = 0.9, .warmup = true});
    const auto step = [&] {
      sgd.step(sum(square(x)));
      ema.update();
    };
    for (int i = 0; i < 5; ++i) step();
    const MemoryStats before = memory_stats();
    const int64_t plans = evaluator_stats().plans_made;
    for (int i = 0; i < 200; ++i) step();
    CHECK(memory_stats().nodes == before.nodes);
    CHECK(memory_stats().live == before.live);
    CHECK(evaluator_stats().plans_made == plans);

    Ema resumed({x}, {.decay = 0.9, .warmup = true});
    resumed.load_state_dict(ema.state_dict());
    for (int i = 0; i < 5; ++i) {
      step();
      resumed.update();
    }
    CHECK(values(resumed.averages()[0]) == values(ema.averages()[0]));
  }

  TEST_CASE("what does not fit") {
    const Tensor x = variable(tensor({1}, {1}));
    CHECK_THROWS_WITH_AS(Ema({tensor({1}, {1})}), doctest::Contains("tensor 0 must be a variable"),
                         Error);
    CHECK_THROWS_WITH_AS(Ema({x}, {.decay = 2}), doctest::Contains("must lie in [0, 1], got 2"),
                         Error);
    Ema ema({x});
    CHECK_THROWS_WITH_AS(
        ema.load_state_dict({{"average.0", tensor({1, 2}, {2})}}),
        doctest::Contains("step is missing; average.0 must be f32 [1], got f32 [2]"), Error);
  }
}
