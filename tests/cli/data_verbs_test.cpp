// The verbs `dataset` and `doctor`.

#include <doctest/doctest.h>

#include "io/image.h"
#include "io/json_file.h"
#include "tests/cli/program.h"
#include "tests/text.h"
#include "tests/train/tiny_set.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
using testing::TinySet;
namespace fs = std::filesystem;

TEST_SUITE("cli/data_verbs") {
  TEST_CASE("init names classes, split writes folds, train takes one") {
    const TinySet set("cli_dataset");
    const std::string data = set.data().string();
    Ended ended = run_program({"dataset", "init", data, "--labels", "background,disc"});
    CAPTURE(ended.err);
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "labels.json"));
    CHECK(run_program({"dataset", "init", data}).status == 1);
    ended = run_program({"dataset", "split", data, "--folds", "4"});
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "with disc"));
    CHECK(run_program({"dataset", "split", data}).status == 1);
    CHECK(io::load_json(set.data() / "splits_final.json").size() == 4);
    CHECK(has(run_program({"dataset", "merge", data}).err, "there are init and split"));
    CHECK(has(run_program({"dataset"}).err, "of which folder?"));

    ended = run_program({"train", "--data", data, "--out", set.run("run").string(), "--model",
                         "unet(width=1)", "--epochs", "1", "--batch", "2", "--fold", "3"});
    CAPTURE(ended.err);
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "6 cases for training, 2 for validation"));
    CHECK(has(run_program({"test", set.run("run").string(), "--split", "val"}).out,
              "2 cases of 'val'"));
    CHECK(has(
        run_program({"train", "--data", data, "--out", set.run("b").string(), "--fold", "4"}).err,
        "has the folds 0 to 3, got 4"));
  }

  TEST_CASE("doctor tells clean, broken and fixed apart by its status") {
    const TinySet set("cli_doctor");
    const std::string data = set.data().string(), out = set.run("mended").string();
    Ended ended = run_program({"doctor", data});
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "10 cases examined, clean"));
    for (int i = 0; i < 10; ++i) {
      const fs::path mask = set.data() / "masks" / ("disc" + std::to_string(i) + ".png");
      io::LabelMap map = io::read_labels(mask);
      for (int32_t& label : map.labels) label *= 255;
      io::write_png(map, mask);
    }
    ended = run_program({"doctor", data, "--rows", "2"});
    CHECK(ended.status == 4);
    CHECK(has(ended.out, "0, 255 where 0, 1 should be"));
    CHECK(has(ended.out, "255 becomes 1"));
    CHECK(has(ended.out, "8 more"));
    ended = run_program({"doctor", data, "--fix", out});
    CHECK(ended.status == 3);
    CHECK(has(ended.out, "10 of 10 cases, repaired"));
    CHECK(run_program({"doctor", out}).status == 0);
    CHECK(has(run_program({"info", out}).out, "10 cases"));
    ended = run_program({"doctor", data, "--fix", out});
    CHECK(ended.status == 1);
    CHECK(has(ended.err, "is there already"));
    CHECK(run_program({"doctor", set.run("none").string()}).status == 1);
    CHECK(has(run_program({"doctor", "--help"}).out, "Exit status"));
  }
}
