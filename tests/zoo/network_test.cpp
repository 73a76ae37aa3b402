#include "zoo/network.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/shape.h"
#include "zoo/catalogue.h"

using namespace tessera;

namespace {

// Gives its input back, and notes the size it saw.
struct Echo : zoo::Network {
  explicit Echo(int64_t divisor) : Network(1, 1, divisor) {}
  Tensor logits(const Tensor& x) override {
    seen = x.shape();
    return x;
  }
  Shape seen;
};

}  // namespace

TEST_SUITE("zoo/network") {
  TEST_CASE("inputs are padded by their edge to a multiple of the divisor, and cropped back") {
    Echo echo(4);
    const Tensor x = reshape(arange(0, 30), {1, 1, 5, 6});
    const Tensor y = echo(x);
    CHECK(echo.seen == Shape{1, 1, 8, 8});
    CHECK(y.shape() == x.shape());
    CHECK(y.to_vector<float>() == x.to_vector<float>());
    echo(zeros({1, 1, 4, 8}));
    CHECK(echo.seen == Shape{1, 1, 4, 8});
  }

  TEST_CASE("further heads are cropped to the pixels that lie in the picture") {
    const auto network = zoo::make("unet(width=2,heads=3)", 1, 2);
    const Tensor x = zeros({1, 1, 20, 25});
    const Tensors all = network->outputs(x);
    REQUIRE(all.size() == 3);
    CHECK(all[0].shape() == Shape{1, 2, 20, 25});
    CHECK(all[1].shape() == Shape{1, 2, 10, 13});
    CHECK(all[2].shape() == Shape{1, 2, 5, 7});
    network->eval();
    CHECK(network->outputs(x)[0].to_vector<float>() == (*network)(x).to_vector<float>());
    Echo echo(4);
    CHECK(echo.outputs(x).size() == 1);
    CHECK(zoo::make("unet(width=2,heads=4,bilinear=false)", 1, 2)->outputs(x)[3].shape() ==
          Shape{1, 2, 3, 4});
    CHECK_THROWS_AS(zoo::make("unet(heads=5)"), Error);
  }

  TEST_CASE("numbers that make no sense are refused") {
    CHECK_THROWS_AS(Echo(0), Error);
    Echo echo(2);
    CHECK_THROWS_AS(echo(zeros({1, 2, 4, 4})), Error);
    CHECK_THROWS_AS(echo(zeros({1, 1, 0, 4})), Error);
  }
}
