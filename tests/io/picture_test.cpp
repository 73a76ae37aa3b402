#include "io/picture.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// The bytes of a recorded file.
std::string file_of(const Oracle& oracle, const std::string& what) {
  const auto bytes = oracle(what + "/file").data<uint8_t>();
  return {bytes.begin(), bytes.end()};
}

void check_record(const Oracle& oracle, const std::string& what, int tolerance) {
  CAPTURE(what);
  const std::string file = file_of(oracle, what);
  const Picture picture = decode_picture(file, what);
  const Tensor y = oracle(what + "/y");
  CHECK(Shape{picture.height, picture.width, picture.channels} == y.shape());
  REQUIRE(static_cast<int64_t>(picture.samples.size()) == y.numel());
  int worst = 0;
  for (size_t i = 0; i < picture.samples.size(); ++i)
    worst = std::max(worst, std::abs(picture.samples[i] - y.data<int32_t>()[i]));
  CHECK(worst <= tolerance);
  if (oracle.has(what + "/palette"))
    CHECK(oracle(what + "/palette").to_vector<uint8_t>() == picture.palette);
  CHECK(oracle.has(what + "/palette") == !picture.palette.empty());

  const Picture header = decode_picture_header(file, what);
  CHECK(header.height == picture.height);
  CHECK(header.width == picture.width);
  CHECK(header.channels == picture.channels);
  CHECK(header.white == picture.white);
  CHECK(header.palette == picture.palette);
}

const std::vector<std::string> kExact = {"grey 1 bit",
                                         "grey 1 bit interlaced",
                                         "grey 2 bit",
                                         "grey 2 bit interlaced",
                                         "grey 4 bit",
                                         "grey 4 bit interlaced",
                                         "grey 8 bit",
                                         "grey 8 bit interlaced",
                                         "grey 16 bit",
                                         "grey 16 bit interlaced",
                                         "palette 1 bit",
                                         "palette 2 bit",
                                         "palette 4 bit",
                                         "palette 8 bit",
                                         "RGB 8 bit",
                                         "RGB 8 bit interlaced",
                                         "RGB 16 bit",
                                         "RGB 16 bit interlaced",
                                         "grey and alpha 8 bit",
                                         "grey and alpha 16 bit",
                                         "RGBA 8 bit",
                                         "RGBA 16 bit",
                                         "filters RGB",
                                         "filters grey",
                                         "BMP RGB",
                                         "PPM",
                                         "PGM"};
const std::vector<std::string> kLossy = {"JPEG RGB", "JPEG grey progressive"};

}  // namespace

TEST_SUITE("io/picture") {
  TEST_CASE("samples are those that Pillow and pypng read or wrote") {
    const Oracle oracle("picture");
    for (const std::string& what : kExact) check_record(oracle, what, 0);
    for (const std::string& what : kLossy) check_record(oracle, what, 3);
  }

  TEST_CASE("only JPEG is lossy") {
    const Oracle oracle("picture");
    CHECK(decode_picture(file_of(oracle, "JPEG RGB"), "x").lossy);
    CHECK(!decode_picture(file_of(oracle, "BMP RGB"), "x").lossy);
    CHECK(!decode_picture(file_of(oracle, "RGB 8 bit"), "x").lossy);
  }

  TEST_CASE("a file that is cut off anywhere is an error that names it") {
    const Oracle oracle("picture");
    for (const std::string what : {"JPEG RGB", "JPEG grey progressive", "BMP RGB", "PPM", "PGM",
                                   "palette 4 bit", "RGB 16 bit interlaced"}) {
      const std::string file = file_of(oracle, what);
      CAPTURE(what);
      for (size_t length = 0; length < file.size(); ++length) {
        CAPTURE(length);
        CHECK_THROWS_WITH_AS(decode_picture(file.substr(0, length), "some name"),
                             doctest::Contains("some name"), Error);
      }
    }
  }

  TEST_CASE("damaged files never crash") {
    const Oracle oracle("picture");
    const TemporaryFile file("picture");
    for (const std::vector<std::string>& names : {kExact, kLossy})
      for (const std::string& what : names)
        check_survives_damage(
            file_of(oracle, what), file,
            [](const std::filesystem::path& path) {
              const std::string bytes = bytes_of_file(path);
              decode_picture_header(bytes, path);
              decode_picture(bytes, path);
            },
            300);
  }

  TEST_CASE("another kind of file is an error that says what can be read") {
    for (const std::string bytes : {"", "GIF89a", "\xff", "BM", "P", "P5", "hello, world"})
      CHECK_THROWS_AS(decode_picture(bytes, "x"), Error);
    CHECK_THROWS_WITH_AS(
        decode_picture("GIF89a and more", "x.gif"),
        "x.gif is not a picture that can be read; use PNG, JPEG, BMP, PGM, PPM, TIFF or "
        ".npy",
        Error);
  }

  TEST_CASE("a small JPEG that claims to be huge is refused before memory is taken") {
    std::string file = file_of(Oracle("picture"), "JPEG RGB");
    const size_t frame = file.find("\xff\xc0");
    REQUIRE(frame != std::string::npos);
    for (size_t i = 5; i < 9; ++i) file[frame + i] = '\x7f';  // height and width
    CHECK_THROWS_WITH_AS(decode_picture(file, "x"), doctest::Contains("x"), Error);
  }
}
