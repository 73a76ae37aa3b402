#include "io/metaimage.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
using testing::replaced;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_metaimage(path); };

Volume fixture(const std::string& name) {
  return io::load_metaimage(testing::fixture(name));
}

}  // namespace

TEST_SUITE("io/metaimage") {
  TEST_CASE("voxels of every type by SimpleITK are read") {
    const std::pair<const char*, DType> files[] = {
        {"meta_u1.mha", u8},          {"meta_i1.mha", i32},       {"meta_u2.mha", i32},
        {"meta_i2.mha", i32},         {"meta_u4.mha", i64},       {"meta_i4.mha", i32},
        {"meta_u8.mha", i64},         {"meta_i8.mha", i64},       {"meta_f4.mha", f32},
        {"meta_f8.mha", f64},         {"meta_detached.mhd", i32}, {"meta_packed.mhd", u8},
        {"meta_big_endian.mha", i32}, {"meta_ascii.mha", i32}};
    for (const auto& file : files) {
      const std::string name = file.first;
      CAPTURE(name);
      const Volume volume = fixture(name);
      CHECK(volume.voxels.dtype() == file.second);
      CHECK(volume.voxels.shape() == Shape{2, 3, 4});
      const bool plain = name[5] == 'u' || name == "meta_packed.mhd";
      CHECK(volume.voxels.to_vector<double>() == testing::count(24, plain ? 0 : -2));
      CHECK(volume.geometry.spacing == std::array<double, 3>{3, 2, 1.5});
      testing::check_affine(volume, "volumes.json", name);
    }
  }

  TEST_CASE("channels and pictures") {
    const Volume colours = fixture("meta_rgb.mha");
    CHECK(colours.voxels.shape() == Shape{3, 2, 3, 4});
    CHECK(colours.voxels.to_vector<double>()[24] == 1);
    testing::check_affine(colours, "volumes.json", "meta_rgb.mha");
    const Volume picture = fixture("meta_2d.mha");
    CHECK(picture.voxels.shape() == Shape{3, 4});
    CHECK(picture.geometry.spacing == std::array<double, 3>{1, 1, 1});
  }

  TEST_CASE("what is saved is loaded again") {
    testing::check_round_trip("x.mha", true);
    testing::check_round_trip("x.mha", false);
    testing::check_stored_types("x.mha");
    testing::check_round_trip("x.mhd", false);
    testing::check_round_trip("x.mhd", true);
    for (const char* name : {"x.raw", "x.zraw"})
      std::filesystem::remove(TemporaryFile(name).path());
    CHECK_THROWS_AS(io::save_metaimage({tensor({1}, {1})}, "x.mha"), Error);
  }

  TEST_CASE("a file for each slice") {
    const TemporaryFile file("list.mhd"), one("one.raw"), two("two.raw");
    one.write("\x01\x02");
    two.write("\x03\x04");
    const std::string head = "NDims = 3\nDimSize = 2 1 2\nElementType = MET_UCHAR\n";
    const std::string list = "ElementDataFile = LIST\n" + one.path().filename().string() + "\n" +
                             two.path().filename().string();
    file.write(head + list);
    CHECK(io::load_metaimage(file.path()).voxels.to_vector<double>() ==
          std::vector<double>{1, 2, 3, 4});
    testing::check_refused(file, head + "CompressedData = True\n" + list, load, "several files");
    testing::check_refused(file, head + "ElementDataFile = LIST\n", load, "truncated");
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.mha");
    const std::string good = testing::bytes_of_file(testing::fixture("meta_i2.mha"));
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    const auto refused_with = [&](const char* from, const char* to, const char* reason) {
      refused(replaced(good, from, to), reason);
    };
    refused("", "truncated");
    refused("no header\n", "is not a MetaImage file");
    refused(good.substr(0, good.size() - 1), "truncated");
    refused_with("NDims = 3", "NDims = 9", "NDims must be");
    refused_with("DimSize = 4 3 2", "DimSize = 4 3", "DimSize: 3 numbers are needed");
    refused_with("DimSize = 4 3 2", "DimSize = 4 3 0", "there must be voxels");
    refused_with("4 3 2", "4294967296 4294967296 2", "truncated");
    refused_with("MET_SHORT", "MET_OTHER", "MET_OTHER");
    refused_with("BinaryData = True", "BinaryData = Maybe", "must be True or False");
    refused_with("ElementSpacing = 1.5", "ElementSpacing = nan", "must be finite");
    refused_with("LOCAL", "%03d.raw 1 2 1", "named by a pattern");
    refused_with("LOCAL", "none.raw", "none.raw");
    refused_with("ElementType", "HeaderSize = 999\nElementType", "HeaderSize is 999");
    const std::string packed = testing::bytes_of_file(testing::fixture("meta_f4.mha"));
    refused(packed.substr(0, packed.size() - 9), "truncated");
    refused(replaced(packed, "DimSize = 4 3 2", "DimSize = 4000 300 200"), "truncated");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.mha");
    for (const char* name : {"meta_i2.mha", "meta_f4.mha", "meta_ascii.mha", "meta_rgb.mha"}) {
      testing::check_survives_damage(testing::bytes_of_file(testing::fixture(name)), file, load);
    }
  }
}
