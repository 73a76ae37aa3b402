#include "io/dataset_init.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/dataset.h"
#include "io/json_file.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

TEST_SUITE("io/dataset_init") {
  TEST_CASE("plain folders get names of classes and patients") {
    const TemporaryFolder folder("init");
    for (const char* name : {"p1_s1", "p1_s2", "p2_s1", "other"})
      add_case(folder, name, counting_labels(4, 5, 3));
    const auto files = init_dataset(folder.path(), {.patient_until = "_"});
    CHECK(files == std::vector<fs::path>{folder / "labels.json", folder / "split.csv"});
    const Dataset set = open_dataset(folder.path());
    CHECK(set.labels == std::vector<std::string>{"background", "class_1", "class_2"});
    CHECK(set.cases[1].group == "p1");
    CHECK(set.cases[2].group == "p1");
    CHECK(set.cases[0].group == "other");
    CHECK_THROWS_WITH_AS(init_dataset(folder.path()), doctest::Contains("give --force"), Error);
    init_dataset(folder.path(), {.labels = {"a", "b", "c"}, .replace = true});
    CHECK(open_dataset(folder.path()).labels[1] == "b");
  }

  TEST_CASE("JMedSeg's folders get lists") {
    const TemporaryFolder folder("init");
    fs::create_directories(folder / "data");
    fs::create_directories(folder / "label");
    for (int i = 0; i < 12; ++i) {
      const std::string name = fmt::format("p{}_{}", i / 2, i % 2);
      write_png(Image(1, 4, 5), folder / ("data/" + name + ".png"));
      write_png(counting_labels(4, 5, 2), folder / ("label/" + name + ".png"));
    }
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()), doctest::Contains("tessera dataset init"),
                         Error);
    const auto files = init_dataset(folder.path(), {.patient_until = "_"});
    CHECK(files.size() == 4);
    const Dataset set = open_dataset(folder.path());
    CHECK(set.splits() == std::vector<std::string>{"train", "val", "test"});
    CHECK(set.split("train").size() == 8);
    CHECK(set.cases[3].group == "p1");
    CHECK(set.notes.empty());
  }

  TEST_CASE("nnU-Net's folders get dataset.json") {
    const TemporaryFolder folder("Dataset003_Init");
    for (const char* name : {"imagesTr", "labelsTr"}) fs::create_directories(folder / name);
    write_png(Image(1, 4, 5), folder / "imagesTr/a_0000.png");
    write_png(counting_labels(4, 5, 2), folder / "labelsTr/a.png");
    init_dataset(folder.path(), {.labels = {"background", "vessel"}});
    CHECK(load_json(folder / "dataset.json") ==
          Json::parse(R"({"channel_names": {"0": "channel_0"}, "file_ending": ".png",
                          "labels": {"background": 0, "vessel": 1}, "numTraining": 1})"));
    CHECK_THROWS_WITH_AS(init_dataset(folder.path(), {.labels = {"a"}, .replace = true}),
                         doctest::Contains("holds label 1"), Error);
  }
}
