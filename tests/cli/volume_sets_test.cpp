// Sets of volumes in every format, from training to masks.

#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "io/tiff_pages.h"
#include "io/volume.h"
#include "tests/cli/program.h"
#include "tests/io/temporary_set.h"
#include "tests/text.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

// A bright ball in dark noise, and where it is.
io::Volume ball(int seed, bool mask) {
  std::vector<uint8_t> voxels;
  for (int d = 0; d < 6; ++d)
    for (int h = 0; h < 16; ++h)
      for (int w = 0; w < 16; ++w) {
        const int z = 2 * (d - 3), y = h - 5 - seed % 6, x = w - 6 - seed % 4;
        const bool inside = x * x + y * y + z * z < 20;
        voxels.push_back(static_cast<uint8_t>(
            mask ? inside : 40 + (h * 7 + w * 5 + d + seed) % 30 + (inside ? 100 : 0)));
      }
  io::Volume volume{tensor<uint8_t>(voxels, {6, 16, 16}), {}};
  volume.geometry.spacing = {2, 1, 1};
  volume.geometry.affine = {0, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1};
  return volume;
}

void save(const io::Volume& volume, const fs::path& path) {
  fs::create_directories(path.parent_path());
  io::save_volume(volume, path);
}

void succeed(const std::vector<std::string>& words, const std::string& says) {
  const Ended ended = run_program(words);
  CHECK_MESSAGE(ended.status == 0, ended.err);
  CHECK_MESSAGE(has(ended.out, says), ended.out);
}

void train(const TemporaryFolder& folder) {
  succeed({"train", "--data", (folder / "set").string(), "--out", (folder / "run").string(),
           "--model", "unet(width=2)", "--epochs", "1", "--batch", "4"},
          "for validation; 16x16 pixels");
}

}  // namespace

TEST_SUITE("cli/volume_sets") {
  TEST_CASE("train, test and predict on volumes of each format") {
    for (const std::string ending : {".mha", ".nrrd", ".tif", ".nhdr", ".npz"}) {
      CAPTURE(ending);
      const TemporaryFolder folder("volume_set" + ending.substr(1));
      if (ending == ".tif" && !io::tiff_supported()) continue;
      for (int i = 0; i < 5; ++i) {
        save(ball(i, false), folder / fmt::format("set/images/v{}{}", i, ending));
        save(ball(i, true), folder / fmt::format("set/masks/v{}{}", i, ending));
      }
      train(folder);
      succeed({"test", (folder / "run").string()}, "cases of 'test'");
      succeed(
          {"predict", "--model", (folder / "run").string(), "--input",
           (folder / "set/images").string(), "--out", (folder / "out").string(), "--window", "16"},
          "5 pictures predicted");
      const io::Volume found = io::load_volume(folder / "out/v3.nii.gz");
      CHECK(found.voxels.shape() == Shape{6, 16, 16});
      CHECK(found.geometry.spacing == ball(0, true).geometry.spacing);
      succeed({"eval", (folder / "set").string(), (folder / "out").string(), "--ignore-geometry"},
              "5 cases");
      succeed({"doctor", (folder / "set").string()}, "5 cases examined, clean");
    }
  }

  TEST_CASE("nnU-Net's folders with two channels") {
    const TemporaryFolder folder("volume_nnunet");
    for (int i = 0; i < 4; ++i)
      for (int c = 0; c < 2; ++c)
        save(ball(i + c, false), folder / fmt::format("set/imagesTr/p{}_{:04}.nii.gz", i, c));
    for (int i = 0; i < 4; ++i)
      save(ball(i, true), folder / fmt::format("set/labelsTr/p{}.nii.gz", i));
    for (int c = 0; c < 2; ++c)
      save(ball(c, false), folder / fmt::format("set/imagesTs/q_{:04}.nii.gz", c));
    folder.write("set/dataset.json", R"({"channel_names": {"0": "T1", "1": "T2"}, "labels":
                 {"background": 0, "ball": 1}, "numTraining": 4, "file_ending": ".nii.gz"})");
    train(folder);
    const std::string input = (folder / "set/imagesTs").string(), out = (folder / "out").string(),
                      run = (folder / "run").string();
    const Ended predicted =
        run_program({"predict", "--model", run, "--input", input, "--out", out});
    CHECK_MESSAGE(predicted.status == 0, predicted.err);
    CHECK(has(predicted.err, "volumes such as [2, 6, 16, 16]: at most"));
    CHECK(io::load_volume(folder / "out/q.nii.gz").voxels.shape() == Shape{6, 16, 16});
    fs::remove(folder / "set/imagesTs/q_0001.nii.gz");
    const Ended ended = run_program({"predict", "--model", run, "--input", input, "--out", out});
    CHECK(ended.status == 1);
    CHECK_MESSAGE(has(ended.err, "q has the channels 0"), ended.err);
  }
}
