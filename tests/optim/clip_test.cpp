#include "optim/clip.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("optim/clip") {
  TEST_CASE("by hand") {
    const Tensors g{tensor({3, 0}, {2}, f64), {}, tensor({-4}, {1}, f64)};
    const optim::Clipped half = optim::clip_grad_norm(g, 2.5);
    CHECK(half.norm.item() == 5);
    CHECK(half.gradients[0].to_vector<double>()[0] == doctest::Approx(1.5));
    CHECK_FALSE(half.gradients[1].defined());
    CHECK(half.gradients[2].item() == doctest::Approx(-2));
    CHECK(optim::clip_grad_norm(g, 10).gradients[2].item() == -4);
    const Tensors limited = optim::clip_grad_value(g, 2);
    CHECK(limited[0].to_vector<double>() == std::vector<double>{2, 0});
    CHECK(limited[2].item() == -2);
  }

  TEST_CASE("the same as torch") {
    const Oracle oracle("optim");
    for (const char* type : {"1.0", "2.0", "3.0", "inf"}) {
      for (const char* limit : {"0.5", "100.0"}) {
        const std::string what = fmt::format("norm {} {}", type, limit);
        INFO(what);
        Tensors g;
        for (int i = 0; i < 3; ++i) g.push_back(oracle(fmt::format("{}/g{}", what, i)));
        const optim::Clipped clipped =
            optim::clip_grad_norm(g, std::strtod(limit, nullptr), std::strtod(type, nullptr));
        check_close(clipped.norm, oracle(what + "/total"), 1e-12);
        for (int i = 0; i < 3; ++i) {
          check_close(clipped.gradients[static_cast<size_t>(i)],
                      oracle(fmt::format("{}/c{}", what, i)), 1e-12);
        }
      }
    }
  }

  TEST_CASE("a gradient that is not finite shows in the norm") {
    const Tensors g{tensor({1}, {1}), tensor({NAN, 1}, {2})};
    CHECK(std::isnan(optim::clip_grad_norm(g, 1).norm.item()));
  }

  TEST_CASE("impossible limits") {
    const Tensors g{tensor({1}, {1})};
    CHECK_THROWS_WITH_AS(optim::clip_grad_norm(g, 0), doctest::Contains("must be positive, got 0"),
                         Error);
    CHECK_THROWS_AS(optim::clip_grad_norm(g, 1, -2), Error);
    CHECK_THROWS_AS(optim::clip_grad_value(g, NAN), Error);
    CHECK_THROWS_WITH_AS(optim::clip_grad_norm({Tensor()}, 1),
                         doctest::Contains("none of the 1 gradients is defined"), Error);
  }
}
