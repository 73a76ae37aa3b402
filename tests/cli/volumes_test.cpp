// convert, reorient and resample on files and folders.

#include <fstream>

#include <doctest/doctest.h>

#include "io/volume.h"
#include "tests/cli/program.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"
#include "tests/text.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
namespace fs = std::filesystem;

namespace {

// A folder of its own for one test, with volumes a.nii.gz and b.mha in a folder "in".
struct Folder {
  explicit Folder(const std::string& name) : root(testing::TemporaryFile(name).path()) {
    fs::remove_all(root);
    fs::create_directories(root / "in");
    io::save_volume(testing::example_volume(i32), at("in/a.nii.gz"));
    io::save_volume(testing::example_volume(u8), at("in/b.mha"));
  }
  ~Folder() { fs::remove_all(root); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string at(const std::string& name) const { return (root / name).string(); }
  fs::path root;
};

std::string failure(const std::vector<std::string>& words) {
  const Ended ended = run_program(words);
  CAPTURE(ended.err);
  CHECK(ended.status == 1);
  return ended.err;
}

void succeed(const std::vector<std::string>& words, const std::string& says) {
  const Ended ended = run_program(words);
  CAPTURE(ended.err);
  CHECK(ended.status == 0);
  CHECK_MESSAGE(has(ended.out, says), ended.out);
}

}  // namespace

TEST_SUITE("cli/volumes") {
  TEST_CASE("convert a file and a folder, and never overwrite without --force") {
    const Folder folder("cli_convert");
    succeed({"convert", folder.at("in/a.nii.gz"), "--out", folder.at("a.nrrd"), "--quiet"},
            "1 volume converted");
    testing::check_equal(io::load_volume(folder.at("a.nrrd")), testing::example_volume(i32));
    const std::vector<std::string> all = {"convert",        folder.at("in"), "--out",
                                          folder.at("out"), "--format",      "nii.gz"};
    succeed(all, "2 volumes converted");
    testing::check_equal(io::load_volume(folder.at("out/b.nii.gz")), testing::example_volume(u8));
    CHECK(has(failure(all), "a.nii.gz exists, and 1 others; --force replaces it"));
    std::vector<std::string> forced = all;
    forced.emplace_back("--force");
    succeed(forced, "2 volumes converted");
    succeed({"convert", folder.at("in/a.nii.gz"), "--out", folder.at("a.npy")},
            "does not keep spacing");
    succeed({"info", folder.at("a.nrrd")}, "orientation LAS");
  }

  TEST_CASE("reorient and resample") {
    const Folder folder("cli_resample");
    succeed({"reorient", folder.at("in/a.nii.gz"), "--to", "PIR", "--out", folder.at("r.nii")}, "");
    CHECK(io::axis_codes(io::load_volume(folder.at("r.nii")).geometry) == "PIR");
    succeed({"resample", folder.at("in"), "--spacing", "3,1,0", "--out", folder.at("fine")},
            "2 volumes resampled");
    const io::Volume fine = io::load_volume(folder.at("fine/a.nii.gz"));
    CHECK(fine.voxels.shape() == Shape{2, 6, 2});
    CHECK(fine.voxels.dtype() == f32);
    succeed({"resample", folder.at("in/b.mha"), "--labels", "--like", folder.at("fine/a.nii.gz"),
             "--out", folder.at("like.mha")},
            "1 volume");
    const io::Volume like = io::load_volume(folder.at("like.mha"));
    CHECK(like.voxels.shape() == fine.voxels.shape());
    CHECK(like.voxels.dtype() == u8);
    CHECK(like.geometry.affine == fine.geometry.affine);
  }

  TEST_CASE("what is wrong is said, and does not keep the others from it") {
    const Folder folder("cli_volumes_bad");
    const std::string a = folder.at("in/a.nii.gz"), out = folder.at("out.nii");
    CHECK(has(failure({"convert", "--out", out}), "which volume?"));
    CHECK(has(failure({"convert", a}), "give --out"));
    CHECK(has(failure({"convert", folder.at("none"), "--out", out}), "there is no"));
    CHECK(has(failure({"convert", a, "--out", folder.at("o"), "--format", "doc"}), "no name of a"));
    CHECK(has(failure({"reorient", a, "--out", out, "--to", "XYZ"}), "three letters"));
    CHECK(has(failure({"resample", a, "--out", out}), "either --spacing or --like"));
    CHECK(has(failure({"resample", a, "--out", out, "--spacing", "1,2"}), "one number or three"));
    CHECK(has(failure({"resample", a, "--out", out, "--spacing", "-1"}), "above 0"));
    CHECK(has(failure({"resample", a, "--out", out, "--spacing", "1", "--rule", "nnunt"}),
              "did you mean 'nnunet'?"));
    CHECK(has(failure({"resample", a, "--out", out, "--spacing", "1", "--labels", "--interpolation",
                       "cubic"}),
              "linear or nearest"));
    CHECK_FALSE(fs::exists(out));
    io::save_volume(testing::example_volume(), folder.at("in/b.nii"));
    CHECK(has(failure({"convert", folder.at("in"), "--out", folder.at("o"), "--format", "mha"}),
              "two volumes would be written"));
    fs::remove(folder.at("in/b.nii"));
    std::ofstream(folder.at("in/bad.nrrd")) << "no volume";
    const std::string text = failure({"convert", folder.at("in"), "--out", folder.at("o")});
    CHECK(has(text, "1 of 3 volumes were left out"));
    CHECK(has(text, "is not an NRRD file"));
    CHECK(fs::exists(folder.at("o/b.mha")));
  }
}
