#include "optim/schedule.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using optim::schedule;
using optim::SchedulePtr;

namespace {

// The factors of as many iterations as were recorded.
void check(const std::string& what, const SchedulePtr& schedule) {
  INFO(what);
  const Tensor expected = Oracle("schedule")(what);
  std::vector<double> factors;
  for (int64_t i = 0; i < expected.numel(); ++i) factors.push_back(schedule->factor(i));
  check_close(tensor<double>(factors, expected.shape()), expected, 1e-12);
}

}  // namespace

TEST_SUITE("optim/schedule") {
  TEST_CASE("the same as torch") {
    check("poly", optim::poly(30));
    check("cosine", optim::cosine(40, 0.1));
    check("restarts", optim::cosine_restarts(7, 1, 0.05));
    check("restarts longer", optim::cosine_restarts(5, 2));
    check("step", optim::step(9, 0.5));
    check("multi_step", optim::multi_step({5, 20, 21}, 0.3));
    check("exponential", optim::exponential(0.9));
    check("one_cycle", optim::one_cycle(40));
    check("one_cycle options", optim::one_cycle(40, {.rise = 0.45, .div = 10, .final_div = 100}));
    check("warmup", optim::warmup(8, optim::cosine(32), 0.1));
  }

  TEST_CASE("as text: the same, with lengths as shares of the run") {
    check("poly", schedule("poly", 30));
    check("cosine", schedule("cosine(lowest=0.1)", 40));
    check("restarts longer", schedule("cosine_restarts(0.125, 2)", 40));
    check("restarts", schedule("cosine_restarts(7, lowest=0.05)", 40));
    check("step", schedule("step(9, gamma=0.5)", 40));
    check("multi_step", schedule("multi_step([0.125, 20, 21], 0.3)", 40));
    check("exponential", schedule("exponential(0.9)", 40));
    check("one_cycle options", schedule("one_cycle(rise=0.45, div=10, final_div=100)", 40));
    check("warmup", schedule("warmup(8, start=0.1) + cosine", 40));
    check("warmup", schedule("warmup(0.2, 0.1)+cosine", 40));
    CHECK(schedule("constant", 1)->factor(1000) == 1);
  }

  TEST_CASE("by hand, and after the end") {
    const SchedulePtr poly = optim::poly(4, 2);
    CHECK(poly->factor(0) == 1);
    CHECK(poly->factor(2) == 0.25);
    CHECK(poly->factor(100) == 0);
    CHECK(optim::cosine(10, 0.25)->factor(5) == doctest::Approx(0.625));
    CHECK(optim::cosine(10, 0.25)->factor(1000) == doctest::Approx(0.25));
    CHECK(optim::one_cycle(10)->factor(1000) == doctest::Approx(1 / 25. / 1e4));
    CHECK(std::isfinite(optim::one_cycle(1)->factor(0)));
    CHECK(optim::one_cycle(4, {.rise = 0})->factor(3) == doctest::Approx(1 / 25. / 1e4));
    CHECK(optim::one_cycle(4, {.rise = 1})->factor(3) == 1);
    const SchedulePtr warm = optim::warmup(4, optim::constant(), 0);
    CHECK(warm->factor(0) == 0);
    CHECK(warm->factor(1) == 0.25);
    CHECK(warm->factor(4) == 1);
  }

  TEST_CASE("plateau: the same as torch, and resumed in the middle") {
    const std::vector<double> scores = Oracle("schedule")("scores").to_vector<double>();
    const auto run = [&](const char* what, const optim::PlateauOptions& options, double sign) {
      INFO(what);
      const std::vector<double> expected = Oracle("schedule")(what).to_vector<double>();
      SchedulePtr plateau = optim::plateau(options);
      for (size_t i = 0; i < expected.size(); ++i) {
        CHECK(plateau->factor(0) == doctest::Approx(expected[i]).epsilon(1e-12));
        plateau->observe(sign < 0 ? 2 - scores[i] : scores[i]);
        if (i % 5 != 0) continue;
        SchedulePtr resumed = optim::plateau(options);
        resumed->load_state_dict(plateau->state_dict());
        plateau = std::move(resumed);
      }
    };
    run("plateau", {.factor = 0.5, .patience = 2}, 1);
    run("plateau cooldown",
        {.factor = 0.5, .patience = 1, .threshold = 0.1, .cooldown = 3, .lowest = 0.2}, 1);
    run("plateau maximize", {.factor = 0.3, .patience = 3, .maximize = true}, -1);
  }

  TEST_CASE("a score that is not a number is not better") {
    const SchedulePtr plateau =
        schedule("warmup(2) + plateau(factor=0.5, patience=1, maximize=true)", 10);
    plateau->observe(0.5);
    plateau->observe(NAN);
    CHECK(plateau->factor(5) == 1);
    plateau->observe(NAN);
    CHECK(plateau->factor(5) == 0.5);
    CHECK(plateau->factor(0) == 1e-3);
    CHECK(plateau->state_dict().size() == 5);
  }

  TEST_CASE("a state that does not fit is refused") {
    const SchedulePtr plateau = optim::plateau();
    auto state = plateau->state_dict();
    state.erase("bad");
    state["more"] = scalar(1.0, f64);
    CHECK_THROWS_WITH_AS(plateau->load_state_dict(state),
                         doctest::Contains("bad is missing; more is unexpected"), Error);
    CHECK_THROWS_WITH_AS(optim::poly(3)->load_state_dict(state),
                         doctest::Contains("this one has no state"), Error);
    optim::poly(3)->load_state_dict({});
  }

  TEST_CASE("impossible values") {
    CHECK_THROWS_WITH_AS(optim::poly(0), doctest::Contains("total must be at least 1 iteration"),
                         Error);
    CHECK_THROWS_AS(optim::poly(3)->factor(-1), Error);
    CHECK_THROWS_AS(optim::cosine(3, -1), Error);
    CHECK_THROWS_AS(optim::cosine_restarts(3, 0), Error);
    CHECK_THROWS_AS(optim::multi_step({}), Error);
    CHECK_THROWS_AS(optim::multi_step({0}), Error);
    CHECK_THROWS_AS(optim::exponential(NAN), Error);
    CHECK_THROWS_AS(optim::one_cycle(3, {.rise = 2}), Error);
    CHECK_THROWS_AS(optim::one_cycle(3, {.div = 0}), Error);
    CHECK_THROWS_AS(optim::plateau({.factor = 1}), Error);
    CHECK_THROWS_AS(optim::plateau({.patience = -1}), Error);
    CHECK_THROWS_AS(optim::warmup(0, optim::constant()), Error);
    CHECK_THROWS_AS(optim::warmup(1, nullptr), Error);
  }

  TEST_CASE("texts that cannot be read") {
    const auto fails = [](const char* text, const char* message) {
      CHECK_THROWS_WITH_AS(schedule(text, 100), doctest::Contains(message), Error);
    };
    fails(
        "polly",
        "schedule: 'polly' is not known (did you mean 'poly'? there are warmup, constant, cosine, "
        "cosine_restarts");
    fails("warmup(500)+poly", "the warmup of 500 iterations leaves none of 100 at character 1");
    fails("warmup(5)", "expected a schedule after the warmup");
    fails("poly+cosine", "expected one schedule, with a warmup in front or without");
    fails("warmup(5)+poly+cosine", "expected one schedule");
    fails("warmup(5)+warmup(5)", "'warmup' is not known");
    fails("2*poly", "expected a name");
    fails("step", "'step' needs 'size' at character 1");
    fails("multi_step", "'multi_step' needs 'milestones'");
    fails("step(1.5)",
          "must be a number of iterations, or a share of them between 0 and 1, got 1.5");
    fails("multi_step([5,-1])", "got -1");
    fails("poly(pow=2)", "'poly' has no argument 'pow' (did you mean 'power'?");
    fails("plateau(factor=2)", "plateau: factor must lie in [0, 1), got 2");
    CHECK_THROWS_WITH_AS(schedule("poly", 0), doctest::Contains("at least 1 iteration"), Error);
  }
}
