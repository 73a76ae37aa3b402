#include "train/evaluate.h"

#include <doctest/doctest.h>

#include "ops/binary.h"
#include "ops/join.h"
#include "tests/train/tiny_set.h"

using namespace tessera;

namespace {

// Says 1 where the picture is bright, so that it finds the discs exactly.
struct Threshold : zoo::Network {
  Threshold() : Network(1, 2, 1) {}
  Tensor logits(const Tensor& x) override { return 20 * cat({0.5 - x, x - 0.5}, 1); }
};

}  // namespace

TEST_SUITE("train/evaluate") {
  TEST_CASE("a network that is right has Dice 1, and its mode is put back") {
    const testing::TinySet set("evaluate");
    infer::Model model;
    model.spec = {"threshold", 1, 2};
    model.network = std::make_unique<Threshold>();
    model.labels = {"ground", "disc"};
    const io::Dataset data = io::open_dataset(set.data(), {.labels = model.labels});
    const auto cases = data.split("train");
    const nn::Loss loss = nn::loss("ce");
    const train::Evaluation evaluation = train::evaluate(model, data, cases, {.loss = &loss});
    CHECK(evaluation.scores.cases().size() == 6);
    CHECK(evaluation.scores.dice() == 1);
    CHECK(evaluation.loss < 1e-4);
    CHECK(model.network->is_training());
  }

  TEST_CASE("what was not annotated counts in no score and no loss") {
    const testing::TinySet set("evaluate_partial");
    infer::Model model;
    model.spec = {"threshold", 1, 2};
    model.network = std::make_unique<Threshold>();
    model.labels = {"ground", "disc"};
    const io::Dataset data = io::open_dataset(set.data(), {.labels = model.labels});
    std::vector<io::Case> cases = data.split("train");
    // The same masks without any disc: right where discs were not looked for.
    for (io::Case& one : cases) {
      one.mask = set.data() / "empty.png";
      one.annotated = {"ground"};
    }
    io::write_png(io::LabelMap(16, 16), cases[0].mask);
    const nn::Loss loss = nn::loss("ce");
    train::Evaluation evaluation = train::evaluate(model, data, cases, {.loss = &loss});
    CHECK(evaluation.scores.summary(1).absent == 6);
    CHECK(evaluation.loss == 0);
    for (io::Case& one : cases) one.annotated = {"disc"};
    evaluation = train::evaluate(model, data, cases, {.loss = &loss});
    CHECK(evaluation.scores.summary(1).invented == 6);
    CHECK(evaluation.loss > 1);
  }
}
