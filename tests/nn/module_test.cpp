#include "nn/module.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "tests/error_of.h"

using namespace tessera;
using nn::Module;
using testing::error_of;

namespace {

struct Affine : Module {
  Affine(int64_t in, int64_t out)
      : weight(add_parameter("weight", full({out, in}, 0.5))),
        bias(add_parameter("bias", zeros({out}))),
        seen(add_buffer("seen", zeros({}))) {}
  Tensor forward(const Tensor& x) override {
    if (is_training()) seen.update(seen + 1);
    return matmul(x, transpose(weight, 0, 1)) + bias;
  }
  Tensor weight, bias, seen;
};

struct Net : Module {
  Affine& first = add("first", Affine(3, 4));
  Affine& second = add("second", Affine(4, 2));
  Tensor forward(const Tensor& x) override { return second(first(x)); }
};

std::vector<std::string> names(const std::vector<std::pair<std::string, Tensor>>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries) out.push_back(entry.first);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("nn/module") {
  TEST_CASE("members are registered in order, with dotted names") {
    Net net;
    CHECK(names(net.named_parameters()) ==
          Names{"first.weight", "first.bias", "second.weight", "second.bias"});
    CHECK(names(net.named_buffers()) == Names{"first.seen", "second.seen"});
    CHECK(net.parameter_count() == 3 * 4 + 4 + 4 * 2 + 2);
    CHECK(net.type_name() == "Net");
    Names modules;
    for (const auto& entry : net.named_modules()) modules.push_back(entry.first);
    CHECK(modules == Names{"", "first", "second"});
    CHECK(&net.find("second") == &net.second);
  }

  TEST_CASE("references and names survive a move") {
    Net net;
    const Affine* before = &net.first;
    const Net moved = std::move(net);
    CHECK(&moved.first == before);
    CHECK(names(moved.named_parameters()).size() == 4);
  }

  TEST_CASE("forward computes, and train and eval reach every module") {
    Net net;
    const Tensor x = ones({1, 3});
    CHECK(net(x).to_vector<float>() == std::vector<float>{3, 3});
    CHECK(net.first.seen.item() == 1);
    net.eval();
    CHECK_FALSE(net.second.is_training());
    CHECK(net(x).to_vector<float>() == std::vector<float>{3, 3});
    CHECK(net.first.seen.item() == 1);
    const Tensor dw = grad(sum(net(x)), net.first.weight);  // eval does not stop gradients
    CHECK(dw.to_vector<float>()[0] == 1);
  }

  TEST_CASE("a state dict is a snapshot, and loads back with the same bits") {
    Net net;
    const nn::StateDict state = net.state_dict();
    CHECK(state.size() == 6);
    net.first.weight.update(zeros({4, 3}));
    CHECK(state.at("first.weight").to_vector<float>()[0] == 0.5F);
    CHECK(net.load_state_dict(state).complete());
    CHECK(net.first.weight.to_vector<float>()[0] == 0.5F);
  }

  TEST_CASE("a state dict that does not fit is refused, and says why") {
    Net net;
    nn::StateDict state = net.state_dict();
    state.erase("first.bias");
    state["third.bias"] = zeros({1});
    state["second.weight"] = ones({2, 5});
    state["first.weight"] = ones({4, 3});
    state["norm.num_batches_tracked"] = zeros({}, i64);
    const std::string text = error_of([&] { net.load_state_dict(state); });
    CHECK(text.find("does not fit Net") != std::string::npos);
    CHECK(text.find("1 missing: first.bias") != std::string::npos);
    CHECK(text.find("1 unexpected: third.bias") != std::string::npos);
    CHECK(text.find("second.weight is [2, 5], not [2, 4]") != std::string::npos);
    CHECK(net.first.weight.to_vector<float>()[0] == 0.5F);

    const nn::StateDictMatch match = net.load_state_dict(state, false);
    CHECK_FALSE(match.complete());
    CHECK(net.first.weight.to_vector<float>()[0] == 1);
    CHECK(net.second.weight.to_vector<float>()[0] == 0.5F);
  }

  TEST_CASE("states of another dtype are converted") {
    Net net;
    nn::StateDict state = net.state_dict();
    state["first.weight"] = full({4, 3}, 2, f64);
    net.load_state_dict(state);
    CHECK(net.first.weight.dtype() == f32);
    CHECK(net.first.weight.to_vector<float>()[0] == 2);
  }

  TEST_CASE("hooks see inputs and output, may replace it, and can be removed") {
    Net net;
    int64_t width = 0;
    const int id = net.first.add_forward_hook(
        [&](Module& module, std::span<const Tensor> inputs, const Tensor& output) {
          width = inputs[0].shape(1) * 100 + output.shape(1);
          CHECK(module.type_name() == "Affine");
          return output * 0;
        });
    const Tensor x = ones({1, 3});
    CHECK(net(x).to_vector<float>() == std::vector<float>{0, 0});
    CHECK(width == 304);
    net.first.remove_hook(id);
    CHECK(net(x).to_vector<float>() == std::vector<float>{3, 3});
  }

  TEST_CASE("errors say in which module they happened and on which line") {
    Net net;
    const std::string text = error_of([&] { net(ones({1, 7})); });
    CHECK(text.find("in Net.first") != std::string::npos);
    CHECK(text.find("module_test.cpp") != std::string::npos);
    CHECK(net(ones({1, 3})).shape() == Shape{1, 2});
    struct Pair : Module {};
    CHECK(error_of([] { Pair()(ones({1})); }).find("does not take one tensor") !=
          std::string::npos);
  }

  TEST_CASE("names are checked") {
    struct Twice : Module {
      Twice() {
        add("a", Affine(1, 1));
        add_buffer("a", zeros({1}));
      }
    };
    CHECK(error_of([] { Twice(); }).find("already has a member named 'a'") != std::string::npos);
    struct Dotted : Module {
      Dotted() { add_parameter("a.b", zeros({1})); }
    };
    CHECK_THROWS_AS(Dotted(), Error);
    Net net;
    CHECK(error_of([&] { net.find("frist"); }).find("it has first, second") != std::string::npos);
  }
}
