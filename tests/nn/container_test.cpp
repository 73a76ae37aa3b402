#include "nn/container.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/activation.h"
#include "nn/conv.h"
#include "nn/norm.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

namespace {

struct Scale : nn::Module {
  explicit Scale(double factor) : factor(factor) {}
  Tensor operator()(const Tensor& x, const Tensor& shift) {
    return run({x, shift}, [&] { return x * factor + shift; });
  }
  double factor;
};

struct Net : nn::Module {
  nn::ModuleList<Scale>& scales = add("scales", nn::ModuleList<Scale>());
  Net() {
    for (const double factor : {2.0, 3.0}) scales.append(Scale(factor));
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (Scale& scale : scales) y = scale(y, x);
    return y;
  }
};

std::vector<std::string> names_of(nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : module.named_modules()) names.push_back(entry.first);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("nn/container") {
  TEST_CASE("a Sequential is that of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("sequential", [] {
      return nn::Sequential(nn::Conv2d(2, 3, 3, {.padding = 1, .bias = false}), nn::BatchNorm2d(3),
                            nn::ReLU(), nn::Conv2d(3, 1, 1));
    });
  }

  TEST_CASE("a Sequential names its modules by place, or as it is told") {
    nn::Sequential net{nn::Identity(), nn::Sequential(nn::ReLU())};
    net.append("last", nn::Sigmoid());
    net.append(std::make_unique<nn::Tanh>());
    CHECK(names_of(net) == Names{"", "0", "1", "1.0", "last", "3"});
    CHECK(net.size() == 4);
    CHECK(net[0].type_name() == "Identity");
    CHECK(net[-1].type_name() == "Tanh");
    CHECK(error_of([&] { net[4]; }) == "Sequential: a place must lie in [-4, 4), got 4");
    CHECK(error_of([&] { net.append("last", nn::ReLU()); }).find("already has a member") !=
          std::string::npos);
  }

  TEST_CASE("an empty Sequential returns its input") {
    const Tensor x = ones({2});
    CHECK(nn::Sequential()(x).node() == x.node());
    CHECK(nn::Identity()(x).node() == x.node());
  }

  TEST_CASE("a ModuleList holds modules of one class for its owner to call") {
    Net net;
    CHECK(names_of(net) == Names{"", "scales", "scales.0", "scales.1"});
    CHECK(net.scales.type_name() == "ModuleList");
    CHECK(net.scales[1].factor == 3);
    CHECK(net.scales[-2].factor == 2);
    CHECK(error_of([&] { net.scales[2]; }) == "ModuleList: a place must lie in [-2, 2), got 2");
    CHECK(net(full({1}, 5)).item() == 3 * (2 * 5 + 5) + 5);
  }
}
