#include "io/tiff.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/image.h"
#include "io/tiff_pages.h"
#include "tests/io/damage.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;
using testing::count;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_tiff(path); };

std::filesystem::path file_of(const std::string& name) {
  return testing::fixture("tiff_" + name + ".tif");
}

Volume fixture(const std::string& name) {
  return io::load_tiff(file_of(name));
}

std::vector<double> voxels(const std::string& name) {
  return fixture(name).voxels.to_vector<double>();
}

}  // namespace

TEST_SUITE("io/tiff") {
  TEST_CASE("without libtiff, the error names the package") {
    if (io::tiff_supported()) return;
    CHECK_THROWS_WITH_AS(fixture("u1"), doctest::Contains("libtiff-dev"), Error);
    CHECK_THROWS_WITH_AS(io::save_tiff(testing::example_volume(), "x.tif"),
                         doctest::Contains("libtiff-dev"), Error);
  }

  TEST_CASE("voxels of every type by tifffile are read") {
    if (!io::tiff_supported()) return;
    const std::pair<const char*, DType> files[] = {
        {"u1", u8},  {"i1", i32},         {"u2", i32},       {"i2", i32},     {"u4", i64},
        {"i4", i32}, {"u8", i64},         {"i8", i64},       {"f2", f16},     {"f4", f32},
        {"f8", f64}, {"big_endian", i32}, {"big_tiff", i32}, {"deflate", i32}};
    for (const auto& file : files) {
      const std::string name = file.first;
      CAPTURE(name);
      const Volume volume = fixture(name);
      CHECK(volume.voxels.dtype() == file.second);
      CHECK(volume.voxels.shape() == Shape{2, 3, 4});
      const bool plain = name[0] == 'u' || name == "big_tiff" || name == "deflate";
      CHECK(volume.voxels.to_vector<double>() == count(24, plain ? 0 : -2));
    }
  }

  TEST_CASE("pages, tiles, colours and packings") {
    if (!io::tiff_supported()) return;
    const Volume page = fixture("page");
    CHECK(page.voxels.shape() == Shape{3, 4});
    CHECK(page.geometry.spacing == io::Vector3{1, 2.5, 2});
    CHECK(fixture("tiled").voxels.shape() == Shape{2, 20, 18});
    CHECK(voxels("tiled") == count(720));
    const Volume rgb = fixture("rgb");
    CHECK(rgb.voxels.shape() == Shape{3, 2, 3, 4});
    CHECK(rgb.voxels.to_vector<double>() == count(72));
    const Volume planar = fixture("planar");
    CHECK(planar.voxels.shape() == Shape{3, 1, 3, 4});
    CHECK(planar.voxels.to_vector<double>()[12] == 24);
    CHECK(voxels("white") == count(12));
    CHECK(voxels("lzw") == count(12));
    CHECK(voxels("packbits") == count(12));
    CHECK(voxels("palette") == count(12));
    const std::vector<double> bits = voxels("bits");
    for (size_t i = 0; i < 30; ++i) CHECK(bits[i] == (i % 10 == i / 10 ? 1 : 0));
    const Volume stack = fixture("imagej");
    CHECK(stack.voxels.shape() == Shape{2, 2, 3, 4});
    CHECK(stack.voxels.to_vector<double>() == count(48));
    CHECK(stack.geometry.spacing[0] == 3);
    CHECK(stack.geometry.spacing[2] == doctest::Approx(1.5));
  }

  TEST_CASE("what is saved is loaded again") {
    if (!io::tiff_supported()) return;
    const TemporaryFile file("x.tif");
    for (const bool compress : {false, true}) {
      for (const DType dtype : {f32, f64, i32, i64, u8}) {
        const Volume saved = testing::example_volume(dtype);
        io::save_tiff(saved, file.path(), compress);
        const Volume loaded = io::load_tiff(file.path());
        CHECK(loaded.voxels.dtype() == dtype);
        CHECK(loaded.voxels.to_vector<double>() == saved.voxels.to_vector<double>());
        for (size_t i = 0; i < 3; ++i) {
          CHECK(loaded.geometry.spacing[i] == doctest::Approx(saved.geometry.spacing[i]));
        }
      }
    }
    for (const DType dtype : {u8, i32}) {
      for (const Shape& shape : {Shape{2, 3}, Shape{3, 1, 2, 2}, Shape{4, 2, 1, 2},
                                 Shape{2, 3, 1, 2}, Shape{2, 3, 2, 1, 2}}) {
        CAPTURE(shape.str());
        std::vector<int32_t> values(static_cast<size_t>(shape.numel()));
        for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int32_t>(i);
        Volume saved{tensor<int32_t>(values, shape)};
        // Stored as unsigned numbers: three and four channels are colours.
        const uint8_t size = dtype == u8 ? 1 : 2;
        saved.stored = io::ElementType{io::ElementType::Kind::unsigned_integer, size};
        io::save_tiff(saved, file.path());
        const Volume loaded = io::load_tiff(file.path());
        CHECK(loaded.voxels.dtype() == dtype);
        CHECK(loaded.voxels.shape() == shape);
        CHECK(loaded.voxels.to_vector<int32_t>() == values);
      }
    }
    CHECK_THROWS_WITH_AS(io::save_tiff({tensor({1}, {1, 1, 1, 1, 1, 1})}, "x.tif"),
                         doctest::Contains("[T, C, D, H, W] at most"), Error);
  }

  TEST_CASE("as pictures and masks") {
    if (!io::tiff_supported()) return;
    const io::Image grey = io::read_image(file_of("page"));
    CHECK(grey.channels == 1);
    CHECK(grey.pixels[5] == doctest::Approx(5. / 255));
    const io::Image colours = io::read_image(file_of("palette"));
    CHECK(colours.channels == 3);
    CHECK(colours.pixels[5] == doctest::Approx(5. / 255));
    CHECK(io::read_image_size(file_of("planar")).channels == 3);
    CHECK(io::read_labels(file_of("palette")).labels[7] == 7);
    CHECK(io::read_labels(file_of("bits")).labels[11] == 1);
    CHECK_THROWS_WITH_AS(io::read_labels(file_of("jpeg")), doctest::Contains("JPEG"), Error);
    CHECK(io::read_image(file_of("jpeg")).width == 16);
    CHECK_THROWS_WITH_AS(io::read_image(file_of("u2")), doctest::Contains("has 2 pages"), Error);
    const TemporaryFile file("f.tif");
    io::save_tiff({tensor({0.5, -3}, {1, 2})}, file.path());
    CHECK(io::read_image(file.path()).pixels == std::vector<float>{0.5, -3});
    CHECK(io::is_image_name("A.TIF"));
  }

  TEST_CASE("a wrong file is an error that says why") {
    if (!io::tiff_supported()) return;
    const TemporaryFile file("bad.tif");
    const std::string good = testing::bytes_of_file(file_of("u2"));
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    refused("", "is not a TIFF");
    refused("II*", "is not a TIFF");
    refused(good.substr(0, 8), "damaged or truncated");
    refused(good.substr(0, good.size() - 40), "truncated");
    // Pages of different sizes, and as many pixels as no file has.
    io::TiffStack huge{.pages = 1, .height = 1, .width = 1, .bytes = "x"};
    std::string bytes = io::encode_tiff(huge, true, "x");
    for (size_t i = 8; i + 12 <= bytes.size(); ++i) {
      const bool size =
          bytes[i] == 0 && bytes[i + 1] == 1 && bytes[i + 2] == 3 && bytes[i + 3] == 0;
      if (size || bytes.compare(i, 4, std::string("\1\1\3\0", 4)) == 0) {
        bytes[i + 8] = bytes[i + 9] = static_cast<char>(0xff);
      }
    }
    refused(bytes, "cannot hold 65535x65535 pixels");
  }

  TEST_CASE("damaged files never crash") {
    if (!io::tiff_supported()) return;
    const TemporaryFile file("damaged.tif");
    for (const char* name : {"u2", "big_endian", "deflate", "planar", "imagej", "palette", "lzw",
                             "bits", "big_tiff", "jpeg"}) {
      CAPTURE(name);
      testing::check_survives_damage(testing::bytes_of_file(file_of(name)), file, load, 1500);
    }
  }
}
