#include "core/print.h"

#include <limits>
#include <sstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"

using namespace tessera;

namespace {

Tensor counting(const Shape& shape) {
  return iota(shape);
}

}  // namespace

TEST_SUITE("core/print") {
  TEST_CASE("columns are aligned and all numbers have the same digits") {
    CHECK(tensor({1, -0.25, 0.5, 3}, {2, 2}).str() ==
          "[[ 1.00, -0.25],\n"
          " [ 0.50,  3.00]]");
    CHECK(tensor({1, 20, -3}, {3}).str() == "[ 1., 20., -3.]");
    CHECK(tensor({0.1, 1.0 / 3}, {2}).str() == "[0.1000, 0.3333]");
  }

  TEST_CASE("a scalar is one number") {
    CHECK(scalar(2.5, f32).str() == "2.5");
    CHECK(scalar(int64_t{7}, i64).str() == "7");
    CHECK(tensor({-3}, {}).str() == "-3.");
  }

  TEST_CASE("integers and truth values are written in full") {
    CHECK(tensor({1, -20, 300}, {3}, i64).str() == "[  1, -20, 300]");
    CHECK(tensor({1, 0}, {2}, bool_).str() == "[ true, false]");
    const int64_t big[] = {std::numeric_limits<int64_t>::min()};
    CHECK(tensor<int64_t>(big, {1}).str() == "[-9223372036854775808]");
  }

  TEST_CASE("the dtype is told where the values do not show it") {
    CHECK(tensor({1}, {1}, f64).str() == "[1.] dtype=f64");
    CHECK(tensor({1}, {1}, bf16).str() == "[1.] dtype=bf16");
    CHECK(tensor({1}, {1}, u8).str() == "[1] dtype=u8");
  }

  TEST_CASE("nan and infinities stand in their columns") {
    const double inf = std::numeric_limits<double>::infinity();
    CHECK(tensor({1, -inf, std::numeric_limits<double>::quiet_NaN(), inf}, {4}).str() ==
          "[  1., -inf,  nan,  inf]");
    CHECK(tensor({inf, inf}, {2}).str() == "[inf, inf]");
  }

  TEST_CASE("very large, very small and very different numbers have exponents") {
    CHECK(tensor({1e-5, 1}, {2}).str() == "[1e-05, 1e+00]");
    CHECK(tensor({0.5, 1250}, {2}).str() == "[5.00e-01, 1.25e+03]");
    CHECK(tensor({1, 10000}, {2}).str() == "[    1., 10000.]");
    CHECK(tensor({2e8}, {1}).str() == "[2e+08]");
    CHECK(tensor({0, 0}, {2}).str() == "[0., 0.]");
  }

  TEST_CASE("blocks are separated by empty lines") {
    CHECK(counting({2, 1, 2}).str() == "[[[0, 1]],\n\n [[2, 3]]]");
  }

  TEST_CASE("long tensors are shortened and tell their shape") {
    CHECK(counting({1001}).str() == "[   0,    1,    2, ...,  998,  999, 1000] shape=[1001]");
    CHECK(counting({1000}).str().find("...") == std::string::npos);
    const Print print({.threshold = 5, .edge_items = 1});
    CHECK(counting({3, 3}).str() ==
          "[[0, ..., 2],\n"
          " ...,\n"
          " [6, ..., 8]] shape=[3, 3]");
    CHECK(counting({2, 3}).str() ==
          "[[0, ..., 2],\n"
          " [3, ..., 5]] shape=[2, 3]");
  }

  TEST_CASE("empty tensors tell their shape unless it is [0]") {
    CHECK(tensor({}, {0}).str() == "[]");
    CHECK(tensor({}, {2, 0, 3}).str() == "[] shape=[2, 0, 3]");
  }

  TEST_CASE("long rows continue on the next line") {
    const Print print({.line_width = 12});
    CHECK(counting({2, 5}).str() ==
          "[[0, 1, 2,\n"
          "  3, 4],\n"
          " [5, 6, 7,\n"
          "  8, 9]]");
  }

  TEST_CASE("options hold in their scope") {
    const Tensor x = tensor({1.0 / 3}, {1}, f64);
    {
      const Print print({.precision = 8});
      CHECK(x.str() == "[0.33333333] dtype=f64");
      const Print inner({.precision = 0});
      CHECK(x.str() == "[0.] dtype=f64");
    }
    CHECK(x.str() == "[0.3333] dtype=f64");
    CHECK_THROWS_AS(Print({.precision = 18}), Error);
    CHECK_THROWS_AS(Print({.edge_items = 0}), Error);
  }

  TEST_CASE("streams take tensors, shapes and dtypes") {
    std::ostringstream out;
    const Tensor x = tensor({1, 2}, {2});
    out << x + x << ' ' << x.shape() << ' ' << x.dtype() << ' ' << Tensor();
    CHECK(out.str() == "[2., 4.] [2] f32 undefined");
  }
}
