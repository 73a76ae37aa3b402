#include "optim/optimizer.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/join.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/optim/network.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using optim::Adam;
using optim::AdamW;
using optim::Sgd;

namespace {

using Bits = std::vector<double>;

Bits bits(const Tensors& xs) {
  Bits all;
  for (const Tensor& x : xs) {
    const Bits values = x.to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

TEST_SUITE("optim/optimizer") {
  TEST_CASE("groups with their own options, and a rate that changes: the same as torch") {
    const SmallNetwork network;
    AdamW optimizer({{{network.w0, network.b0}, {.lr = 1e-2, .weight_decay = 0}},
                     {{network.w2, network.b2}, {.lr = 1e-3, .betas = {0.8, 0.9}}}});
    CHECK(optimizer.groups() == 2);
    Tensors rows{network.row().eval()};
    for (int step = 1; step <= 300; ++step) {
      if (step % 50 == 0) {
        for (size_t g = 0; g < 2; ++g) optimizer.set_lr(optimizer.lr(g) / 2, g);
      }
      optimizer.step(network.loss());
      if (step % 100 == 0) rows.push_back(network.row().eval());
    }
    const Tensor expected = Oracle("optim")("groups");
    check_close(stack(rows), expected, 1e-9);
  }

  TEST_CASE("clipping inside the step: the same as torch") {
    const auto check = [](const char* what, const optim::StepOptions& options) {
      const SmallNetwork network;
      Sgd optimizer(network.parameters(), {.lr = 0.5, .momentum = 0.9}, options);
      for (int step = 1; step <= 300; ++step) optimizer.step(network.loss());
      const Tensor last = slice(Oracle("optim")(what), 0, {.start = -1});
      check_close(reshape(network.row(), {1, -1}), last, 1e-9);
      if (options.clip_norm > 0) CHECK(optimizer.grad_norm() > 0);
    };
    check("clip norm", {.clip_norm = 0.05});
    check("clip value", {.clip_value = 0.02});
  }

  TEST_CASE("asking for the loss before the step changes no bits, and costs nothing after it") {
    const auto train = [](bool early) {
      const SmallNetwork network(f32);
      Adam optimizer(network.parameters(), {.lr = 0.1});
      Bits all;
      for (int step = 0; step < 5; ++step) {
        const Tensor loss = network.loss();
        if (early) all.push_back(loss.item());
        optimizer.step(loss);
        const int64_t steps = evaluator_stats().steps;
        if (!early) all.push_back(loss.item());
        CHECK(evaluator_stats().steps == steps);
      }
      const Bits values = bits(network.parameters());
      all.insert(all.end(), values.begin(), values.end());
      return all;
    };
    CHECK(train(true) == train(false));
    const Bits lazy = train(false);
    const Eager eager;
    CHECK(train(false) == lazy);
  }

  TEST_CASE("the number of threads changes no bits") {
    const auto train = [](int threads) {
      const int before = num_threads();
      set_num_threads(threads);
      manual_seed(1);
      const Tensor x = variable(randn({300, 200})), y = randn({200, 50}).eval();
      Adam optimizer({x}, {.lr = 0.1}, {.clip_norm = 0.5});
      for (int i = 0; i < 4; ++i) optimizer.step(mean(square(matmul(x, y))));
      set_num_threads(before);
      return bits({x});
    };
    CHECK(train(1) == train(3));
  }

  TEST_CASE("accumulated gradients are those of the whole batch") {
    const SmallNetwork whole, parts;
    Sgd one(whole.parameters(), {.lr = 0.5, .momentum = 0.9});
    Sgd many(parts.parameters(), {.lr = 0.5, .momentum = 0.9});
    for (int step = 0; step < 3; ++step) {
      one.step(mean(whole(whole.input)));
      for (int64_t i = 0; i < 3; ++i)
        many.backward(mean(parts(slice(parts.input, 0, {.start = i, .stop = i + 1}))) / 3);
      many.step();
    }
    check_close(parts.row(), whole.row(), 1e-14);
    // the last of them can be a step
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor loss = mean(parts(slice(parts.input, 0, {.start = i, .stop = i + 1}))) / 3;
      i < 2 ? many.backward(loss) : many.step(loss);
    }
    one.step(mean(whole(whole.input)));
    check_close(parts.row(), whole.row(), 1e-14);
    many.backward(parts.loss());
    many.zero_grad();
    CHECK_THROWS_WITH_AS(many.step(), doctest::Contains("there are no accumulated gradients"),
                         Error);
  }

  TEST_CASE("training and accumulating hold constant nodes and memory") {
    const SmallNetwork network(f32);
    Adam optimizer(network.parameters(), {.lr = 1e-3, .amsgrad = true}, {.clip_norm = 1});
    const auto step = [&] {
      for (int i = 0; i < 3; ++i) optimizer.backward(network.loss() / 3);
      optimizer.step();
      optimizer.step(network.loss());
    };
    for (int i = 0; i < 5; ++i) step();
    const MemoryStats before = memory_stats();
    const int64_t plans = evaluator_stats().plans_made;
    for (int i = 0; i < 300; ++i) step();
    CHECK(memory_stats().nodes == before.nodes);
    CHECK(memory_stats().live == before.live);
    CHECK(evaluator_stats().plans_made == plans);
  }

  TEST_CASE("new values take the memory of the old ones") {
    constexpr int64_t kBytes = 4 << 20;
    const Tensor x = variable(ones({kBytes / 4}));
    Adam optimizer({x});
    const auto step = [&] { optimizer.step(Tensors{ones({kBytes / 4})}); };
    for (int i = 0; i < 2; ++i) step();
    const int64_t live = memory_stats().live;
    reset_peak_memory();
    step();
    CHECK(memory_stats().peak - live < kBytes);
  }

  TEST_CASE("parameters that the loss does not reach stay as they are") {
    const Tensor x = variable(tensor({1}, {1}, f64)), y = variable(tensor({1}, {1}, f64));
    AdamW optimizer({x, y}, {.lr = 0.5});
    optimizer.step(sum(x));
    CHECK(x.item() != 1);
    CHECK(y.item() == 1);
    optimizer.step(sum(x * y));  // the first step of y
    CHECK(y.item() == doctest::Approx(1 - 0.5 * 0.01 - 0.5).epsilon(1e-6));
    CHECK_THROWS_WITH_AS(optimizer.step(sum(ones({2}))),
                         doctest::Contains("no path leads from the loss to any of the 2"), Error);
    const Tensor loss = sum(x * x);
    optimizer.step(loss);
    CHECK_THROWS_WITH_AS(optimizer.step(loss), doctest::Contains("history"), Error);
  }

  TEST_CASE("resumed training gives equal bits") {
    const SmallNetwork network(f32), other(f32);
    Adam optimizer(network.parameters(), {.lr = 0.1, .amsgrad = true});
    for (int i = 0; i < 7; ++i) optimizer.step(network.loss());
    optimizer.set_lr(0.05);
    optimizer.backward(network.loss());
    const auto state = optimizer.state_dict();
    Tensors weights;
    for (const Tensor& x : network.parameters()) weights.push_back(detach(x).eval());

    for (size_t i = 0; i < weights.size(); ++i) other.parameters()[i].update(weights[i]);
    Adam resumed(other.parameters(), {.amsgrad = true});
    resumed.load_state_dict(state);
    CHECK(resumed.lr() == 0.05);
    for (Adam* o : {&optimizer, &resumed}) {
      const SmallNetwork& net = o == &optimizer ? network : other;
      o->step();
      for (int i = 0; i < 5; ++i) o->step(net.loss());
    }
    CHECK(bits(network.parameters()) == bits(other.parameters()));
  }

  TEST_CASE("a state that does not fit is refused as a whole") {
    const SmallNetwork network;
    Adam adam(network.parameters());
    adam.step(network.loss());
    auto state = adam.state_dict();
    CHECK(state.size() == 1 + 4 * 3);
    Sgd sgd(network.parameters(), {.lr = 0.25, .momentum = 0.9});
    CHECK_THROWS_WITH_AS(sgd.load_state_dict(state),
                         doctest::Contains("state.0.momentum_buffer is missing"), Error);
    CHECK(sgd.lr() == 0.25);
    state["state.1.exp_avg"] = zeros({2}, f64);
    state.erase("state.0.step");
    state["state.9.step"] = zeros({}, i64);
    CHECK_THROWS_WITH_AS(adam.load_state_dict(state),
                         doctest::Contains("state.0.step is missing; state.1.exp_avg must be f64 "
                                           "[3], got f64 [2]; state.9.step is unexpected"),
                         Error);
  }

  TEST_CASE("a loss that is not finite is an error and changes nothing") {
    const SmallNetwork network;
    Adam optimizer(network.parameters(), {.lr = 0.1});
    const Tensor factor = variable(tensor({NAN}, {}, f64));
    const auto fails = [&](const char* text) {
      const Bits before = bits(network.parameters());
      const auto state = optimizer.state_dict();
      const Tensor loss = network.loss() * factor;
      CHECK_THROWS_WITH_AS(optimizer.step(loss), doctest::Contains(text), Error);
      CHECK_FALSE(std::isfinite(loss.item()));
      CHECK_THROWS_WITH_AS(optimizer.backward(network.loss() * factor), doctest::Contains(text),
                           Error);
      CHECK(bits(network.parameters()) == before);
      CHECK(optimizer.state_dict().size() == state.size());
      for (const auto& entry : optimizer.state_dict())
        CHECK(bits({entry.second}) == bits({state.at(entry.first)}));
    };
    fails("the loss must be finite, got nan");
    optimizer.step(network.loss());
    factor.update(tensor({HUGE_VAL}, {}, f64));
    optimizer.backward(network.loss());
    fails("the loss must be finite, got inf");

    const Tensor x = variable(tensor({0, 1}, {2}));
    Sgd clipped({x}, {}, {.clip_norm = 1});  // sqrt has no finite gradient at 0
    CHECK_THROWS_WITH_AS(clipped.step(sum(sqrt(x))),
                         doctest::Contains("the gradients must be finite"), Error);
    CHECK(bits({x}) == Bits{0, 1});
    Sgd careless({x}, {}, {.check_finite = false});
    careless.step(sum(sqrt(x)) * tensor({NAN}, {}));
    CHECK(std::isnan(x.to_vector<double>()[1]));
  }

  TEST_CASE(
      "on a GPU the next step looks whether the last one was finite, before it changes anything") {
    const WithHostGpu gpu(HostGpuMode::collecting);
    const OnDevice on(host_gpu());
    const auto make = [] { return variable(tensor({1, 2}, {2})); };
    const Tensor x = make(), y = make();
    Adam late({x}, {.lr = 0.1}), plain({y}, {.lr = 0.1});
    const auto loss = [](const Tensor& of, double factor) { return sum(of * of) * factor; };
    late.step(loss(x, 1));
    const auto looks = [&] { return count(gpu->driver().calls, "copy_out"); };
    int64_t before = looks();
    plain.step(loss(y, 1));
    CHECK(looks() == before);
    late.step(loss(x, NAN));
    CHECK(looks() > before);  // at the step before
    for (int again = 0; again < 2; ++again)
      CHECK_THROWS_WITH_AS(late.state_dict(), doctest::Contains("loss must be finite, got nan"),
                           Error);
    CHECK_THROWS_WITH_AS(late.step(loss(x, 1)), doctest::Contains("nothing was updated"), Error);
    late.check();  // it was told once
    CHECK(late.state_dict().at("state.0.step").item() == 1);
    const Tensor last = loss(x, 1);
    late.step(last);
    late.check();
    before = looks();
    CHECK(std::isfinite(last.item()));
    CHECK(looks() == before);
    plain.step(loss(y, 1));
    CHECK(bits({x}) == bits({y}));
    // A first step that did not happen, and one that adds to accumulated gradients.
    Sgd first({make()}, {.lr = 0.1});
    first.step(loss(first.parameters()[0], NAN));
    CHECK_THROWS_AS(first.check(), Error);
    CHECK(first.state_dict().at("state.0.step").item() == 0);
    first.backward(loss(first.parameters()[0], 1));
    CHECK_THROWS_AS(first.step(loss(first.parameters()[0], NAN)), Error);
    CHECK(first.state_dict().contains("state.0.gradient"));
  }

  TEST_CASE("an evaluation that fails leaves everything as it was") {
    const SmallNetwork network;
    Adam optimizer(network.parameters(), {.lr = 0.1});
    const auto bad = [&] {
      return network.loss() + sum(index_select(network.w0, 0, tensor({7}, {1}, i64)));
    };
    const Bits start = bits(network.parameters());
    CHECK_THROWS_WITH_AS(optimizer.step(bad()), doctest::Contains("7"), Error);
    CHECK_THROWS_AS(optimizer.backward(bad()), Error);
    CHECK(bits(network.parameters()) == start);
    optimizer.step(network.loss());
    optimizer.backward(network.loss());
    const Bits later = bits(network.parameters());
    CHECK_THROWS_AS(optimizer.step(bad()), Error);
    CHECK_THROWS_AS(optimizer.backward(bad()), Error);
    CHECK(bits(network.parameters()) == later);
    optimizer.step();

    const SmallNetwork other;
    Adam undisturbed(other.parameters(), {.lr = 0.1});
    undisturbed.step(other.loss());
    undisturbed.step(other.loss());
    CHECK(bits(network.parameters()) == bits(other.parameters()));
  }

  TEST_CASE("halves are updated in f32 and rounded once") {
    const Tensor x = variable(cast(tensor({1}, {1}), bf16)), y = variable(tensor({1}, {1}));
    Adam half({x}, {.lr = 0.1}), full({y}, {.lr = 0.1});
    half.step(sum(x));
    full.step(sum(y));
    CHECK(half.state_dict().at("state.0.exp_avg").dtype() == f32);
    CHECK(bits({x}) == bits({cast(y, bf16)}));
  }

  TEST_CASE("wrong arguments") {
    const Tensor x = variable(tensor({1, 2}, {2})), fixed = tensor({1}, {1});
    CHECK_THROWS_WITH_AS(Sgd(Tensors{}), doctest::Contains("group 0 has no parameters"), Error);
    CHECK_THROWS_WITH_AS(Sgd(Tensors{x, fixed}),
                         doctest::Contains("parameter 1 must be a variable"), Error);
    CHECK_THROWS_WITH_AS(Sgd(Tensors{x, x}),
                         doctest::Contains("parameters 0 and 1 are the same variable"), Error);
    CHECK_THROWS_WITH_AS(Sgd(Tensors{variable(tensor({1}, {1}, i64))}),
                         doctest::Contains("parameter 0 must be floating"), Error);
    Sgd sgd(Tensors{x});
    CHECK_THROWS_WITH_AS(sgd.step(x * 2), doctest::Contains("must be one floating number, got f32"),
                         Error);
    CHECK_THROWS_WITH_AS(sgd.step(Tensor()), doctest::Contains("undefined"), Error);
    CHECK_THROWS_WITH_AS(sgd.step(Tensors{}), doctest::Contains("for each of the 1 parameters"),
                         Error);
    CHECK_THROWS_WITH_AS(sgd.step(Tensors{fixed}), doctest::Contains("gradient 0 must be"), Error);
    CHECK_THROWS_AS(sgd.set_lr(-1), Error);
    CHECK_THROWS_AS(sgd.set_lr(1, 3), Error);
    CHECK_THROWS_AS(sgd.lr(1), Error);
    CHECK_THROWS_AS(sgd.grad_norm(), Error);
    CHECK_THROWS_AS(Sgd({x}, {}, {.clip_norm = -1}), Error);
  }
}
