#include "nn/embedding.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/random.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/embedding") {
  TEST_CASE("embeddings are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("embedding", [] { return nn::Embedding(5, 3); });
    oracle.check("embedding padded", [] { return nn::Embedding(5, 2, {.padding_idx = -2}); });
  }

  TEST_CASE("the table begins normal, with zeros for padding") {
    manual_seed(1);
    const nn::Embedding layer(100, 50, {.padding_idx = 7});
    const std::vector<float> table = layer.weight.to_vector<float>();
    double squares = 0;
    for (const float v : table) squares += static_cast<double>(v) * v;
    CHECK(squares / (99 * 50) == doctest::Approx(1).epsilon(0.08));
    for (size_t i = 0; i < 50; ++i) CHECK(table[7 * 50 + i] == 0);
  }

  TEST_CASE("the row for padding gets no gradient") {
    nn::Embedding layer(3, 1, {.padding_idx = 1});
    const Tensor index = tensor({0, 1, 1, 2, 2}, {5}, i64);
    CHECK(grad(sum(layer(index)), layer.weight).to_vector<float>() == std::vector<float>{1, 0, 2});
  }

  TEST_CASE("settings are described, wrong ones and wrong indices refused") {
    CHECK(nn::Embedding(5, 3).describe() == "5, 3");
    CHECK(nn::Embedding(5, 3, {.padding_idx = -1}).describe() == "5, 3, padding_idx=4");
    CHECK(error_of([] { nn::Embedding(0, 3); }) ==
          "Embedding: num_embeddings and embedding_dim must be positive, got 0 and 3");
    CHECK(error_of([] { nn::Embedding(5, 3, {.padding_idx = 5}); }) ==
          "Embedding: padding_idx must lie in [-5, 5), got 5");
    nn::Embedding layer(5, 3);
    CHECK(error_of([&] { layer(full({2}, 9)).eval(); }).find("must lie in [-5, 5)") !=
          std::string::npos);
    CHECK(error_of([&] { layer(ones({2})); }).find("in Embedding") != std::string::npos);
  }
}
