#include "io/nifti.h"

#include <cstring>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "io/deflate.h"
#include "io/nifti_header.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
using testing::check_affine;
using testing::count;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_nifti(path); };

Volume fixture(const std::string& name) {
  return io::load_nifti(testing::fixture(name));
}

}  // namespace

TEST_SUITE("io/nifti") {
  TEST_CASE("voxels of every type by nibabel are read") {
    const std::pair<std::string, DType> types[] = {
        {"nifti_u1", u8},          {"nifti_i2", i32}, {"nifti_i4", i32},         {"nifti_f4", f32},
        {"nifti_f8", f64},         {"nifti_i1", i32}, {"nifti_u2", i32},         {"nifti_u4", i64},
        {"nifti_i8", i64},         {"nifti_u8", i64}, {"nifti_big_endian", i32}, {"nifti2", f32},
        {"nifti2_big_endian", f64}};
    for (const auto& [type, dtype] : types) {
      const std::string& name = type;
      CAPTURE(name);
      const Volume volume = fixture(name + ".nii.gz");
      CHECK(volume.voxels.dtype() == dtype);
      CHECK(volume.voxels.shape() == Shape{2, 3, 4});
      CHECK(volume.voxels.to_vector<double>() == count(24, name[6] == 'u' ? 0 : -2));
      CHECK(volume.geometry.spacing == std::array<double, 3>{3, 2, 1.5});
      check_affine(volume, "nifti.json", name + ".nii.gz");
    }
  }

  TEST_CASE("plain files, pictures and more axes") {
    CHECK(fixture("nifti_plain.nii").voxels.to_vector<double>() == count(24, -2));
    const Volume picture = fixture("nifti_2d.nii.gz");
    CHECK(picture.voxels.shape() == Shape{3, 4});
    CHECK(picture.geometry.spacing == std::array<double, 3>{1, 2, 1.5});
    const Volume series = fixture("nifti_4d.nii.gz");
    CHECK(series.voxels.shape() == Shape{2, 2, 3, 4});
    CHECK(series.voxels.to_vector<double>() == count(48, -2));
    CHECK(fixture("nifti_channels.nii.gz").voxels.shape() == Shape{2, 1, 2, 3, 4});
  }

  TEST_CASE("scaled and coloured voxels") {
    const Volume scaled = fixture("nifti_scaled.nii.gz");
    CHECK(scaled.voxels.dtype() == f32);
    CHECK(scaled.voxels.to_vector<double>()[3] == 10.5);
    const Volume colours = fixture("nifti_rgb.nii.gz");
    CHECK(colours.voxels.shape() == Shape{3, 2, 3, 4});
    CHECK(colours.voxels.dtype() == u8);
    const std::vector<double> values = colours.voxels.to_vector<double>();
    CHECK(values[23] == 23);
    CHECK(values[24 + 1] == 51);
    CHECK(values[48 + 5] == 105);
    CHECK_THROWS_WITH_AS(fixture("nifti_complex.nii.gz"), doctest::Contains("datatype 32"), Error);
  }

  TEST_CASE("the geometry comes from sform, qform or spacing, in mm") {
    for (const std::string name : {"nifti_turned.nii.gz", "nifti_mirrored.nii.gz"}) {
      CAPTURE(name);
      const Volume volume = fixture(name);
      check_affine(volume, "nifti.json", name);
      for (size_t i = 0; i < 3; ++i) {
        CHECK(volume.geometry.spacing[i] == doctest::Approx(3. - static_cast<double>(i)));
      }
    }
    CHECK(fixture("nifti_no_form.nii.gz").geometry.affine ==
          io::Matrix4{0, 0, 1.5, 0, 0, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1});
    const Volume metres = fixture("nifti_metres.nii.gz");
    CHECK(metres.geometry.spacing == std::array<double, 3>{3000, 2000, 1500});
    CHECK(metres.geometry.affine[3] == 90000);
  }

  TEST_CASE("what is saved is loaded again") {
    for (const char* extension : {"x.nii", "x.nii.gz"}) {
      const TemporaryFile file(extension);
      CHECK(io::is_nifti_name(file.path()));
      testing::check_round_trip(extension, true);
      testing::check_stored_types(extension);
      CHECK_THROWS_AS(io::save_nifti({tensor({1}, {1}), {}}, file.path()), Error);
    }
    CHECK(io::is_nifti_name("A.NII.GZ"));
    CHECK(!io::is_nifti_name("a.gz"));
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.nii");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    const std::string good = testing::bytes_of_file(testing::fixture("nifti_plain.nii"));
    refused("", "is not a NIfTI file");
    refused("\x1f\x8b", "truncated");
    refused(good.substr(0, good.size() - 1), "truncated");
    std::string huge = good;
    for (size_t at = 42; at < 56; at += 2) huge.replace(at, 2, "\xff\x7f");
    huge[40] = 7;
    refused(huge, "truncated");
    const std::string packed = io::deflate(good, io::Wrapping::gzip);
    refused(packed.substr(0, packed.size() / 2), "truncated");
    refused(packed.substr(0, packed.size() - 1), "truncated");
    std::string flipped = packed;
    flipped[flipped.size() - 6] ^= 1;
    refused(flipped, "incorrect data check");
  }

  TEST_CASE("bombs are refused") {
    const TemporaryFile file("bomb.nii.gz");
    // A header that promises 4 GiB, and as many zeros as deflate can pack into 50 KB.
    io::NiftiHeader header;
    header.ndim = 3;
    header.extents = {2048, 2048, 1024, 1, 1, 1, 1};
    header.datatype = 2;
    const std::string bomb = io::nifti_header_bytes(header) + std::string(50 << 20, '\0');
    testing::check_refused(file, io::deflate(bomb, io::Wrapping::gzip), load, "truncated");
    // A small volume with all those zeros behind it is read without them.
    header.extents = {4, 3, 2, 1, 1, 1, 1};
    file.write(io::deflate(io::nifti_header_bytes(header) + std::string(50 << 20, '\0'),
                           io::Wrapping::gzip));
    CHECK(io::load_nifti(file.path()).voxels.numel() == 24);
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.nii");
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("nifti_plain.nii")),
                                   file, load);
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("nifti2.nii.gz")), file,
                                   load);
    // Damage below the compression.
    for (const std::string name : {"nifti2_big_endian.nii.gz", "nifti_rgb.nii.gz"}) {
      const std::string packed = testing::bytes_of_file(testing::fixture(name));
      testing::check_survives_damage(io::inflate(packed, 1 << 20, io::Wrapping::gzip, "x"), file,
                                     load);
    }
  }
}
