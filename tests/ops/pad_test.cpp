#include "ops/pad.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "core/error.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr std::pair<const char*, PadMode> modes[] = {{"constant", PadMode::constant},
                                                     {"reflect", PadMode::reflect},
                                                     {"replicate", PadMode::replicate},
                                                     {"circular", PadMode::circular}};

}  // namespace

SAMPLES(pad) {
  for (const auto& [name, mode] : modes) {
    const auto sample = [&, name = name, mode = mode](const std::vector<int64_t>& pads,
                                                      const Tensor& x) {
      list.push_back(
          {name,
           [pads, mode](const Tensors& t) { return pad(t[0], pads, {.mode = mode, .value = 0.5}); },
           {x}});
    };
    sample({2, 1}, uniform({2, 3}));
    sample({1, 2, 2, 0}, uniform({1, 2, 3, 3}));
    sample({-1, 2, 1, -1}, uniform({3, 4}));
    sample({-1, -1}, uniform({2, 2, 3}));
    sample({1, 0}, uniform({0, 2}));
  }
}

TEST_SUITE("ops/pad") {
  const Tensor x = tensor({1, 2, 3}, {3});
  using V = std::vector<int>;

  TEST_CASE("what stands beyond the ends") {
    const auto padded = [&](PadMode mode) {
      return pad(x, {2, 1}, {.mode = mode}).to_vector<int>();
    };
    CHECK(padded(PadMode::constant) == V{0, 0, 1, 2, 3, 0});
    CHECK(padded(PadMode::reflect) == V{3, 2, 1, 2, 3, 2});
    CHECK(padded(PadMode::replicate) == V{1, 1, 1, 2, 3, 3});
    CHECK(padded(PadMode::circular) == V{2, 3, 1, 2, 3, 1});
    CHECK(pad(x, {1, -2}, {.value = 7}).to_vector<int>() == V{7, 1});
    CHECK(pad(x, {-1, 2}, {.mode = PadMode::reflect}).to_vector<int>() == V{2, 3, 2, 1});
    CHECK(pad(x, {}).to_vector<int>() == V{1, 2, 3});
  }

  TEST_CASE("the last axis comes first") {
    CHECK(pad(tensor({1, 2}, {1, 2}), {1, 0, 0, 1}).to_vector<int>() == V{0, 1, 2, 0, 0, 0});
  }

  TEST_CASE("the value takes the dtype of x") {
    CHECK(pad(tensor({1}, {1}, u8), {1, 1}, {.value = 255}).to_vector<int>() == V{255, 1, 255});
    CHECK(pad(tensor({1}, {1}, bool_), {0, 1}, {.value = 1}).dtype() == bool_);
    CHECK(std::isnan(pad(x, {1, 0}, {.value = std::nan("")}).to_vector<double>()[0]));
    CHECK(pad(tensor({}, {0, 1}), {0, 0, 1, 1}, {.value = -INFINITY}).to_vector<double>() ==
          std::vector<double>{-INFINITY, -INFINITY});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("pad");
    for (const auto& [name, mode] : modes) {
      const PadOptions options{.mode = mode, .value = 1.5};
      torch.check(fmt::format("{} 1D", name), [options](const Tensors& t) {
        return pad(t[0], {2, 3}, options);
      });
      torch.check(fmt::format("{} 2D", name), [options](const Tensors& t) {
        return pad(t[0], {1, 2, 3, 0}, options);
      });
      torch.check(fmt::format("{} 3D", name), [options](const Tensors& t) {
        return pad(t[0], {1, 0, 0, 2, 1, 1}, options);
      });
    }
    torch.check("crop", [](const Tensors& t) { return pad(t[0], {-1, 2, 1, -2}, {.value = -1}); });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(pad(x, {3, 0}, {.mode = PadMode::reflect}),
                         doctest::Contains("pad: axis 0 of [3] can be padded by at most 2 in this "
                                           "mode, got 3 and 0"),
                         Error);
    CHECK_THROWS_AS(pad(x, {0, 4}, {.mode = PadMode::circular}), Error);
    CHECK_THROWS_AS(pad(tensor({}, {0}), {0, 1}, {.mode = PadMode::replicate}), Error);
    CHECK_THROWS_AS(pad(x, {1}), Error);
    CHECK_THROWS_AS(pad(x, {1, 1, 1, 1}), Error);
    CHECK_THROWS_AS(pad(x, std::vector<int64_t>(100, 0)), Error);
    CHECK_THROWS_AS(pad(x, {-2, -2}), Error);
    CHECK_THROWS_AS(pad(x, {-4, 0}, {.mode = PadMode::replicate}), Error);
    constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
    CHECK_THROWS_AS(pad(x, {kHuge, kHuge}), Error);
    CHECK_THROWS_AS(pad(x, {0, kHuge}, {.mode = PadMode::replicate}), Error);
    CHECK_THROWS_AS(pad(x, {-kHuge - 1, 0}, {.mode = PadMode::replicate}), Error);
    CHECK_THROWS_AS(pad(Tensor(), {1, 1}), Error);
  }
}
