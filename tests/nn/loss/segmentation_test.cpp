#include "nn/loss/segmentation.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/unary.h"

using namespace tessera;
using nn::Segmentation;

TEST_SUITE("nn/loss/segmentation") {
  TEST_CASE("classes, ignored pixels and probabilities") {
    const Segmentation s("loss", zeros({1, 2, 3}), tensor({1, 255, 0}, {1, 3}, u8), 255);
    CHECK(s.classes == 2);
    CHECK_FALSE(s.binary);
    CHECK(s.index.to_vector<int64_t>() == std::vector<int64_t>{1, -1, 0});
    CHECK(s.counts.to_vector<int64_t>() == std::vector<int64_t>{1, 0, 1});
    CHECK(s.one_hot().to_vector<double>() == std::vector<double>{0, 0, 1, 1, 0, 0});
    CHECK(s.probabilities().to_vector<double>() == std::vector<double>{0.5, 0, 0.5, 0.5, 0, 0.5});
    CHECK(s.per_class("weight", {3, 5}).to_vector<double>() == std::vector<double>{5, 0, 3});
    CHECK_THROWS_WITH_AS(s.per_class("weight", {1, 2, 3}),
                         doctest::Contains("loss: weight must have one number for each of the 2 "
                                           "classes, got 3"),
                         Error);
  }

  TEST_CASE("one channel stands for two classes") {
    const Tensor mask = cast(tensor({1, 0}, {1, 2}), bool_);
    const Segmentation s("loss", zeros({1, 1, 2}, bf16), mask, -100);
    CHECK(s.binary);
    CHECK(s.classes == 2);
    CHECK(s.logits.dtype() == f32);
    CHECK(s.one_hot().to_vector<double>() == std::vector<double>{1, 0});
    CHECK(s.probabilities().to_vector<double>() == std::vector<double>{0.5, 0.5});
  }

  TEST_CASE("a mean over nothing is 0") {
    const Tensor x = tensor({2, 4}, {2}), w = tensor({1, 3}, {2});
    CHECK(nn::weighted_mean(x, w).item() == 1.5);
    CHECK(nn::weighted_mean(x, zeros({2})).item() == 0);
  }

  TEST_CASE("shapes and dtypes that do not fit") {
    const auto fails = [](const Tensor& logits, const Tensor& target, const char* text) {
      CHECK_THROWS_WITH_AS(Segmentation("loss", logits, target, -100), doctest::Contains(text),
                           Error);
    };
    fails(zeros({2, 3, 4}), zeros({2, 5}, i64),
          "the target of logits [2, 3, 4] must be the classes as integers [2, 4], got i64 [2, 5]");
    fails(zeros({2, 3, 4}), zeros({2, 4}), "got f32 [2, 4]");
    fails(zeros({2, 3, 4}, i64), zeros({2, 4}, i64), "the logits must be floating");
    fails(zeros({2, 0, 4}), zeros({2, 4}, i64), "at least one class");
    fails(zeros({2}), zeros({2}, i64), "[N, C, d1, ...]");
    fails({}, zeros({2}, i64), "undefined");
  }
}
