#include "train/run_folder.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/json_file.h"
#include "tests/train/tiny_set.h"

using namespace tessera;

TEST_SUITE("train/run_folder") {
  TEST_CASE("epochs are logged, with gaps where nothing was measured") {
    const testing::TinySet set("run_folder");
    train::TrainConfig config;
    config.data = set.data().string();
    config.out = set.run("run").string();
    train::RunFolder folder(config, {"ground", "disc"});
    CHECK(std::filesystem::exists(folder.config_file()));
    folder.open_log(0);
    nn::Confusion half(2);
    half.add(std::vector<int64_t>{1, 1, 0, 0}, std::vector<int64_t>{1, 0, 1, 0}, -1);
    train::Evaluation evaluation{nn::SegmentationScores(2), 0.25};
    evaluation.scores.add("a", half);
    folder.add({.number = 1, .lr = 0.1, .loss = 0.5, .seconds = 2, .evaluation = &evaluation});
    folder.add({.number = 2, .lr = 0.1, .loss = 0.4, .seconds = 2});
    CHECK(folder.history()["dice"][0] == 0.5);
    CHECK(folder.history()["dice disc"][0] == 0.5);
    CHECK(std::isnan(folder.history()["val_loss"][1]));
    CHECK(folder.history_json().size() == 2);
    CHECK(folder.history_json()[0]["val_loss"] == 0.25);
    CHECK_FALSE(folder.history_json()[1].contains("dice"));
    CHECK(folder.last_line(10, true).find("epoch  2/10  loss 0.4000  2.0 s  best") == 0);
    CHECK(std::filesystem::exists(set.run("run") / "loss.svg"));
  }

  TEST_CASE("a folder that cannot be made is named") {
    const testing::TinySet set("run_folder_bad");
    std::ofstream(set.run("file")) << "x";
    train::TrainConfig config;
    config.out = (set.run("file") / "run").string();
    CHECK_THROWS_AS(train::RunFolder(config, {"a", "b"}), Error);
  }
}
