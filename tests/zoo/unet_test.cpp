#include "zoo/unet.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"
#include "nn/init.h"
#include "ops/loss.h"
#include "ops/random.h"
#include "ops/unary.h"
#include "optim/sgd.h"
#include "tests/oracle.h"

using namespace tessera;
using testing::check_close;
using testing::Oracle;

namespace {

nn::StateDict state_under(const Oracle& oracle, const std::string& prefix,
                          const nn::StateDict& names) {
  nn::StateDict state;
  for (const auto& entry : names) state[entry.first] = oracle(prefix + entry.first);
  return state;
}

// Outputs in f32; training in f64, where the way that the weights go is not a matter of rounding.
void check_against_torch(const char* name, bool bilinear) {
  const Oracle oracle(name);
  const zoo::UNetOptions options{.bilinear = bilinear, .width = 2};
  zoo::UNet model(3, 2, options);
  const Tensor x = oracle("x"), target = oracle("target");
  model.load_state_dict(state_under(oracle, "start/", model.state_dict()));
  check_close(model(x), oracle("y"), 1e-5);
  model.load_state_dict(state_under(oracle, "end/", model.state_dict()));
  model.eval();
  check_close(model(x), oracle("eval"), 1e-5);

  const nn::ParameterDType dtype(f64);
  zoo::UNet trained(3, 2, options);
  trained.load_state_dict(state_under(oracle, "start/", trained.state_dict()));
  optim::Sgd sgd(trained.parameters(), {.lr = 0.1, .momentum = 0.9});
  for (const double expected : oracle("losses").to_vector<double>()) {
    const Tensor loss = cross_entropy(trained(cast(x, f64)), target);
    sgd.step(loss);
    CHECK(loss.item() == doctest::Approx(expected).epsilon(1e-9));
  }
  for (const auto& entry : trained.state_dict()) {
    CAPTURE(entry.first);
    check_close(cast(entry.second, f32), oracle("end/" + entry.first), 1e-6);
  }
}

}  // namespace

TEST_SUITE("zoo/unet") {
  TEST_CASE("it has as many parameters as JMedSeg's") {
    CHECK(zoo::UNet(3, 2).parameter_count() == 17267458);
    CHECK(zoo::UNet(3, 2, {.bilinear = false}).parameter_count() == 31043586);
    CHECK(zoo::UNet(3, 2).state_dict().size() == 110);
  }

  TEST_CASE("output and ten steps of training agree with PyTorch") {
    check_against_torch("unet", true);
    check_against_torch("unet_transposed", false);
  }

  TEST_CASE("any size, channels and classes") {
    manual_seed(0);
    for (const Shape& size : {Shape{1, 1, 1, 1}, Shape{2, 4, 33, 17}, Shape{1, 3, 16, 48}}) {
      zoo::UNet model(size[1], 5, {.width = 2});
      model.eval();
      CHECK(model(randn(size)).shape() == Shape{size[0], 5, size[2], size[3]});
    }
  }

  TEST_CASE("a wrong input is refused with the right one") {
    zoo::UNet model(3, 2, {.width = 2});
    std::string text;
    try {
      model(randn({1, 4, 32, 32}));
    } catch (const Error& error) {
      text = error.what();
    }
    CHECK(text.find("UNet: the input must be [N, 3, H, W] and not empty, got [1, 4, 32, 32]") == 0);
    CHECK_THROWS_AS(model(randn({3, 32, 32})), Error);
    CHECK_THROWS_AS(model(randn({0, 3, 32, 32})), Error);
  }
}
