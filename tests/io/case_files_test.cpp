#include "io/case_files.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/dataset_layout.h"
#include "io/loader.h"
#include "io/nifti.h"
#include "ops/unary.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

// A volume of depth x 4 x 5 voxels, 3 x 1 x 1 mm, that count up from `first` modulo `classes`.
Volume volume_of(int64_t depth, int32_t classes, int32_t first = 0) {
  const LabelMap map = counting_labels(depth * 4, 5, classes, first);
  Volume volume{cast(tensor<int32_t>(map.labels, {depth, 4, 5}), u8).eval(), {}};
  volume.geometry.spacing = {3, 1, 1};
  volume.geometry.affine = {0, 0, 1, 7, 0, 1, 0, 8, 3, 0, 0, 9, 0, 0, 0, 1};
  return volume;
}

void add_volume(const TemporaryFolder& folder, const std::string& name, int64_t depth) {
  fs::create_directories(folder / "images");
  fs::create_directories(folder / "masks");
  save_nifti(volume_of(depth, 100), folder / ("images/" + name + ".nii.gz"));
  save_nifti(volume_of(depth, 3), folder / ("masks/" + name + ".nii.gz"));
}

}  // namespace

TEST_SUITE("io/case_files") {
  TEST_CASE("volumes are trained on by slices, whose group is the volume") {
    const TemporaryFolder folder("slices");
    for (const char* name : {"a", "b", "c"}) add_volume(folder, name, 6);
    const Dataset set = open_dataset(folder.path());
    REQUIRE(set.cases.size() == 18);
    CHECK(set.cases[7].name == "b_s001");
    CHECK(set.cases[7].group == "b");
    CHECK(set.cases[7].volume == "b");
    CHECK(set.cases[7].slice == 1);
    CHECK(set.cases[7].size == ImageSize{1, 4, 5});
    CHECK(set.cases[7].pixels == std::vector<int64_t>{7, 6, 7});
    CHECK(set.channels == 1);
    CHECK(set.split("train").size() == 6);
    CHECK(read_image(set, set.cases[7]).at(0, 1, 2) == doctest::Approx(27.0 / 255));
    CHECK(read_mask(set, set.cases[7]) == counting_labels(4, 5, 3, 2));
    CHECK(set.notes.empty());

    Loader loader(set, set.split("train"), {.batch_size = 6, .threads = 2});
    for (const auto& [image, mask] : loader) {
      CHECK(image.shape() == Shape{6, 1, 4, 5});
      CHECK(mask.shape() == Shape{6, 4, 5});
    }

    const Dataset whole = open_dataset(folder.path(), {.whole_volumes = true});
    REQUIRE(whole.cases.size() == 3);
    CHECK(whole.cases[1].depth == 6);
    CHECK(whole.cases[1].slice == -1);
    CHECK(whole.cases[1].pixels == std::vector<int64_t>{40, 40, 40});
    CHECK(whole.cases[1].foreground == doctest::Approx(2.0 / 3));
  }

  TEST_CASE("channels of nnU-Net's folders are stacked, and dataset.json names the classes") {
    const TemporaryFolder folder("Dataset001_Slices");
    for (const char* name : {"imagesTr", "labelsTr"}) fs::create_directories(folder / name);
    for (const std::string name : {"p1", "p2"}) {
      save_nifti(volume_of(2, 100), folder / ("imagesTr/" + name + "_0000.nii.gz"));
      save_nifti(volume_of(2, 100, 50), folder / ("imagesTr/" + name + "_0001.nii.gz"));
      save_nifti(volume_of(2, 2), folder / ("labelsTr/" + name + ".nii.gz"));
    }
    folder.write("dataset.json", R"({"labels": {"background": 0, "liver": 1, "ignore": 2}})");
    const Dataset set = open_dataset(folder.path());
    CHECK(set.channels == 2);
    CHECK(set.labels == std::vector<std::string>{"background", "liver"});
    CHECK(set.ignore == 2);
    CHECK(set.splits() == std::vector<std::string>{"train", "val"});
    CHECK(set.split("train").size() == 2);
    const Image image = read_image(set, set.cases[1]);
    CHECK(image.channels == 2);
    CHECK(image.at(0, 0, 0) == doctest::Approx(20.0 / 255));
    CHECK(image.at(1, 0, 0) == doctest::Approx(70.0 / 255));

    folder.write("splits_final.json",
                 R"([{"train": ["p2"], "val": ["p1"]}, {"train": ["p1"], "val": ["p2"]}])");
    const Dataset fold = open_dataset(folder.path(), {.fold = 0});
    CHECK(fold.split("val")[0].volume == "p1");
    CHECK(fold.split_rule == "fold 0 of splits_final.json");
  }

  TEST_CASE("pictures in several files are stacked") {
    const TemporaryFolder folder("stacked");
    fs::create_directories(folder / "images");
    fs::create_directories(folder / "masks");
    for (const char* name : {"a_0000", "a_0001", "b_0000", "b_0001"})
      write_png(Image(1, 4, 5, name[5] == '0' ? 0.0F : 1.0F),
                folder / ("images/" + std::string(name) + ".png"));
    for (const char* name : {"a", "b"})
      write_png(counting_labels(4, 5, 2), folder / ("masks/" + std::string(name) + ".png"));
    const Dataset set = open_dataset(folder.path());
    CHECK(set.channels == 2);
    CHECK(read_image(set, set.cases[0]).at(1, 0, 0) == 1);
    write_png(Image(1, 5, 5), folder / "images/b_0001.png");
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()), doctest::Contains("b_0001.png has 5x5"),
                         Error);
  }

  TEST_CASE("masks elsewhere in the patient are refused, rounding is not") {
    const TemporaryFolder folder("geometry");
    add_volume(folder, "a", 2);
    add_volume(folder, "b", 2);
    Volume mask = volume_of(2, 3);
    mask.geometry.affine[3] += 1e-3;
    save_nifti(mask, folder / "masks/b.nii.gz");
    CHECK(open_dataset(folder.path()).cases.size() == 4);
    mask.geometry.affine[3] += 2;
    save_nifti(mask, folder / "masks/b.nii.gz");
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()),
                         doctest::Contains("b.nii.gz lies elsewhere in the patient"), Error);
    save_nifti(volume_of(3, 3), folder / "masks/b.nii.gz");
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()),
                         doctest::Contains("b.nii.gz has 3 slices of 4x5"), Error);
    folder.write("masks/b.nii.gz", "no volume");
    CHECK_THROWS_WITH_AS(open_dataset(folder.path()), doctest::Contains("b.nii.gz"), Error);
  }
}
