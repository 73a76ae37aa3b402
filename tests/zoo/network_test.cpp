#include "zoo/network.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/shape.h"

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

  TEST_CASE("numbers that make no sense are refused") {
    CHECK_THROWS_AS(Echo(0), Error);
    Echo echo(2);
    CHECK_THROWS_AS(echo(zeros({1, 2, 4, 4})), Error);
    CHECK_THROWS_AS(echo(zeros({1, 1, 0, 4})), Error);
  }
}
