#include "nn/inference.h"

#include <memory>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "nn/conv.h"
#include "nn/norm.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

struct Net : nn::Module {
  nn::Conv2d& plain = add("plain", nn::Conv2d(3, 8, 3, {.padding = 1, .bias = false}));
  nn::BatchNorm2d& norm = add("norm", nn::BatchNorm2d(8));
  nn::Conv2d& depthwise = add("depthwise", nn::Conv2d(8, 8, 3, {.padding = 1, .groups = 8}));
  nn::BatchNorm2d& bare = add("bare", nn::BatchNorm2d(8, {.affine = false}));
  nn::ConvTranspose2d& up = add("up", nn::ConvTranspose2d(8, 5, 2, {.stride = 2}));
  nn::BatchNorm2d& behind_up = add("behind_up", nn::BatchNorm2d(5, {.eps = 1e-2}));
  nn::Conv2d& read_twice = add("read_twice", nn::Conv2d(5, 5, 1));
  nn::BatchNorm2d& behind_read = add("behind_read", nn::BatchNorm2d(5));
  nn::Conv2d& run_twice = add("run_twice", nn::Conv2d(5, 5, 1));
  nn::BatchNorm2d& behind_run = add("behind_run", nn::BatchNorm2d(5));
  nn::BatchNorm2d& first = add("first", nn::BatchNorm2d(3));

  Tensor forward(const Tensor& given) override {
    const Tensor x = relu(norm(plain(first(given))));
    const Tensor y = relu(behind_up(up(bare(depthwise(x)))));
    const Tensor skip = read_twice(y);
    const Tensor z = behind_read(skip) + skip;
    return behind_run(run_twice(run_twice(z)));
  }
};

// A network that has been trained a little: statistics and parameters are not the first ones.
std::unique_ptr<Net> trained() {
  manual_seed(0);
  auto net = std::make_unique<Net>();
  for (const Tensor& p : net->parameters()) p.update(p + 0.3 * randn(p.shape()));
  for (int i = 0; i < 3; ++i) (*net)(randn({2, 3, 6, 7}) * 2 + 1).eval();
  net->eval();
  return net;
}

}  // namespace

TEST_SUITE("nn/inference") {
  TEST_CASE("norms right behind convolutions become part of them") {
    const auto net = trained();
    const Tensor x = randn({2, 3, 6, 7});
    const NoGrad no_grad;
    const Tensor expected = (*net)(x).eval();
    const nn::StateDict before = net->state_dict();
    CHECK(nn::optimize_for_inference(*net, x) == 3);
    CHECK(net->norm.folded->in_use());
    CHECK(net->behind_up.folded->in_use());
    CHECK(net->bare.folded->in_use());
    for (const nn::BatchNorm2d* norm : {&net->first, &net->behind_read, &net->behind_run}) {
      CHECK(!norm->folded);
    }
    const Tensor folded = (*net)(x).eval();
    check_close(folded, expected, 1e-5);
    for (const auto& entry : net->state_dict()) {
      CHECK(entry.second.node() == before.at(entry.first).node());
    }
    {
      const Eager eager;
      check_close((*net)(x), folded, 0);
    }
    CHECK(nn::optimize_for_inference(*net, x) == 3);  // again
    check_close((*net)(x), folded, 0);
  }

  TEST_CASE("what asks for gradients, trains or changes parameters is computed as before") {
    const auto net = trained(), same = trained();
    const Tensor x = randn({2, 3, 6, 7}).eval();
    nn::optimize_for_inference(*net, x);
    check_close((*net)(x), (*same)(x), 0);  // with gradients
    CHECK(grad(sum((*net)(x)), net->plain.weight).shape() == net->plain.weight.shape());

    const NoGrad no_grad;
    for (Net* const each : {net.get(), same.get()}) each->train();
    check_close((*net)(x), (*same)(x), 0);
    for (Net* const each : {net.get(), same.get()}) each->eval();
    check_close((*net)(x), (*same)(x), 0);  // training has changed the statistics

    nn::optimize_for_inference(*net, x);
    for (Net* const each : {net.get(), same.get()}) each->up.weight.update(each->up.weight * 2);
    CHECK(!net->behind_up.folded->in_use());
    CHECK(net->norm.folded->in_use());
    check_close((*net)(x), (*same)(x), 1e-5);
  }

  TEST_CASE("a model in training mode is refused") {
    const auto net = trained();
    net->train();
    CHECK_THROWS_WITH_AS(
        nn::optimize_for_inference(*net, randn({2, 3, 6, 7})),
        doctest::Contains("optimize_for_inference: Net must be in evaluation mode"), Error);
  }
}
