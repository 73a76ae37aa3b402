#include "ops/conv_algorithm.h"

#include <string>

#include <doctest/doctest.h>

#include "core/cpu/pairs.h"

using namespace tessera;
using namespace tessera::detail;

TEST_SUITE("ops/conv_algorithm") {
  TEST_CASE("the choice depends on geometry and dtype") {
    const auto chosen = [](const Shape& x, const Shape& w, const ConvOptions& options,
                           DType dtype = f32) {
      return std::string(
          name_of(choose_algorithm(conv_geometry("conv2d", 2, x, w, options), dtype)));
    };
    const Shape x = {2, 16, 32, 32}, w = {24, 16, 3, 3};
    CHECK(chosen(x, w, {.padding = 1}) == "winograd");
    CHECK(chosen(x, w, {}) == "winograd");
    CHECK(chosen(x, w, {.padding = 1}, f64) == "direct");
    CHECK(chosen({2, 16, 64, 32}, w, {.stride = 2}) == "direct");
    CHECK(chosen(x, w, {.dilation = 2}) == "direct");
    CHECK(chosen(x, {24, 8, 3, 3}, {.groups = 2}) == "direct");
    CHECK(chosen(x, {32, 1, 5, 4}, {.stride = 2, .groups = 16}) == "depthwise");
    CHECK(chosen(x, {32, 1, 5, 4}, {.stride = 2, .groups = 16}, f64) == "direct");
    CHECK(chosen(x, {24, 16, 5, 3}, {}) == "direct");
    CHECK(chosen({2, 3, 32, 32}, {24, 3, 3, 3}, {}) == "direct");  // few channels
    CHECK(chosen({2, 3, 32, 32}, {27, 3, 3, 3}, {}) == "unfold");  // small patches
    CHECK(chosen({1, 16, 8, 8}, w, {.padding = 1}) == "unfold");   // few tiles
    CHECK(chosen({1, 64, 8, 8}, {80, 64, 3, 3}, {.padding = 1}) == "winograd");
    CHECK(chosen({1, 64, 8, 4}, {80, 64, 3, 3}, {.padding = 1}) == "unfold");
    CHECK(chosen(x, {24, 16, 2, 2}, {.stride = 2}) == "unfold");
    CHECK(chosen(x, {24, 16, 2, 2}, {.stride = 2}, f64) == "direct");
    CHECK(chosen(x, {24, 16, 1, 1}, {}) == "unfold");
  }

  TEST_CASE("bf16: tiles where the processor multiplies them; of many channels before Winograd") {
    const auto chosen = [](const Shape& x, const Shape& w, const ConvOptions& options,
                           DType dtype) {
      return std::string(
          name_of(choose_algorithm(conv_geometry("conv2d", 2, x, w, options), dtype)));
    };
    const Shape x = {2, 16, 32, 32}, w = {24, 16, 3, 3};
    {
      const cpu::PairKernelInUse none(nullptr);
      CHECK(chosen(x, w, {.padding = 1}, bf16) == "winograd");
      CHECK(chosen(x, {24, 16, 1, 1}, {}, f16) == "unfold");
    }
    const auto run = [](int64_t, int64_t, const BFloat16*, int64_t, int64_t, const BFloat16*,
                        float*, int64_t, bool) {};
    const cpu::GemmKernel<BFloat16> vectors{6, 64, 2, run}, tiles{32, 32, 32, run};
    {
      const cpu::PairKernelInUse own(&vectors);
      CHECK(chosen(x, w, {.padding = 1}, bf16) == "winograd");
      CHECK(chosen(x, {24, 16, 1, 1}, {}, bf16) == "unfold");
    }
    const cpu::PairKernelInUse own(&tiles);
    CHECK(chosen({1, 64, 8, 8}, {80, 64, 3, 3}, {.padding = 1}, bf16) == "pairs");
    CHECK(chosen(x, w, {.padding = 1}, bf16) == "winograd");
    CHECK(chosen(x, w, {.stride = 2}, bf16) == "pairs");
    CHECK(chosen(x, w, {.padding = 1}, f16) == "winograd");
    CHECK(chosen(x, {24, 16, 1, 1}, {}, bf16) == "pairs");
    CHECK(chosen({2, 3, 32, 32}, {24, 3, 3, 3}, {}, bf16) == "direct");  // few channels
    CHECK(chosen(x, {24, 16, 1, 1}, {}, f32) == "unfold");
    CHECK(chosen(x, {32, 1, 5, 4}, {.groups = 16}, bf16) == "depthwise");
  }

  TEST_CASE("of volumes too") {
    const auto chosen = [](const Shape& x, const Shape& w, const ConvOptions& options) {
      return choose_algorithm(conv_geometry("conv3d", 3, x, w, options), f32);
    };
    const Shape x = {1, 16, 12, 4, 4};
    CHECK(chosen(x, {24, 16, 3, 3, 3}, {.padding = 1}) == ConvAlgorithm::winograd);
    CHECK(chosen(x, {24, 16, 1, 3, 3}, {.padding = 1}) == ConvAlgorithm::winograd);
    CHECK(chosen(x, {24, 16, 3, 3, 1}, {.padding = 1}) == ConvAlgorithm::direct);
    CHECK(chosen({1, 16, 11, 4, 4}, {24, 16, 3, 3, 3}, {.padding = 1}) == ConvAlgorithm::unfold);
  }

  TEST_CASE("the direct kernels can be demanded") {
    const ConvGeometry g =
        conv_geometry("conv2d", 2, {2, 16, 32, 32}, {24, 16, 3, 3}, {.padding = 1});
    {
      const DirectConvolutions direct;
      {
        const DirectConvolutions again;
        CHECK(choose_algorithm(g, f32) == ConvAlgorithm::direct);
      }
      CHECK(choose_algorithm(g, f32) == ConvAlgorithm::direct);
    }
    CHECK(choose_algorithm(g, f32) == ConvAlgorithm::winograd);
  }
}
