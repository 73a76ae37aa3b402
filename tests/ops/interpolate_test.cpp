#include "ops/interpolate.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;
using enum Interpolation;

// What is recorded, and a sample each: the names are those of scripts/oracles/interpolate.py.
static const struct {
  const char* what;
  InterpolateOptions options;
} kCases[] = {
    {"nearest 1d", {.size = 7}},
    {"nearest 2d", {.scale_factor = {2}}},
    {"nearest 3d", {.size = {2, 3, 2}}},
    {"nearest exact", {.scale_factor = {1.7, 0.6}, .mode = nearest_exact}},
    {"linear", {.size = 5, .mode = linear}},
    {"linear aligned", {.size = 5, .mode = linear, .align_corners = true}},
    {"bilinear", {.size = {5, 2}, .mode = bilinear}},
    {"bilinear aligned", {.size = {5, 2}, .mode = bilinear, .align_corners = true}},
    {"bilinear to one", {.size = 1, .mode = bilinear, .align_corners = true}},
    {"bilinear factor", {.scale_factor = {1.7, 0.6}, .mode = bilinear}},
    {"bilinear recomputed",
     {.scale_factor = {1.7, 0.6}, .mode = bilinear, .recompute_scale_factor = true}},
    {"bilinear antialiased", {.size = {2, 3}, .mode = bilinear, .antialias = true}},
    {"bilinear antialiased, aligned",
     {.size = {3, 4}, .mode = bilinear, .align_corners = true, .antialias = true}},
    {"bilinear antialiased to one, aligned",
     {.size = {1, 6}, .mode = bilinear, .align_corners = true, .antialias = true}},
    {"bilinear antialiased factor", {.scale_factor = {0.45}, .mode = bilinear, .antialias = true}},
    {"bicubic", {.size = {6, 2}, .mode = bicubic}},
    {"bicubic aligned", {.size = {6, 2}, .mode = bicubic, .align_corners = true}},
    {"bicubic factor", {.scale_factor = {1.3}, .mode = bicubic}},
    {"bicubic antialiased", {.size = {2, 5}, .mode = bicubic, .antialias = true}},
    {"trilinear", {.size = {3, 1, 4}, .mode = trilinear}},
    {"trilinear aligned", {.size = {3, 1, 4}, .mode = trilinear, .align_corners = true}},
    {"area 1d", {.size = 3, .mode = area}},
    {"area 2d", {.size = {3, 2}, .mode = area}},
    {"area 3d", {.scale_factor = {0.7}, .mode = area}},
};

SAMPLES(interpolate) {
  const Oracle oracle("interpolate");
  for (const auto& c : kCases) {
    list.push_back({c.what,
                    [o = c.options](const Tensors& x) { return interpolate(x[0], o); },
                    {oracle(std::string(c.what) + "/x0")}});
  }
  list.push_back({"no images",
                  [](const Tensors& x) { return interpolate(x[0], {.size = 3}); },
                  {uniform({0, 2, 2, 2})}});
  list.push_back({"the same size",
                  [](const Tensors& x) { return interpolate(x[0], {.size = 3, .mode = linear}); },
                  {uniform({1, 2, 3})}});
}

TEST_SUITE("ops/interpolate") {
  TEST_CASE("doubles a 2x2 image") {
    const Tensor x = tensor({0, 4, 8, 12}, {1, 1, 2, 2});
    CHECK(interpolate(x, {.scale_factor = {2}}).to_vector<double>() ==
          std::vector<double>{0, 0, 4, 4, 0, 0, 4, 4, 8, 8, 12, 12, 8, 8, 12, 12});
    CHECK(interpolate(x, {.scale_factor = {2}, .mode = bilinear}).to_vector<double>() ==
          std::vector<double>{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12});
    CHECK(interpolate(x, {.size = 1, .mode = area}).to_vector<double>() == std::vector<double>{6});
  }

  TEST_CASE("nearest keeps label maps") {
    const Tensor y = interpolate(tensor({3, 255}, {1, 1, 2}, u8), {.scale_factor = {2}});
    CHECK(y.dtype() == u8);
    CHECK(y.to_vector<double>() == std::vector<double>{3, 3, 255, 255});
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("interpolate");
    for (const auto& c : kCases) {
      oracle.check(c.what, [&](const Tensors& x) { return interpolate(x[0], c.options); });
    }
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = uniform({1, 2, 4, 4});
    CHECK_THROWS_WITH_AS(
        interpolate(x, {.size = 8, .mode = linear}),
        doctest::Contains("interpolate: mode linear needs 1 spatial axes, got 2 in [1, 2, 4, 4]; "
                          "use linear, bilinear or trilinear for 1, 2 or 3"),
        Error);
    CHECK_THROWS_AS(interpolate(Tensor(), {.size = 8}), Error);
    CHECK_THROWS_AS(interpolate(x, {}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = 8, .scale_factor = {2}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = {1, 2, 3}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = 0}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = int64_t{1} << 40}), Error);
    CHECK_THROWS_AS(interpolate(x, {.scale_factor = {2, 2, 2}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.scale_factor = {0.1}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.scale_factor = {-1}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.scale_factor = {std::nan("")}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.scale_factor = {1e300}}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = 8, .align_corners = true}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = 8, .antialias = true}), Error);
    CHECK_THROWS_AS(interpolate(x, {.size = 8, .recompute_scale_factor = true}), Error);
    CHECK_THROWS_AS(interpolate(cast(x, i32), {.size = 8, .mode = bilinear}), Error);
    CHECK_THROWS_AS(interpolate(uniform({1, 2, 0}), {.size = 8}), Error);
    CHECK_THROWS_AS(interpolate(uniform({1, 2}), {.size = 8}), Error);
  }
}
