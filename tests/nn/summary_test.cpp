#include "nn/summary.h"

#include <map>

#include <doctest/doctest.h>

#include "core/buffer.h"
#include "nn/activation.h"
#include "nn/blocks.h"
#include "nn/container.h"
#include "nn/conv.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/pool.h"
#include "nn/rearrange.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

namespace {

// One of everything that is counted in its own way.
struct Net : nn::Module {
  nn::Conv2d& conv = add("conv", nn::Conv2d(3, 8, 3, {.padding = 1}));
  nn::BatchNorm2d& bn = add("bn", nn::BatchNorm2d(8));
  nn::Sequential& body =
      add("body", nn::Sequential(nn::ReLU(), nn::Conv2d(8, 8, 3, {.padding = 1, .groups = 8})));
  nn::MaxPool2d& pool = add("pool", nn::MaxPool2d(2));
  nn::ConvTranspose2d& up = add("up", nn::ConvTranspose2d(8, 4, 2, {.stride = 2, .bias = false}));
  nn::Linear& unused = add("unused", nn::Linear(2, 2));
  Tensor forward(const Tensor& x) override { return up(pool(body(bn(conv(x))))); }
};

// Products outside of layers, before and behind one.
struct Attention : nn::Module {
  nn::Linear& project = add("project", nn::Linear(4, 6));
  Tensor operator()(const Tensor& q, const Tensor& k) {
    return run({q, k}, [&] {
      const Tensor mixed = matmul(q, k, {.transpose_b = true});  // [5, 4] [4, 4]: 80
      return matmul(project(mixed), ones({6, 7}));               // [5, 6] [6, 7]: 210
    });
  }
};

}  // namespace

TEST_SUITE("nn/summary") {
  TEST_CASE("parameters, multiply-adds and outputs are those counted by hand") {
    Net net;
    const nn::Summary s = nn::summarize(net, {2, 3, 16, 10});
    std::map<std::string, nn::LayerSummary> layers;
    for (const nn::LayerSummary& layer : s.layers) layers[layer.name] = layer;
    REQUIRE(s.layers.size() == 9);
    CHECK(s.layers[0].name.empty());
    CHECK(s.layers[4].name == "body.0");
    CHECK(s.layers[4].depth == 2);

    const auto check = [&](const char* name, const Shape& output, int64_t parameters, double macs,
                           int64_t elements) {
      INFO(name);
      const nn::LayerSummary& layer = layers.at(name);
      CHECK(layer.calls == 1);
      CHECK(layer.output == output);
      CHECK(layer.parameters == parameters);
      CHECK(layer.macs == macs);
      CHECK(layer.activation_bytes == 4 * elements);
    };
    const int64_t full = 2 * 8 * 16 * 10;
    check("conv", {2, 8, 16, 10}, 8 * 3 * 9 + 8, full * 3 * 9, full);
    check("bn", {2, 8, 16, 10}, 16, 0, full);
    check("body", {2, 8, 16, 10}, 0, 0, 0);
    check("body.0", {2, 8, 16, 10}, 0, 0, full);
    check("body.1", {2, 8, 16, 10}, 8 * 9 + 8, full * 9, full);  // depthwise: one channel each
    check("pool", {2, 8, 8, 5}, 0, 0, full / 4);
    // Each of the 2 * 8 * 8 * 5 inputs goes into 4 * 2 * 2 outputs.
    check("up", {2, 4, 16, 10}, 8 * 4 * 4, 2 * 8 * 8 * 5 * 16, full / 2);
    check("", {2, 4, 16, 10}, 0, 0, 0);
    CHECK(layers.at("unused").calls == 0);
    CHECK(layers.at("unused").parameters == 6);

    CHECK(s.parameters == net.parameter_count());
    CHECK(s.parameter_bytes == 4 * net.parameter_count());
    CHECK(s.buffer_bytes == 4 * 16);
    CHECK(s.macs == full * 3 * 9 + full * 9 + 2 * 8 * 8 * 5 * 16);
    CHECK(s.activation_bytes == 4 * (4 * full + full / 4 + full / 2));
  }

  TEST_CASE("products outside of layers count for the module that takes them") {
    Attention attention;
    const nn::Summary s = nn::summarize(attention, [&] { attention(ones({5, 4}), ones({4, 4})); });
    CHECK(s.layers[0].macs == 80 + 210);
    CHECK(s.layers[1].macs == 5 * 4 * 6);
    CHECK(s.macs == 80 + 210 + 120);
  }

  TEST_CASE("a layer that is used several times counts as often") {
    struct Twice : nn::Module {
      nn::Linear& layer = add("layer", nn::Linear(4, 4));
      Tensor forward(const Tensor& x) override { return layer(layer(x)); }
    } twice;
    const nn::Summary s = nn::summarize(twice, {3, 4});
    CHECK(s.layers[1].calls == 2);
    CHECK(s.macs == 2 * 3 * 16);
    CHECK(s.activation_bytes == 2 * 4 * 12);
    CHECK(s.parameters == 20);
    CHECK(s.str().find("layer: Linear(4, 4) x 2") != std::string::npos);
  }

  TEST_CASE("views of an output take no memory") {
    nn::Sequential net{nn::Linear(6, 6), nn::Identity(), nn::Flatten(), nn::Unflatten(1, {2, 6})};
    const nn::Summary s = nn::summarize(net, {5, 2, 6});
    CHECK(s.activation_bytes == 4 * 60);
    CHECK(s.layers[3].output == Shape{5, 12});
  }

  TEST_CASE("nothing is computed, and the module is as it was") {
    Net net;
    net.bn.eval();
    const nn::StateDict before = net.state_dict();
    const auto live = memory_stats().live;
    const nn::Summary s = nn::summarize(net, {1000, 3, 100000, 1000});
    CHECK(s.macs > 1e13);
    CHECK(memory_stats().live == live);
    CHECK(net.is_training());
    CHECK_FALSE(net.bn.is_training());
    CHECK(net.conv.is_training());
    for (const auto& entry : net.state_dict()) {
      CHECK(entry.second.node() == before.at(entry.first).node());
    }
    // No hook is left behind, also after an error.
    CHECK(error_of([&] {
            nn::summarize(net, {1, 4, 8, 8});
          }).find("in Net.conv") != std::string::npos);
    CHECK(net.is_training());
    CHECK(net(ones({1, 3, 4, 4})).shape() == Shape{1, 4, 4, 4});
    const Eager eager;
    CHECK(nn::summarize(net, {1, 3, 100000, 100000}).macs > 1e12);
  }

  TEST_CASE("the table has a line for each module and the totals") {
    Net net;
    const std::string text = nn::summarize(net, {2, 3, 16, 10}).str();
    CHECK(text.find("layer ") == 0);
    for (const char* line : {"\n  conv: Conv2d(3, 8, kernel=3, padding=1)                    [2, "
                             "8, 16, 10]         224 "
                             "        69.1 K  10.0 KiB\n",
                             "\n    0: ReLU                                                  [2, "
                             "8, 16, 10]           0 "
                             "             0  10.0 KiB\n",
                             "\n  unused: Linear(2, 2)                                       not "
                             "used                 6 "
                             "             0       0 B\n"}) {
      INFO(text);
      CHECK(text.find(line) != std::string::npos);
    }
    CHECK(text.find("\n454 parameters (1.8 KiB), buffers 64 B, 102.4 K multiply-adds, outputs") !=
          std::string::npos);
  }

  TEST_CASE("the tree tells classes, settings, shapes and counts") {
    Net net;
    CHECK(nn::describe_tree(net) ==
          "Net\n"
          "  conv: Conv2d(3, 8, kernel=3, padding=1)  weight [8, 3, 3, 3], bias [8]: 224\n"
          "  bn: BatchNorm2d(8)  weight [8], bias [8], running_mean [8], running_var [8]: 16\n"
          "  body: Sequential\n"
          "    0: ReLU\n"
          "    1: Conv2d(8, 8, kernel=3, padding=1, groups=8)  weight [8, 1, 3, 3], bias [8]: 80\n"
          "  pool: MaxPool2d(kernel=2)\n"
          "  up: ConvTranspose2d(8, 4, kernel=2, stride=2, bias=false)  weight [8, 4, 2, 2]: 128\n"
          "  unused: Linear(2, 2)  weight [2, 2], bias [2]: 6\n"
          "454 parameters\n");
    nn::Linear wide(1000, 2000);
    CHECK(nn::describe_tree(wide).find("2,002,000 parameters") != std::string::npos);
  }
}
