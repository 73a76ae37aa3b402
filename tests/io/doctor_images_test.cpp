#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "io/dataset.h"
#include "io/doctor.h"
#include "io/nifti.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

// [2, 4, 5] voxels of 3 x 1 x 2 mm with a class each, or values for an image.
Volume volume_of(int32_t classes, int32_t first = 0) {
  const LabelMap map = counting_labels(8, 5, classes, first);
  Volume volume{
      tensor<uint8_t>(std::vector<uint8_t>(map.labels.begin(), map.labels.end()), {2, 4, 5}), {}};
  volume.geometry.spacing = {3, 1, 2};
  volume.geometry.affine = {0, 0, 2, 7, 0, 1, 0, 8, 3, 0, 0, 9, 0, 0, 0, 1};
  return volume;
}

// The same voxels in the same places, with the axis h running backwards.
Volume flipped(const Volume& volume) {
  Volume result = volume;
  std::vector<uint8_t> voxels = volume.voxels.to_vector<uint8_t>();
  std::vector<uint8_t> back(voxels.size());
  for (size_t d = 0; d < 2; ++d)
    for (size_t h = 0; h < 4; ++h)
      for (size_t w = 0; w < 5; ++w) back[(d * 4 + h) * 5 + w] = voxels[(d * 4 + 3 - h) * 5 + w];
  result.voxels = tensor<uint8_t>(back, {2, 4, 5});
  for (size_t row = 0; row < 12; row += 4) {
    result.geometry.affine[row + 3] += 3 * result.geometry.affine[row + 1];
    result.geometry.affine[row + 1] *= -1;
  }
  return result;
}

struct Placed {
  const char* problem;
  Volume mask;
};

}  // namespace

TEST_SUITE("io/doctor_images") {
  TEST_CASE("masks come to the grid of their image, and keep their classes") {
    Volume rounded = volume_of(3), lost = volume_of(3), cut = volume_of(3);
    rounded.geometry.affine[3] += 1e-3;
    lost.geometry = {};
    // The second slice alone: the first one becomes background.
    cut.voxels = tensor<uint8_t>(std::vector<uint8_t>(20, 1), {1, 4, 5});
    cut.geometry.affine[11] += 3;
    const Placed masks[] = {{"off by rounding", rounded},
                            {"was lost", lost},
                            {"really differs", flipped(volume_of(3))},
                            {"4x5 voxels, but its image has 2x4x5", cut}};
    for (const Placed& placed : masks) {
      CAPTURE(placed.problem);
      const TemporaryFolder folder("doctor_place"), out("doctor_place_out");
      fs::remove_all(out.path());
      for (const char* name : {"images", "masks"}) fs::create_directories(folder / name);
      for (const char* name : {"a", "b"}) {
        save_nifti(volume_of(100, name[0]), folder / fmt::format("images/{}.nii.gz", name));
        save_nifti(volume_of(3), folder / fmt::format("masks/{}.nii.gz", name));
      }
      save_nifti(placed.mask, folder / "masks/b.nii.gz");
      const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
      REQUIRE(treatment.before.findings.size() == 1);
      CHECK(treatment.before.findings[0].check == "geometry");
      CHECK(treatment.before.findings[0].problem.find(placed.problem) != std::string::npos);
      CHECK(treatment.after.clean());
      const Volume mended = load_nifti(out / "masks/b.nii.gz");
      CHECK(mended.geometry.affine == volume_of(3).geometry.affine);
      std::vector<uint8_t> right = volume_of(3).voxels.to_vector<uint8_t>();
      if (placed.mask.voxels.numel() == 20)
        for (size_t i = 0; i < 40; ++i) right[i] = i < 20 ? 0 : 1;
      CHECK(mended.voxels.to_vector<uint8_t>() == right);
      CHECK(open_dataset(out.path()).cases.size() == 4);
    }
  }

  TEST_CASE("channels are checked like images") {
    const TemporaryFolder folder("Dataset001_Doctor"), out("doctor_place_out");
    fs::remove_all(out.path());
    for (const char* name : {"imagesTr", "labelsTr"}) fs::create_directories(folder / name);
    for (int i = 0; i < 5; ++i) {
      save_nifti(volume_of(100, i), folder / fmt::format("imagesTr/p{}_0000.nii.gz", i));
      save_nifti(volume_of(90, i), folder / fmt::format("imagesTr/p{}_0001.nii.gz", i));
      save_nifti(volume_of(2), folder / fmt::format("labelsTr/p{}.nii.gz", i));
    }
    folder.write("dataset.json",
                 R"({"labels": {"background": 0, "x": 1}, "channel_names": {"0": "T1", "1": "T2"},
                     "numTraining": 5, "file_ending": ".nii.gz"})");
    folder.write("splits_final.json", R"([{"train": ["p0", "p1"], "val": ["p2", "p3", "p4"]}])");
    CHECK(diagnose(folder.path(), {.quiet = true}).findings.empty());

    Volume wrong = volume_of(90, 1);
    wrong.geometry.affine[3] += 2e-3;
    save_nifti(wrong, folder / "imagesTr/p1_0001.nii.gz");  // mended
    wrong.geometry.affine[3] += 5;
    save_nifti(wrong, folder / "imagesTr/p2_0001.nii.gz");  // left out
    fs::remove(folder / "imagesTr/p3_0001.nii.gz");         // left out
    wrong.voxels = slice_of(volume_of(90, 1), 0, 0).voxels;
    save_nifti(wrong, folder / "imagesTr/p4_0001.nii.gz");  // left out
    const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
    std::vector<std::string> checks;
    for (const Finding& one : treatment.before.findings) checks.push_back(one.check);
    CHECK(checks == std::vector<std::string>{"channels", "size", "geometry", "geometry"});
    CHECK(treatment.after.clean());
    CHECK(treatment.after.cases == 2);
    CHECK(!fs::exists(out / "imagesTr/p3_0000.nii.gz"));
    CHECK(load_nifti(out / "imagesTr/p1_0001.nii.gz").geometry.affine ==
          volume_of(2).geometry.affine);
    CHECK(open_dataset(out.path()).channels == 2);
  }
}
