#include "infer/sliding_window.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/oracle.h"

using namespace tessera;
using infer::Blend;
using infer::Placement;

namespace {

// Something that knows where in its window it is: x [1, 1, ...] to two classes.
Tensor toy(const Tensor& x) {
  const Tensor ramp = cast(arange(x.shape(-1)), f32) / 10.0;
  return cat({square(x), x + ramp}, 1);
}

}  // namespace

TEST_SUITE("infer/sliding_window") {
  TEST_CASE("the blended result is MONAI's, in two and three dimensions") {
    const testing::Oracle oracle("sliding_window");
    for (const auto& [name, window] :
         {std::pair{"2d", Shape{8, 8}}, std::pair{"3d", Shape{4, 6, 4}}}) {
      for (const auto& [mode, blend] :
           {std::pair{"constant", Blend::constant}, std::pair{"gaussian", Blend::gaussian}}) {
        for (const double overlap : {0.25, 0.5}) {
          const std::string key = fmt::format("{}/{} {}", name, mode, overlap);
          CAPTURE(key);
          const Tensor y = infer::sliding_window(oracle(std::string(name) + "/x"), toy,
                                                 {.window = window,
                                                  .overlap = overlap,
                                                  .placement = Placement::monai,
                                                  .blend = blend});
          testing::check_close(y, oracle(key), 1e-5);
        }
      }
    }
  }

  TEST_CASE("what does not depend on the window comes out as if it were predicted at once") {
    manual_seed(1);
    for (const Shape& extents : {Shape{5}, Shape{3, 9}, Shape{20, 3, 4}, Shape{2, 2, 2}}) {
      Shape whole{1, 1}, window;
      for (const int64_t extent : extents) {
        whole.push_back(extent);
        window.push_back(4);
      }
      const Tensor x = randn(whole);
      for (const Blend blend : {Blend::constant, Blend::gaussian, Blend::hann}) {
        const Tensor y = infer::sliding_window(x,
                                               [](const Tensor& part) {
                                                 return cat({part, -part}, 1);
                                               },
                                               {.window = window, .overlap = 0.3, .blend = blend});
        testing::check_close(y, cat({x, -x}, 1), 1e-6);
      }
    }
  }

  TEST_CASE("slabs come in order, and the memory does not grow with the first axis") {
    const infer::SlidingWindow tall({100, 6}, {.window = {8, 4}}), low({16, 6}, {.window = {8, 4}});
    CHECK(tall.bytes(3) == low.bytes(3));
    CHECK(tall.windows() == 24 * 2);
    int64_t next = 0, slabs = 0, windows = 0;
    tall.run(
        zeros({1, 1, 100, 6}), [](const Tensor& part) { return part + 1.0; },
        [&](int64_t first, const Tensor& logits) {
          CHECK(first == next);
          CHECK(logits.shape(3) == 6);
          CHECK(max(logits).item() == 1);
          next += logits.shape(2);
          ++slabs;
        },
        [&] { ++windows; });
    CHECK(next == 100);
    CHECK(slabs == 24);
    CHECK(windows == tall.windows());
  }

  TEST_CASE("the same bits for any number of threads") {
    manual_seed(2);
    const Tensor x = randn({1, 1, 33, 29});
    const auto predict = [&] {
      return infer::sliding_window(x, toy, {.window = {8, 12}}).to_vector<float>();
    };
    const int threads = num_threads();
    set_num_threads(1);
    const auto one = predict();
    set_num_threads(3);
    CHECK(predict() == one);
    set_num_threads(threads);
  }

  TEST_CASE("mirror images are averaged, each mirrored back") {
    // Two pixels of which the left one is seen: the mean of both places where it can lie.
    const infer::Predictor left = [](const Tensor& x) {
      return x * tensor<float>(std::vector<float>{1, 0}, {2});
    };
    const Tensor x = tensor<float>(std::vector<float>{3, 5}, {1, 1, 1, 2});
    testing::check_close(infer::mirrored(left, {1})(x),
                         tensor<float>(std::vector<float>{1.5, 2.5}, {1, 1, 1, 2}), 0);
    int calls = 0;
    const infer::Predictor counted = [&](const Tensor& part) {
      ++calls;
      return part * 1.0;
    };
    testing::check_close(infer::mirrored(counted, {0, 1})(x), x, 1e-7);
    CHECK(calls == 4);
  }

  TEST_CASE("what cannot be is refused") {
    CHECK_THROWS_WITH_AS(infer::SlidingWindow({8, 8}, {.window = {4}}),
                         doctest::Contains("the same 1 to 3 spatial axes, got [8, 8] and [4]"),
                         Error);
    CHECK_THROWS_WITH_AS(infer::SlidingWindow({8, 8}, {.window = {4, 0}}),
                         doctest::Contains("extents must be at least 1"), Error);
    const auto sum_up = [](const Tensor& x) { return sum(x, {2, 3}); };
    CHECK_THROWS_WITH_AS(infer::sliding_window(zeros({1, 1, 8, 8}), sum_up, {.window = {4, 4}}),
                         doctest::Contains("a window's result must be f32 [1, 1, 4, 4]"), Error);
    const infer::SlidingWindow windows({8, 8}, {.window = {4, 4}});
    CHECK_THROWS_WITH_AS(windows.run(zeros({1, 1, 8, 9}), toy, {}),
                         doctest::Contains("x must be [1, C] and [8, 8], got [1, 1, 8, 9]"), Error);
  }
}
