#include "train/mask_report.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/json_file.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using testing::MaskFolders;

TEST_SUITE("train/mask_report") {
  TEST_CASE("tables, numbers for programs, and a page") {
    const MaskFolders folders("mask_report");
    folders.add("good", {"0110", "0022"}, {"0110", "0022"});
    folders.add("bad", {"0110", "0022"}, {"0011", "0000"});
    train::ScoreOptions options = {.metrics = nn::choose_metrics("dice,hd95"),
                                   .convention = &nn::convention("tessera")};
    options.classes = train::parse_mask_classes("background,core,rim");
    const auto pairs = folders.pairs();
    const train::MaskEvaluation evaluation(score_all(pairs, options), options);
    const nn::BootstrapOptions bootstrap = {.resamples = 20};

    const std::string classes = class_table(evaluation).str(0, false);
    CHECK(classes.find("core   0.7500     0.4750") != std::string::npos);
    CHECK(classes.find("rim    0.5000  0.0000 +1") != std::string::npos);
    CHECK(classes.find("all    0.6250  0.2375 +1") != std::string::npos);
    CHECK(metric_table(evaluation, bootstrap).str().find("bad") != std::string::npos);
    CHECK(case_rows(evaluation).size() == 6);

    const io::Json json = evaluation_json(evaluation, bootstrap);
    CHECK(json["all"]["dice"]["mean"] == 0.625);
    CHECK(json["classes"]["rim"]["missed"] == 1);
    CHECK(json["classes"]["rim"]["hd95"]["infinite"] == 1);
    CHECK(json["cases"]["bad"]["rim"]["hd95"] == "inf");
    CHECK(json["cases"]["bad"]["rim"]["status"] == "missed");
    CHECK(json["cases"]["good"]["all"]["dice"] == 1);

    const auto rows = compare(evaluation, evaluation, bootstrap);
    CHECK(comparison_table(rows, evaluation, "one", "two").size() == rows.size());
    CHECK(comparison_json(rows, evaluation)[0]["class"] == "all");

    const io::Report report = mask_report(evaluation, pairs, bootstrap, 1);
    REQUIRE(report.cases.size() == 2);
    CHECK(report.cases[0].note == "rim missed");
    CHECK_FALSE(report.cases[0].png.empty());
    CHECK(report.cases[1].png.empty());
    CHECK(to_html(report).find("rim missed") != std::string::npos);
    CHECK_THROWS_AS(mask_report(evaluation, {}, bootstrap, 1), Error);
  }
}
