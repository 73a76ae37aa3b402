#include "ops/loss.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr LossReduction kReductions[] = {LossReduction::none, LossReduction::mean,
                                         LossReduction::sum};

const char* name_of(LossReduction reduction) {
  const char* names[] = {"none", "mean", "sum", "batchmean"};
  return names[static_cast<size_t>(reduction)];
}

// An element-wise loss of two tensors.
template <class Loss>
void add_samples(SampleList& list, Loss loss, const Tensor& x, const Tensor& target) {
  for (const LossReduction reduction : kReductions) {
    list.push_back({name_of(reduction),
                    [=](const Tensors& t) { return loss(t[0], t[1], reduction); },
                    {x, target}});
  }
}

}  // namespace

SAMPLES(cross_entropy) {
  const Tensor weight = tensor({0.5, 2, 1.5}, {3});
  for (const LossReduction reduction : kReductions) {
    for (const double smoothing : {0.0, 0.2}) {
      for (const bool weighted : {false, true}) {
        const CrossEntropyOptions o{weighted ? weight : Tensor(), 1, reduction, smoothing};
        list.push_back({"classes",
                        [=](const Tensors& x) { return cross_entropy(x[0], x[1], o); },
                        {uniform({2, 3, 2}), integers({2, 2}, 0, 3)}});
        list.push_back({"probabilities",
                        [=](const Tensors& x) { return cross_entropy(x[0], softmax(x[1], 1), o); },
                        {uniform({2, 3, 2}), uniform({2, 3, 2}, -1, 1, 1)}});
      }
    }
  }
  list.push_back({"one sample",
                  [](const Tensors& x) { return cross_entropy(x[0], x[1]); },
                  {uniform({4}), integers({}, 0, 4)}});
  list.push_back({"no samples",
                  [](const Tensors& x) {
                    return cross_entropy(x[0], x[1], {.reduction = LossReduction::sum});
                  },
                  {uniform({0, 4}), integers({0}, 0, 4)}});
}

SAMPLES(class_index) {
  list.push_back({"ignored",
                  [](const Tensors& x) { return class_index(x[0], 4, 2); },
                  {integers({2, 3}, 0, 4)},
                  false});
}

SAMPLES(nll_loss) {
  const Tensor weight = tensor({0.5, 2, 1.5}, {3});
  for (const LossReduction reduction : kReductions) {
    list.push_back({"weighted",
                    [=](const Tensors& x) {
                      return nll_loss(x[0], x[1], {weight, 0, reduction});
                    },
                    {uniform({2, 3, 2}), integers({2, 2}, 0, 3)}});
  }
}

SAMPLES(binary_cross_entropy) {
  add_samples(
      list,
      [](auto& x, auto& t, LossReduction r) {
        return binary_cross_entropy(x, t, {.weight = tensor({1, 2, 3}, {3}), .reduction = r});
      },
      uniform({2, 3}, 0.1, 0.9), uniform({2, 3}, 0, 1, 1));
}

SAMPLES(binary_cross_entropy_with_logits) {
  const Tensor pos_weight = tensor({1, 2, 3}, {3});
  add_samples(
      list,
      [=](auto& x, auto& t, LossReduction r) {
        return binary_cross_entropy_with_logits(x, t, {{}, pos_weight, r});
      },
      uniform({2, 3}, -3, 3), uniform({2, 3}, 0, 1, 1));
  list.push_back(
      {"at 0",
       [](const Tensors& x) { return binary_cross_entropy_with_logits(x[0] * x[0], x[1]); },
       {tensor({0, 0}, {2}, f64), tensor({0, 1}, {2}, f64)}});
}

SAMPLES(mse_loss) {
  add_samples(
      list, [](auto& x, auto& t, LossReduction r) { return mse_loss(x, t, r); }, uniform({2, 3}),
      uniform({2, 3}, -1, 1, 1));
}

SAMPLES(l1_loss) {
  add_samples(
      list, [](auto& x, auto& t, LossReduction r) { return l1_loss(x, t, r); }, uniform({2, 3}),
      uniform({2, 3}, -1, 1, 1));
}

SAMPLES(smooth_l1_loss) {
  for (const double beta : {0.5, 2.0, 0.0}) {
    add_samples(
        list,
        [=](auto& x, auto& t, LossReduction r) {
          return smooth_l1_loss(x, t, {beta, r});
        },
        uniform({2, 3}), uniform({2, 3}, -1, 1, 1));
  }
}

SAMPLES(huber_loss) {
  for (const double delta : {0.5, 2.0}) {
    add_samples(
        list,
        [=](auto& x, auto& t, LossReduction r) {
          return huber_loss(x, t, {delta, r});
        },
        uniform({2, 3}), uniform({2, 3}, -1, 1, 1));
  }
}

SAMPLES(kl_div) {
  for (const bool log_target : {false, true}) {
    add_samples(
        list,
        [=](auto& x, auto& t, LossReduction r) {
          return kl_div(x, t, {r, log_target});
        },
        uniform({2, 3}, -2, 0), uniform({2, 3}, 0.1, 1, 1));
  }
  list.push_back(
      {"batchmean",
       [](const Tensors& x) { return kl_div(x[0], x[1], {.reduction = LossReduction::batchmean}); },
       {uniform({2, 3}, -2, 0), uniform({2, 3}, 0.1, 1, 1)}});
}

SAMPLES(gaussian_nll_loss) {
  for (const bool full : {false, true}) {
    list.push_back(
        {"variance of a row",
         [=](const Tensors& x) { return gaussian_nll_loss(x[0], x[1], x[2], {.full = full}); },
         {uniform({2, 3}), uniform({2, 3}, -1, 1, 1), uniform({2, 1}, 0.5, 1)}});
  }
}

SAMPLES(poisson_nll_loss) {
  for (const bool log_input : {false, true}) {
    list.push_back({"full",
                    [=](const Tensors& x) {
                      return poisson_nll_loss(x[0], x[1], {log_input, true});
                    },
                    {uniform({2, 3}, 0.5, 1), uniform({2, 3}, 1.5, 4, 1)}});
  }
}

TEST_SUITE("ops/loss") {
  TEST_CASE("by hand") {
    const Tensor x = tensor({1, 3}, {2}, f64), t = tensor({2, 0}, {2}, f64);
    CHECK(mse_loss(x, t).item() == 5);
    CHECK(mse_loss(x, t, LossReduction::none).to_vector<double>() == std::vector<double>{1, 9});
    CHECK(l1_loss(x, t, LossReduction::sum).item() == 4);
    CHECK(smooth_l1_loss(x, t, {.beta = 2}).item() == (0.25 + 2) / 2);
    CHECK(huber_loss(x, t, {.delta = 2}).item() == (0.5 + 2 * (3 - 1)) / 2);
    const Tensor logits = tensor({0, std::log(3.0)}, {1, 2}, f64);
    CHECK(cross_entropy(logits, tensor({1}, {1}, i64)).item() == doctest::Approx(-std::log(0.75)));
    CHECK(nll_loss(logits, tensor({1}, {1}, u8)).item() == doctest::Approx(-std::log(3)));
    CHECK(binary_cross_entropy(tensor({0.25}, {1}, f64), tensor({1}, {1}, f64)).item() ==
          doctest::Approx(std::log(4)));
    CHECK(binary_cross_entropy_with_logits(tensor({0}, {1}), tensor({1}, {1})).item() ==
          doctest::Approx(std::log(2)));
    CHECK(kl_div(log(tensor({0.5, 0.5}, {1, 2})), tensor({1, 0}, {1, 2}),
                 {.reduction = LossReduction::batchmean})
              .item() == doctest::Approx(std::log(2)));
    CHECK(gaussian_nll_loss(x, t, tensor({1}, {1}, f64)).item() == 2.5);
    CHECK(poisson_nll_loss(tensor({0}, {1}), tensor({3}, {1})).item() == 1);
  }

  TEST_CASE("ignored targets do not count, and nothing is left when all are") {
    const Tensor logits = variable(uniform({2, 3, 2}));
    const Tensor all = tensor({255, 255, 255, 255}, {2, 2}, u8);
    const CrossEntropyOptions o{.ignore_index = 255};
    CHECK(std::isnan(cross_entropy(logits, all, o).item()));
    const CrossEntropyOptions sums{.ignore_index = 255, .reduction = LossReduction::sum};
    CHECK(cross_entropy(logits, all, sums).item() == 0);
    const Tensor some = tensor({255, 1, 255, 255}, {2, 2}, u8);
    const Tensor dx = grad(cross_entropy(logits, some, o), logits);
    CHECK(dx.to_vector<double>()[0] == 0);
    CHECK(dx.to_vector<double>()[1] != 0);
  }

  TEST_CASE("a class out of range is an error when the loss is computed") {
    const Tensor logits = uniform({2, 3}, -1, 1);
    const Tensor loss = cross_entropy(logits, tensor({0, 3}, {2}, i64));
    CHECK_THROWS_WITH_AS(loss.item(),
                         doctest::Contains("target: class indices must lie in [0, 3) or be "
                                           "ignore_index = -100, got 3 at element 1 of [2]"),
                         Error);
    CHECK_THROWS_AS(nll_loss(logits, tensor({0, -1}, {2}, i64)).item(), Error);
  }

  TEST_CASE("class_index marks what is ignored") {
    const Tensor target = tensor({0, 255, 2, 1}, {2, 2}, u8);
    CHECK(class_index(target, 3, 255).to_vector<int64_t>() == std::vector<int64_t>{0, -1, 2, 1});
    CHECK_THROWS_WITH_AS(class_index(target, 2, 255).eval(),
                         doctest::Contains("got 2 at element 2"), Error);
    CHECK_THROWS_WITH_AS(class_index(tensor({1}, {1}), 2),
                         doctest::Contains("the target must be integers, got f32"), Error);
  }

  TEST_CASE("extremes") {
    const auto of = [](double a, double b, int64_t target) {
      return cross_entropy(tensor({a, b}, {1, 2}), tensor<int64_t>(std::vector{target}, {1}))
          .item();
    };
    CHECK(of(300, -300, 1) == 600);
    CHECK(of(1e4, 1e4 - 1, 0) == doctest::Approx(std::log1p(std::exp(-1))));
    CHECK(of(0, -kInfinity, 0) == 0);
    CHECK(of(0, -kInfinity, 1) == kInfinity);
    const auto bce = [](double p, double t) {
      return binary_cross_entropy(tensor({p}, {1}), tensor({t}, {1})).item();
    };
    CHECK(bce(0, 1) == 100);
    CHECK(bce(1, 0) == 100);
    CHECK(bce(0, 0) == 0);
    CHECK(std::isnan(bce(1.5, 0)));
    const auto logits = [](double x, double t) {
      return binary_cross_entropy_with_logits(tensor({x}, {1}), tensor({t}, {1})).item();
    };
    CHECK(logits(1000, 0) == 1000);
    CHECK(logits(-1000, 1) == 1000);
    CHECK(logits(1000, 1) == 0);
  }

  TEST_CASE("the same as torch: classes and probabilities") {
    const Oracle oracle("loss");
    const Tensor w = oracle("class weight");
    for (const LossReduction reduction : kReductions) {
      for (const bool weighted : {false, true}) {
        const Tensor weight = weighted ? w : Tensor();
        for (const double smoothing : {0.0, 0.1}) {
          for (const int64_t ignore : {-100, 1}) {
            oracle.check(fmt::format("classes {} {} {:.1f} {}", weighted ? 1 : 0, ignore, smoothing,
                                     name_of(reduction)),
                         [&](const Tensors& x) {
                           return cross_entropy(x[0], x[1], {weight, ignore, reduction, smoothing});
                         });
          }
          oracle.check(fmt::format("probabilities {} {:.1f} {}", weighted ? 1 : 0, smoothing,
                                   name_of(reduction)),
                       [&](const Tensors& x) {
                         return cross_entropy(x[0], x[1], {weight, -100, reduction, smoothing});
                       });
        }
        oracle.check(fmt::format("nll {} {}", weighted ? 1 : 0, name_of(reduction)),
                     [&](const Tensors& x) {
                       return nll_loss(x[0], x[1], {weight, 0, reduction});
                     });
      }
    }
    oracle.check("one sample", [](const Tensors& x) { return cross_entropy(x[0], x[1]); });
  }

  TEST_CASE("the same as torch: element by element") {
    const Oracle oracle("loss");
    const Tensor weight = oracle("weight"), pos_weight = oracle("pos_weight");
    for (const LossReduction r : kReductions) {
      const auto check = [&](const std::string& what, const TensorFunction& f) {
        oracle.check(what + " " + name_of(r), f);
      };
      check("bce", [&](auto& x) { return binary_cross_entropy(x[0], x[1], {weight, r}); });
      check("bce_with_logits", [&](auto& x) {
        return binary_cross_entropy_with_logits(x[0], x[1], {weight, pos_weight, r});
      });
      check("mse", [&](auto& x) { return mse_loss(x[0], x[1], r); });
      check("l1", [&](auto& x) { return l1_loss(x[0], x[1], r); });
      for (const double value : {0.5, 2.0}) {
        check(fmt::format("smooth_l1 {:.1f}", value), [&](auto& x) {
          return smooth_l1_loss(x[0], x[1], {value, r});
        });
        check(fmt::format("huber {:.1f}", value), [&](auto& x) {
          return huber_loss(x[0], x[1], {value, r});
        });
      }
      for (const bool flag : {false, true}) {
        check(fmt::format("gaussian {}", flag ? 1 : 0), [&](auto& x) {
          return gaussian_nll_loss(x[0], x[1], x[2], {.full = flag, .reduction = r});
        });
        check(fmt::format("poisson {}", flag ? 1 : 0), [&](auto& x) {
          return poisson_nll_loss(x[0], x[1], {.full = flag, .reduction = r});
        });
        check(fmt::format("kl {}", flag ? 1 : 0), [&](auto& x) {
          return kl_div(x[0], x[1], {r, flag});
        });
      }
    }
    for (const bool flag : {false, true}) {
      oracle.check(fmt::format("kl {} batchmean", flag ? 1 : 0), [&](const Tensors& x) {
        return kl_div(x[0], x[1], {LossReduction::batchmean, flag});
      });
    }
    oracle.check("poisson rate", [](const Tensors& x) {
      return poisson_nll_loss(x[0], x[1], {.log_input = false});
    });
  }

  TEST_CASE("misuse") {
    const Tensor x = uniform({2, 3});
    CHECK_THROWS_WITH_AS(cross_entropy(x, integers({2, 1}, 0, 3)),
                         doctest::Contains("cross_entropy: the target of [2, 3] must be integers "
                                           "of shape [2], got i64 [2, 1]"),
                         Error);
    CHECK_THROWS_AS(cross_entropy(x, uniform({2})), Error);
    CHECK_THROWS_AS(cross_entropy(x, Tensor()), Error);
    CHECK_THROWS_AS(cross_entropy(uniform({}), integers({}, 0, 1)), Error);
    CHECK_THROWS_AS(cross_entropy(uniform({2, 0}), integers({2}, 0, 1)), Error);
    const Tensor classes = integers({2}, 0, 3);
    CHECK_THROWS_AS(cross_entropy(x, classes, {.weight = uniform({2})}), Error);
    CHECK_THROWS_AS(cross_entropy(x, classes, {.label_smoothing = 2}), Error);
    CHECK_THROWS_AS(cross_entropy(x, classes, {.reduction = LossReduction::batchmean}), Error);
    CHECK_THROWS_AS(mse_loss(x, uniform({2, 1})), Error);
    CHECK_THROWS_AS(mse_loss(integers({2}, 0, 3), uniform({2})), Error);
    CHECK_THROWS_AS(huber_loss(x, x, {.delta = 0}), Error);
    CHECK_THROWS_AS(smooth_l1_loss(x, x, {.beta = -1}), Error);
    CHECK_THROWS_AS(binary_cross_entropy(x, x, {.weight = uniform({4, 2, 3})}), Error);
  }
}
