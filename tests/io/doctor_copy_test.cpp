#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/dataset.h"
#include "io/doctor.h"
#include "io/json_file.h"
#include "io/nifti.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

TEST_SUITE("io/doctor_copy") {
  TEST_CASE("JMedSeg's lists follow what happened to their masks") {
    const TemporaryFolder folder("doctor_lists"), out("doctor_lists_out");
    fs::remove_all(out.path());
    fs::create_directories(folder / "data");
    fs::create_directories(folder / "label");
    for (int i = 0; i < 6; ++i) {
      const LabelMap map = counting_labels(4, 5, 2, i % 2);
      write_png(picture_of(counting_labels(4, 5, 50, i)), folder / fmt::format("data/c{}.png", i));
      LabelMap scaled = map;
      for (int32_t& label : scaled.labels) label *= 255;
      write_png(scaled, folder / fmt::format("label/c{}.bmp.png", i));
      fs::rename(folder / fmt::format("label/c{}.bmp.png", i),
                 folder / fmt::format("label/c{}.bmp", i));
    }
    folder.write("data/c5.png", "damaged");
    folder.write("train_label.json", R"({"p0": {"s": {"list": ["c0.bmp", "c1.bmp"]}},
                                         "p1": {"s": {"list": ["c2.bmp", "gone.bmp"]}}})");
    folder.write("val_label.json", R"({"p0": {"t": {"list": ["c3.bmp"]}}})");
    folder.write("test_label.json", R"({"p2": {"s": {"list": ["c4.bmp", "c5.bmp"]}}})");
    const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
    CHECK(treatment.after.clean());
    CHECK(load_json(out / "train_label.json") ==
          Json::parse(R"({"p0": {"s": {"list": ["c0.png", "c1.png"]}, "t": {"list": ["c3.png"]}},
                          "p1": {"s": {"list": ["c2.png"]}}})"));
    CHECK(load_json(out / "val_label.json") == Json::object());
    CHECK(load_json(out / "test_label.json") ==
          Json::parse(R"({"p2": {"s": {"list": ["c4.png"]}}})"));
    CHECK(open_dataset(out.path()).classes() == 2);
  }

  TEST_CASE("dataset.json is mended and folds lose what was left out") {
    const TemporaryFolder folder("Dataset002_Doctor"), out("doctor_lists_out");
    fs::remove_all(out.path());
    for (const char* name : {"imagesTr", "labelsTr"}) fs::create_directories(folder / name);
    for (int i = 0; i < 4; ++i) {
      write_png(picture_of(counting_labels(4, 5, 50, i)),
                folder / fmt::format("imagesTr/p{}_0000.png", i));
      LabelMap map = counting_labels(4, 5, 3);
      for (int32_t& label : map.labels) label *= 2;
      write_png(map, folder / fmt::format("labelsTr/p{}.png", i));
    }
    write_png(Image(1, 4, 5), folder / "imagesTr/p1_0000.png");
    folder.write("dataset.json", "{\"labels\": ");
    folder.write("splits_final.json", R"([{"train": ["p0", "p1"], "val": ["p2", "p3"]}])");
    const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
    CHECK(treatment.after.clean());
    CHECK(load_json(out / "dataset.json") ==
          Json::parse(R"({"channel_names": {"0": "channel_0"}, "file_ending": ".png",
                          "labels": {"background": 0, "class_1": 1, "class_2": 2},
                          "numTraining": 3})"));
    CHECK(load_json(out / "splits_final.json") ==
          Json::parse(R"([{"train": ["p0"], "val": ["p2", "p3"]}])"));
    CHECK(open_dataset(out.path(), {.fold = 0}).split("val").size() == 2);
  }

  TEST_CASE("a set without any case that can be kept gives no copy") {
    const TemporaryFolder folder("doctor_none"), out("doctor_lists_out");
    fs::remove_all(out.path());
    add_case(folder, "a", LabelMap(4, 5, 1));
    CHECK_THROWS_WITH_AS(repair(folder.path(), out.path(), {.quiet = true}),
                         doctest::Contains("has no case that can be kept"), Error);
    CHECK(!fs::exists(out.path()));
    CHECK(!fs::exists(out.path().string() + ".part"));
  }
}
