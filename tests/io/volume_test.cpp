#include "io/volume.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/npy.h"
#include "io/npz.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
using testing::example_volume;
using testing::TemporaryFile;

TEST_SUITE("io/volume") {
  TEST_CASE("names") {
    for (const char* name : {"a.nii", "A.NII.GZ", "a.mha", "a.mhd", "a.nrrd", "a.nhdr", "a.npy",
                             "a.npz", "a.png", "a.JPG", "a.bmp", "a.pgm"}) {
      CAPTURE(name);
      CHECK(io::is_volume_name(name));
    }
    for (const char* name : {"a", "a.gz", "nii", "a.txt"}) CHECK_FALSE(io::is_volume_name(name));
    CHECK(io::volume_stem("set/brain.1.nii.gz") == "brain.1");
    CHECK(io::volume_stem("brain.NRRD") == "brain");
    CHECK(io::volume_stem("brain.txt") == "brain.txt");
    CHECK(io::keeps_geometry("a.nii"));
    CHECK_FALSE(io::keeps_geometry("a.png"));
    CHECK_THROWS_WITH_AS(io::load_volume("a.txt"), doctest::Contains(".nii.gz .nii .mha"), Error);
    CHECK_THROWS_WITH_AS(io::save_volume(example_volume(), "a.jpg"), doctest::Contains(".png"),
                         Error);
  }

  TEST_CASE("one format to another, and back") {
    Volume volume = example_volume();
    volume.stored = io::ElementType{io::ElementType::Kind::signed_integer, 2};
    for (const char* name : {"v.nii", "v.nii.gz", "v.mha", "v.nrrd", "v.npz"}) {
      CAPTURE(name);
      const TemporaryFile file(name);
      io::save_volume(volume, file.path());
      volume = io::load_volume(file.path());
      testing::check_equal(volume, example_volume());
    }
    const TemporaryFile file("v.npy");
    io::save_volume(volume, file.path());
    CHECK(io::load_volume(file.path()).voxels.to_vector<double>() == testing::count(12));
  }

  TEST_CASE("arrays of NumPy") {
    const TemporaryFile file("v.npz");
    io::save_npz({{{"seg", tensor({1, 2}, {1, 2})}}, {}}, file.path());
    CHECK(io::load_volume(file.path()).voxels.shape() == Shape{1, 2});
    const auto refused = [&](const io::Archive& archive, const char* reason) {
      io::save_npz(archive, file.path());
      CHECK_THROWS_WITH_AS(io::load_volume(file.path()), doctest::Contains(reason), Error);
    };
    const Tensor x = tensor({1, 2}, {1, 2});
    refused({{{"a", x}, {"b", x}}, {}}, "must be named 'voxels'");
    refused({{{"a", tensor({1}, {1})}}, {}}, "2 axes or more");
    refused({{{"voxels", x}, {"affine", x}}, {}}, "must be [4, 4]");
    const TemporaryFile array("v.npy");
    io::save_npy(tensor({1, 2}, {2}), array.path());
    CHECK_THROWS_WITH_AS(io::load_volume(array.path()), doctest::Contains("2 axes or more"), Error);
  }

  TEST_CASE("slices know where they are") {
    const Volume volume = example_volume();
    const Volume axial = io::slice_of(volume, 0, 1);
    CHECK(axial.voxels.to_vector<double>() == std::vector<double>{6, 7, 8, 9, 10, 11});
    CHECK(axial.voxels.shape() == Shape{3, 2});
    CHECK(axial.geometry.spacing == volume.geometry.spacing);
    CHECK(axial.geometry.affine[11] == -69);
    const Volume coronal = io::slice_of(volume, 1, 2);
    CHECK(coronal.voxels.to_vector<double>() == std::vector<double>{4, 5, 10, 11});
    CHECK(coronal.geometry.spacing == std::array<double, 3>{2, 3, 1.5});
    CHECK(coronal.geometry.affine[7] == -122);
    const Volume sagittal = io::slice_of(volume, 2, 0);
    CHECK(sagittal.voxels.to_vector<double>() == std::vector<double>{0, 2, 4, 6, 8, 10});
    CHECK(sagittal.geometry.spacing == std::array<double, 3>{1.5, 3, 2});
    CHECK(io::slice_of(io::load_volume(testing::fixture("nifti_4d.nii.gz")), 2, 1).voxels.shape() ==
          Shape{2, 2, 3});
    CHECK_THROWS_AS(io::slice_of(volume, 3, 0), Error);
    CHECK_THROWS_AS(io::slice_of(volume, 0, 2), Error);
    CHECK_THROWS_AS(io::slice_of(volume, 0, -1), Error);
    CHECK_THROWS_AS(io::slice_of(axial, 0, 0), Error);
  }
}
