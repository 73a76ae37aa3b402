#include "io/nrrd.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
using testing::replaced;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_nrrd(path); };

Volume fixture(const std::string& name) {
  return io::load_nrrd(testing::fixture(name));
}

}  // namespace

TEST_SUITE("io/nrrd") {
  TEST_CASE("voxels of every type by pynrrd are read") {
    const std::pair<const char*, DType> files[] = {
        {"nrrd_u1.nrrd", u8},        {"nrrd_i1.nrrd", i32},       {"nrrd_u2.nrrd", i32},
        {"nrrd_i2.nrrd", i32},       {"nrrd_u4.nrrd", i64},       {"nrrd_i4.nrrd", i32},
        {"nrrd_u8.nrrd", i64},       {"nrrd_i8.nrrd", i64},       {"nrrd_f4.nrrd", f32},
        {"nrrd_f8.nrrd", f64},       {"nrrd_ras.nrrd", i32},      {"nrrd_las.nrrd", i32},
        {"nrrd_detached.nhdr", i32}, {"nrrd_spacings.nrrd", i32}, {"nrrd_big_endian.nrrd", i32}};
    for (const auto& file : files) {
      const std::string name = file.first;
      CAPTURE(name);
      const Volume volume = fixture(name);
      CHECK(volume.voxels.dtype() == file.second);
      CHECK(volume.voxels.shape() == Shape{2, 3, 4});
      CHECK(volume.voxels.to_vector<double>() == testing::count(24, name[5] == 'u' ? 0 : -2));
      CHECK(volume.geometry.spacing == std::array<double, 3>{3, 2, 1.5});
      testing::check_affine(volume, "volumes.json", name);
    }
  }

  TEST_CASE("channels and pictures") {
    const Volume colours = fixture("nrrd_rgb.nrrd");
    CHECK(colours.voxels.shape() == Shape{3, 2, 3, 4});
    CHECK(colours.voxels.to_vector<double>()[24] == 1);
    testing::check_affine(colours, "volumes.json", "nrrd_rgb.nrrd");
    // A slice in space, without the direction across it, and channels named by their kind.
    const TemporaryFile file("slice.nrrd");
    const std::string head = "NRRD0004\ntype: uchar\nencoding: ascii\n";
    file.write(head +
               "dimension: 2\nsizes: 2 1\nspace: RAS\nspace directions: (0,2,0) (0,0,3)\n\n7 8");
    const Volume slice = io::load_nrrd(file.path());
    CHECK(slice.voxels.to_vector<double>() == std::vector<double>{7, 8});
    CHECK(slice.geometry.spacing == std::array<double, 3>{1, 3, 2});
    CHECK(slice.geometry.affine[0] == 1);
    file.write(head + "dimension: 3\nsizes: 3 2 1\nkinds: RGB-color domain domain\n\n1,2,3,4,5,6");
    const Volume coloured = io::load_nrrd(file.path());
    CHECK(coloured.voxels.shape() == Shape{3, 1, 1, 2});
    CHECK(coloured.voxels.to_vector<double>() == std::vector<double>{1, 4, 2, 5, 3, 6});
  }

  TEST_CASE("what is saved is loaded again") {
    testing::check_round_trip("x.nrrd", true);
    testing::check_round_trip("x.nrrd", false);
    testing::check_stored_types("x.nrrd");
    testing::check_round_trip("x.nhdr", false);
    testing::check_round_trip("x.nhdr", true);
    for (const char* name : {"x.raw", "x.raw.gz"}) {
      std::filesystem::remove(TemporaryFile(name).path());
    }
    CHECK_THROWS_AS(io::save_nrrd({tensor({1}, {1})}, "x.nrrd"), Error);
  }

  TEST_CASE("hexadecimal digits, and a file for each slice") {
    const TemporaryFile file("hex.nhdr"), one("one.raw"), two("two.raw");
    const std::string head = "NRRD0001\ntype: uint8\ndimension: 3\nsizes: 2 1 2\n";
    file.write(head + "encoding: hex\n\n0a ff\n10\t2B\n");
    const std::vector<double> expected = {10, 255, 16, 43};
    CHECK(io::load_nrrd(file.path()).voxels.to_vector<double>() == expected);
    one.write("\x0a\xff");
    two.write("\x10\x2b");
    const std::string list =
        one.path().filename().string() + "\n" + two.path().filename().string() + "\n";
    file.write(head + "encoding: raw\ndata file: LIST\n" + list);
    CHECK(io::load_nrrd(file.path()).voxels.to_vector<double>() == expected);
    const std::string doubled = one.path().filename().string() + "\n";
    testing::check_refused(file, head + "encoding: raw\ndata file: LIST\n" + doubled + doubled,
                           load, "must name each file once");
    testing::check_refused(file, head + "encoding: gzip\ndata file: LIST\n" + list, load,
                           "several files");
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.nrrd");
    const std::string good = testing::bytes_of_file(testing::fixture("nrrd_u2.nrrd"));
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    const auto refused_with = [&](const char* from, const char* to, const char* reason) {
      refused(replaced(good, from, to), reason);
    };
    refused("", "is not an NRRD file");
    refused("NRRD0004\nno field\n\n", "not 'field: value'");
    refused("NRRD0004", "no field 'dimension'");
    refused(good.substr(0, good.size() - 1), "truncated");
    refused_with("dimension: 3", "dimension: 1", "dimension must be");
    refused_with("sizes: 4 3 2", "sizes: 4 3", "sizes: 3 numbers are needed");
    refused_with("sizes: 4 3 2", "sizes: 4 3 -2", "there must be voxels");
    refused_with("sizes: 4 3 2", "sizes: 99999999999 99999999999 2", "truncated");
    refused_with("uint16", "block", "'block'");
    refused_with("little", "middle", "endian must be");
    refused_with("raw", "bzip2", "encoding 'bzip2'");
    refused_with("raw", "raw\nbyte skip: 99", "byte skip");
    refused_with("raw", "raw\nline skip: 99", "line skip");
    refused_with("raw", "raw\ndata file: %03d.raw 1 9 1", "named by a pattern");
    refused_with("raw", "raw\ndata file: LIST\na\na", "is not there");
    refused_with("raw", "hex", "hexadecimal");
    refused_with("raw", "raw\ndata file: none.raw", "none.raw");
    refused_with("(0,1.5,0)", "0,1.5,0", "must be vectors");
    refused_with("(10,-20,30.5)", "(10)", "vectors in space");
    refused_with("(10,-20,30.5)", "(10,inf,0)", "must be finite");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.nrrd");
    for (const char* name : {"nrrd_u2.nrrd", "nrrd_i2.nrrd", "nrrd_f4.nrrd", "nrrd_rgb.nrrd"}) {
      testing::check_survives_damage(testing::bytes_of_file(testing::fixture(name)), file, load);
    }
  }
}
