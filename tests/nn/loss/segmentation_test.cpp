#include "nn/loss/segmentation.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;
using nn::Segmentation;

TEST_SUITE("nn/loss/segmentation") {
  TEST_CASE("classes, ignored pixels and probabilities") {
    const Segmentation s(zeros({1, 2, 3}), tensor({1, 255, 0}, {1, 3}, u8), {.ignore_index = 255});
    CHECK(s.classes == 2);
    CHECK_FALSE(s.binary);
    CHECK(s.index.to_vector<int64_t>() == std::vector<int64_t>{1, -1, 0});
    CHECK(s.counts.to_vector<int64_t>() == std::vector<int64_t>{1, 0, 1});
    CHECK(s.one_hot.to_vector<double>() == std::vector<double>{0, 0, 1, 1, 0, 0});
    CHECK(s.probabilities.to_vector<double>() == std::vector<double>{0.5, 0, 0.5, 0.5, 0, 0.5});
    CHECK(s.per_class("loss: weight", {3, 5}).to_vector<double>() == std::vector<double>{5, 0, 3});
    CHECK_THROWS_WITH_AS(s.per_class("loss: weight", {1, 2, 3}),
                         doctest::Contains("loss: weight must have one number for each of the 2 "
                                           "classes, got 3"),
                         Error);
  }

  TEST_CASE("one channel stands for two classes") {
    const Tensor mask = cast(tensor({1, 0}, {1, 2}), bool_);
    const Segmentation s(zeros({1, 1, 2}, bf16), mask);
    CHECK(s.binary);
    CHECK(s.classes == 2);
    CHECK(s.logits.dtype() == f32);
    CHECK(s.one_hot.to_vector<double>() == std::vector<double>{1, 0});
    CHECK(s.probabilities.to_vector<double>() == std::vector<double>{0.5, 0.5});
  }

  TEST_CASE("logarithms of probabilities") {
    const Tensor x = tensor({0, 1, 2, 3}, {1, 2, 2}, f64), t = tensor({1, 0}, {1, 2}, i64);
    const Segmentation two(x, t), one(tensor({2, 2}, {1, 1, 2}, f64), t);
    const double p = 1 / (1 + std::exp(-2.0));
    for (const Segmentation& s : {two, one}) {
      const std::vector<double> own = s.surprise().to_vector<double>();
      CHECK(own[0] == doctest::Approx(-std::log(p)));
      CHECK(own[1] == doctest::Approx(-std::log(1 - p)));
      const std::vector<double> all = s.log_probabilities().to_vector<double>();
      CHECK(all[0] == doctest::Approx(std::log(1 - p)));
      CHECK(all[2] == doctest::Approx(std::log(p)));
      CHECK(s.area(s.probabilities).to_vector<double>().back() == doctest::Approx(2 * p));
    }
  }

  TEST_CASE("classes that are not annotated hide in class 0") {
    // Three classes with probabilities 1/6, 2/6, 3/6; class 2 is annotated in the second case only,
    // nothing in the third.
    const Tensor row = log(tensor({1, 1, 1, 2, 2, 2, 3, 3, 3}, {1, 3, 3}, f64));
    const Tensor x = cat({row, row, row}, 0), t = reshape(iota({9}) % 3, {3, 3});
    const Tensor annotated = ne(tensor({0, 1, 0, 0, 1, 1, 1, 0, 0}, {3, 3}), 0);
    const Segmentation s(x, t, {.annotated = annotated});
    CHECK(s.index.to_vector<int64_t>() == std::vector<int64_t>{0, 1, -1, 0, 1, 2, -1, -1, -1});
    CHECK(s.annotated.to_vector<int64_t>() == std::vector<int64_t>{1, 1, 0, 1, 1, 1, 0, 0, 0});
    const std::vector<double> p = slice(s.probabilities, 2, {.stop = 1}).to_vector<double>();
    const double sixth = 1 / 6.0;
    const double expected[] = {4 * sixth, 2 * sixth, 0, sixth, 2 * sixth, 3 * sixth, 0, 0, 0};
    for (size_t i = 0; i < p.size(); ++i) CHECK(p[i] == doctest::Approx(expected[i]));
    CHECK(s.surprise().to_vector<double>()[0] == doctest::Approx(std::log(1.5)));
    // By itself, the channel of class 0 knows nothing of a pixel where class 2 may be.
    CHECK(slice(s.channel_counts(), 0, {.stop = 1}).to_vector<int64_t>() ==
          std::vector<int64_t>{0, 1, 0, 1, 1, 0, 0, 0, 0});
    const Segmentation one(zeros({2, 1, 2}), zeros({2, 2}, i64),
                           {.annotated = ne(tensor({0, 0, 0, 1}, {2, 2}), 0)});
    CHECK(one.counts.to_vector<int64_t>() == std::vector<int64_t>{0, 0, 1, 1});
    CHECK(one.annotated.to_vector<int64_t>() == std::vector<int64_t>{0, 1});
    CHECK_THROWS_WITH_AS(Segmentation(x, t, {.annotated = zeros({3, 2}, bool_)}),
                         doctest::Contains("annotated must be bool [3, 3], a row for each case and "
                                           "a column for each class, got bool [3, 2]"),
                         Error);
  }

  TEST_CASE("a mean over nothing is 0") {
    const Tensor x = tensor({2, 4}, {2}), w = tensor({1, 3}, {2});
    CHECK(nn::weighted_mean(x, w).item() == 1.5);
    CHECK(nn::weighted_mean(x, zeros({2})).item() == 0);
  }

  TEST_CASE("shapes and dtypes that do not fit") {
    const auto fails = [](const Tensor& logits, const Tensor& target, const char* text) {
      CHECK_THROWS_WITH_AS(Segmentation(logits, target), doctest::Contains(text), Error);
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
