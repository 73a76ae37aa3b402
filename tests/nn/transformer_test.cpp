#include "nn/transformer.h"

#include <doctest/doctest.h>

#include "nn/container.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/transformer") {
  TEST_CASE("encoder layers are those of torch.nn") {
    const testing::LayerOracle oracle("blocks");
    const auto make = [] {
      return nn::TransformerEncoderLayer(4, 2, {.dim_feedforward = 6, .dropout = 0});
    };
    oracle.check("encoder", make);
    oracle.check("encoder first", [] {
      return nn::TransformerEncoderLayer(4, 2,
                                         {.dim_feedforward = 6,
                                          .dropout = 0,
                                          .activation = nn::Activation::gelu,
                                          .layer_norm_eps = 1e-3,
                                          .batch_first = true,
                                          .norm_first = true,
                                          .bias = false});
    });
    oracle.check("encoder causal", make, [](nn::TransformerEncoderLayer& layer, const Tensors& x) {
      return layer(x[0], {.is_causal = true});
    });
  }

  TEST_CASE("it has torch's defaults and works in a Sequential") {
    const nn::TransformerEncoderLayer layer(8, 2);
    CHECK(layer.parameter_count() == 4 * 8 * 8 + 4 * 8 + 2 * 8 * 2048 + 2048 + 8 + 4 * 8);
    CHECK(layer.dropout.p == 0.1);
    CHECK(layer.describe() == "8, 2, dim_feedforward=2048");
    nn::Sequential stack{nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 4}),
                         nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 4})};
    CHECK(stack(randn({5, 3, 8})).shape() == Shape{5, 3, 8});
    const std::string text = error_of([&] { stack(ones({5, 3, 7})); });
    CHECK(text.find("in Sequential.0.self_attn") != std::string::npos);
  }
}
