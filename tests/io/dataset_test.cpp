#include "io/dataset.h"

#include <map>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/npy.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

void check_refused(const TemporaryFolder& folder, const std::string& message,
                   const DatasetOptions& options = {}) {
  CHECK_THROWS_WITH_AS(open_dataset(folder.path(), options), doctest::Contains(message.c_str()),
                       Error);
}

// Ten cases of 4x5 pixels and three classes.
void add_ten_cases(const TemporaryFolder& folder) {
  for (int i = 0; i < 10; ++i) add_case(folder, fmt::format("c{}", i), counting_labels(4, 5, 3, i));
}

}  // namespace

TEST_SUITE("io/dataset") {
  TEST_CASE("a folder of images and masks is opened, classes and channels are found") {
    const TemporaryFolder folder("set");
    add_ten_cases(folder);
    const Dataset set = open_dataset(folder.path());
    CHECK(set.cases.size() == 10);
    CHECK(set.channels == 1);
    CHECK(set.classes() == 3);
    CHECK(set.labels == std::vector<std::string>{"0", "1", "2"});
    CHECK(set.pixels[0] + set.pixels[1] + set.pixels[2] == 200);
    CHECK(set.cases[0].size == ImageSize{1, 4, 5});
    CHECK(set.cases[0].foreground == doctest::Approx(13.0 / 20));
    CHECK(set.splits() == std::vector<std::string>{"train", "val", "test"});
    CHECK(set.split("train").size() == 6);
    CHECK(set.split("val").size() == 2);
    CHECK(set.split_rule == "chosen by seed 0: 0.15 of the groups for val, 0.15 for test");
    CHECK(set.notes.empty());
    CHECK(read_mask(set, set.cases[3]) == counting_labels(4, 5, 3, 3));
    CHECK_THROWS_WITH_AS(
        set.split("prod"),
        doctest::Contains("no cases for \"prod\"; its splits are train, val, test"), Error);
  }

  TEST_CASE("names of splits are extended, and validation is taken from training") {
    const TemporaryFolder folder("set");
    add_ten_cases(folder);
    std::string rows = "stem,split,patient\n";
    for (int i = 0; i < 10; ++i)
      rows += fmt::format("c{},{},p{}\n", i, i < 8 ? "train" : "test_far", i);
    folder.write("split.csv", rows);
    const Dataset set = open_dataset(folder.path());
    CHECK(set.splits() == std::vector<std::string>{"train", "val", "test_far"});
    CHECK(set.split("test").size() == 2);
    CHECK(set.split("val").size() == 1);
    CHECK(set.split("train").size() == 7);
    CHECK(set.split_rule ==
          "as the folder says, with 0.15 of the groups of train for val, chosen by seed 0");
    CHECK(open_dataset(folder.path(), {.val = 0}).split("train").size() == 8);
    CHECK(open_dataset(folder.path(), {.val = 0}).split_rule == "as the folder says");
  }

  TEST_CASE("classes have names from labels.json or the options") {
    const TemporaryFolder folder("set");
    add_ten_cases(folder);
    folder.write("labels.json", R"(["air", "head", "brain"])");
    CHECK(open_dataset(folder.path()).labels == std::vector<std::string>{"air", "head", "brain"});
    folder.write("labels.json", R"({"head": 1, "air": 0, "brain": 2, "tumour": 3})");
    const Dataset set = open_dataset(folder.path());
    CHECK(set.labels == std::vector<std::string>{"air", "head", "brain", "tumour"});
    CHECK(set.notes == std::vector<std::string>{"no mask has a pixel of class 3 (tumour)"});
    CHECK(open_dataset(folder.path(), {.labels = {"a", "b", "c"}}).labels[2] == "c");
    for (const char* wrong : {"3", "[1]", R"({"a": 1})", R"({"a": 0, "b": 0})", R"({"a": -1})",
                              R"({"a": "0"})", R"([["a"]])"}) {
      folder.write("labels.json", wrong);
      CAPTURE(wrong);
      check_refused(folder, "labels.json must be a list of names");
    }
    fs::remove(folder / "labels.json");
    check_refused(folder, "holds label 2, but the classes are 0 to 1 (a, b); mend the mask",
                  {.labels = {"a", "b"}});
  }

  TEST_CASE("masks of 0 and 255 are an error with a remedy that works") {
    const TemporaryFolder folder("set");
    add_ten_cases(folder);
    for (int i = 0; i < 10; ++i) {
      LabelMap mask = counting_labels(4, 5, 2, i);
      for (int32_t& label : mask.labels) label *= 255;
      write_png(mask, folder / fmt::format("masks/c{}.png", i));
    }
    check_refused(
        folder, fmt::format("the masks hold 0, 255 (the largest in {}), but class indices must be "
                            "0, 1, 2, ... without gaps; give mask_values 0,255 to number them",
                            (folder / "masks/c0.png").string()));
    const Dataset set = open_dataset(folder.path(), {.mask_values = {0, 255}});
    CHECK(set.classes() == 2);
    CHECK(read_mask(set, set.cases[1]) == counting_labels(4, 5, 2, 1));
    check_refused(folder, "holds 255, which is none of the mask_values 0,128",
                  {.mask_values = {0, 128}});
    check_refused(folder, "mask_values must differ, got 0 twice", {.mask_values = {0, 0}});
    check_refused(folder, "one of mask_values for each class, got 2 for 3 (a, b, c)",
                  {.labels = {"a", "b", "c"}, .mask_values = {0, 255}});

    const Dataset ignoring = open_dataset(folder.path(), {.labels = {"a", "b"}, .ignore = 255});
    CHECK(ignoring.pixels == std::vector<int64_t>{100, 0});
    CHECK(ignoring.cases[0].foreground == 0);
    CHECK(read_mask(ignoring, ignoring.cases[0]).labels[1] == 255);
  }

  TEST_CASE("sizes that differ, empty masks and damage are errors that name the file") {
    const TemporaryFolder folder("set");
    add_ten_cases(folder);
    write_png(LabelMap(5, 4), folder / "masks/c4.png");
    check_refused(folder, "masks/c4.png has 5x4 pixels (height x width), but its image");
    write_png(counting_labels(4, 5, 3), folder / "masks/c4.png");
    folder.write("masks/c4.png", "no picture");
    check_refused(folder, "masks/c4.png is not a picture that can be read");
    for (int i = 0; i < 10; ++i)
      write_png(LabelMap(4, 5), folder / fmt::format("masks/c{}.png", i));
    check_refused(folder, fmt::format("every mask in {} is empty", (folder / "masks").string()));
  }

  TEST_CASE("split.csv says which classes were looked for") {
    const TemporaryFolder folder("dataset_annotated");
    for (const char* name : {"a", "b", "c"}) add_case(folder, name, counting_labels(6, 6, 3));
    folder.write("labels.json", R"(["background", "left lung", "heart"])");
    folder.write("split.csv", "stem,annotated\na,\nb,left lung; heart\nc, heart\n");
    const Dataset set = open_dataset(folder.path());
    using Known = std::vector<uint8_t>;
    CHECK(annotated_classes(set, set.cases[0]) == Known{1, 1, 1});
    CHECK(annotated_classes(set, set.cases[1]) == Known{1, 1, 1});
    CHECK(annotated_classes(set, set.cases[2]) == Known{1, 0, 1});
    CHECK(set.split_rule.starts_with("chosen by seed"));
    const bool noted = std::any_of(set.notes.begin(), set.notes.end(), [](const std::string& note) {
      return note.starts_with("in 2 of 3 cases not all classes are annotated");
    });
    CHECK(noted);
    folder.write("split.csv", "stem,annotated\na,\nb,\nc,hart\n");
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()),
                         doctest::Contains("c is annotated for 'hart', which is none of the "
                                           "classes; did you mean 'heart'?"),
                         Error);
  }

  TEST_CASE("what should be known is noted") {
    const TemporaryFolder folder("set");
    add_case(folder, "a", counting_labels(2, 2, 2));
    add_case(folder, "b", counting_labels(2, 2, 2));
    write_png(Image(3, 2, 2), folder / "images/b.png");
    folder.write("split.csv", "stem,split,subject\na,train,p1\nb,val,p1\n");
    const Dataset set = open_dataset(folder.path());
    CHECK(set.channels == 3);
    CHECK(set.notes ==
          std::vector<std::string>{"cases of p1 are in more than one split: train, val",
                                   "images differ in their number of channels: 1 of 1, 1 of 3"});
  }

  TEST_CASE("JMedSeg's layout is opened") {
    const TemporaryFolder folder("set");
    for (const char* name : {"a", "b"}) {
      folder.write("data/readme.txt", "not used");
      write_png(Image(3, 2, 3), folder / fmt::format("data/{}.png", name));
      folder.write("label/readme.txt", "not used");
      save_npy(tensor({0, 1, 0, 1, 1, 0}, {2, 3}, i64), folder / fmt::format("label/{}.npy", name));
    }
    folder.write("train_label.json", R"({"p1": {"s": {"list": ["a.npy"]}}})");
    folder.write("val_label.json", R"({"p2": {"s": {"list": ["b.npy"]}}})");
    const Dataset set = open_dataset(folder.path());
    CHECK(set.channels == 3);
    CHECK(set.pixels == std::vector<int64_t>{6, 6});
    CHECK(set.split("val")[0].group == "p2");
  }
}
