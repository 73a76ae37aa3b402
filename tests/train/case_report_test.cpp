#include "train/case_report.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "ops/binary.h"
#include "ops/join.h"
#include "tests/train/tiny_set.h"

using namespace tessera;

namespace {

// Finds nothing: background everywhere.
struct Blind : zoo::Network {
  Blind() : Network(1, 2, 1) {}
  Tensor logits(const Tensor& x) override { return cat({1 + 0 * x, 0 * x}, 1); }
};

}  // namespace

TEST_SUITE("train/case_report") {
  TEST_CASE("a class that is never found is a warning, and the worst cases have pictures") {
    const testing::TinySet set("case_report");
    infer::Model model;
    model.spec = {"blind", 1, 2};
    model.network = std::make_unique<Blind>();
    model.labels = {"ground", "disc"};
    const io::Dataset data = io::open_dataset(set.data(), {.labels = model.labels});
    const auto cases = data.split("train");
    const train::Evaluation evaluation = train::evaluate(model, data, cases);
    CHECK(std::isnan(evaluation.loss));
    const auto pictures = set.run("pictures");
    const io::Report report =
        train::case_report(model, data, cases, evaluation, {.pictures = 2, .folder = pictures});
    CHECK(report.cases.size() == 6);
    CHECK(report.warnings.size() == 1);
    CHECK(report.warnings[0].find("disc is never found") == 0);
    CHECK(report.cases[0].note == "disc missed");
    CHECK(std::ranges::count_if(report.cases, [](const auto& one) { return !one.png.empty(); }) ==
          2);
    CHECK(std::distance(std::filesystem::directory_iterator(pictures), {}) == 2);
    CHECK(train::case_table(evaluation, model.labels).str().find("disc missed") !=
          std::string::npos);
    CHECK(train::score_table(evaluation, model.labels).str().find("0.0000") != std::string::npos);
  }
}
