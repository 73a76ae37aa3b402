#include "nn/activation.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

namespace {

template <class Layer, class... Settings>
void check_as(const testing::LayerOracle& oracle, const char* what, Settings... settings) {
  oracle.check(what, [&] { return Layer(settings...); });
}

}  // namespace

TEST_SUITE("nn/activation") {
  TEST_CASE("activations are those of torch.nn") {
    const testing::LayerOracle oracle;
#define CHECK_MODULE(Name, function) check_as<nn::Name>(oracle, #Name);
    TESSERA_ACTIVATION_MODULES(CHECK_MODULE)
#undef CHECK_MODULE
    check_as<nn::GELU>(oracle, "GELU");
    check_as<nn::GELU>(oracle, "GELU tanh", nn::GeluApproximation::tanh);
    check_as<nn::LeakyReLU>(oracle, "LeakyReLU");
    check_as<nn::LeakyReLU>(oracle, "LeakyReLU 0.2", 0.2);
    check_as<nn::PReLU>(oracle, "PReLU");
    check_as<nn::PReLU>(oracle, "PReLU channels", 4);
    check_as<nn::ELU>(oracle, "ELU");
    check_as<nn::ELU>(oracle, "ELU 0.5", 0.5);
    check_as<nn::CELU>(oracle, "CELU");
    check_as<nn::CELU>(oracle, "CELU 0.5", 0.5);
    check_as<nn::Hardtanh>(oracle, "Hardtanh");
    check_as<nn::Hardtanh>(oracle, "Hardtanh 2", -2, 1.5);
    check_as<nn::Softplus>(oracle, "Softplus");
    check_as<nn::Softplus>(oracle, "Softplus 2", 2, 1);
    check_as<nn::Threshold>(oracle, "Threshold", 0.5, -2);
    check_as<nn::Hardshrink>(oracle, "Hardshrink");
    check_as<nn::Hardshrink>(oracle, "Hardshrink 1", 1);
    check_as<nn::Softshrink>(oracle, "Softshrink");
    check_as<nn::Softshrink>(oracle, "Softshrink 1", 1);
  }

  TEST_CASE("activations along an axis are those of torch.nn") {
    const testing::LayerOracle oracle;
    check_as<nn::GLU>(oracle, "GLU");
    check_as<nn::GLU>(oracle, "GLU channels", 1);
    check_as<nn::Softmax>(oracle, "Softmax", 1);
    check_as<nn::Softmax2d>(oracle, "Softmax2d");
    check_as<nn::LogSoftmax>(oracle, "LogSoftmax", 1);
    check_as<nn::Softmin>(oracle, "Softmin", -1);
  }

  TEST_CASE("the slope of PReLU begins at 0.25") {
    CHECK(nn::PReLU(3).weight.to_vector<float>() == std::vector<float>(3, 0.25F));
    CHECK(nn::PReLU(1, 0.5).weight.item() == 0.5);
  }

  TEST_CASE("activations are made by name") {
    for (const auto& [activation, name] :
         {std::pair(nn::Activation::none, "Identity"), std::pair(nn::Activation::relu, "ReLU"),
          std::pair(nn::Activation::relu6, "ReLU6"),
          std::pair(nn::Activation::leaky_relu, "LeakyReLU"), std::pair(nn::Activation::elu, "ELU"),
          std::pair(nn::Activation::gelu, "GELU"), std::pair(nn::Activation::silu, "SiLU"),
          std::pair(nn::Activation::hardswish, "Hardswish")}) {
      CHECK(nn::make_activation(activation)->type_name() == name);
    }
  }

  TEST_CASE("settings are described") {
    CHECK(nn::ReLU().describe().empty());
    CHECK(nn::GELU(nn::GeluApproximation::tanh).describe() == "approximate=tanh");
    CHECK(nn::LeakyReLU(0.2).describe() == "negative_slope=0.2");
    CHECK(nn::PReLU(3).describe() == "num_parameters=3");
    CHECK(nn::Hardtanh(-2, 1.5).describe() == "min_value=-2, max_value=1.5");
    CHECK(nn::Softmax(1).describe() == "dim=1");
    CHECK(nn::Threshold(0.5, -2).describe() == "threshold=0.5, value=-2");
  }

  TEST_CASE("wrong settings and inputs are refused") {
    CHECK(error_of([] { nn::PReLU(0); }) == "PReLU: num_parameters must be positive, got 0");
    CHECK(error_of([] { nn::CELU(0); }) == "CELU: alpha must not be 0");
    CHECK(error_of([] { nn::Hardtanh(1, 1); }) ==
          "Hardtanh: min_value must be below max_value, got 1 and 1");
    CHECK(error_of([] { nn::Softshrink(-1); }) ==
          "Softshrink: lambda must not be negative, got -1");
    CHECK(error_of([] {
            nn::Softmax2d()(ones({2, 2}));
          }).find("Softmax2d: x must be [N, C, H, W] or [C, H, W], got [2, 2]") == 0);
    CHECK(error_of([] { nn::PReLU(3)(ones({1, 4, 2})); }).find("in PReLU") != std::string::npos);
  }
}
