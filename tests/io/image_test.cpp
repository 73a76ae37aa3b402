#include "io/image.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "io/npy.h"
#include "io/palette.h"
#include "io/png.h"
#include "tests/io/damage.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

Image ramp(int64_t channels) {
  Image image(channels, 2, 3);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<float>(i) / static_cast<float>(image.pixels.size() - 1);
  return image;
}

float worst_difference(const Image& a, const Image& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  float worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}

}  // namespace

TEST_SUITE("io/image") {
  TEST_CASE("pixels are planes of rows") {
    Image image(2, 3, 4, 0.5F);
    image.at(1, 2, 3) = 7;
    CHECK(image.pixels.size() == 24);
    CHECK(image.pixels.back() == 7);
    CHECK(image.plane(1).back() == 7);
    CHECK(image.plane(0).size() == 12);
    LabelMap labels(2, 3, 1);
    labels.at(1, 0) = 5;
    CHECK(labels.labels == std::vector<int32_t>{1, 1, 1, 5, 1, 1});
  }

  TEST_CASE("images survive PNG and PNM within half a step") {
    const TemporaryFolder folder("image");
    for (const int64_t channels : {1, 3}) {
      const Image image = ramp(channels);
      write_png(image, folder / "a.png");
      CHECK(worst_difference(read_image(folder / "a.png"), image) <= 0.5001F / 255);
      write_png(image, folder / "b.png", 16);
      CHECK(worst_difference(read_image(folder / "b.png"), image) <= 0.51F / 65535);
      write_pnm(image, folder / "c.ppm");
      CHECK(worst_difference(read_image(folder / "c.ppm"), image) <= 0.5001F / 255);
      CHECK(read_image_size(folder / "a.png") == ImageSize{channels, 2, 3});
      write_png(image, folder / "a.png");
      CHECK(io::read_file(folder / "a.png") == io::encode_png(image));
    }
    Image wild(1, 1, 3);
    wild.pixels = {-1, 2, NAN};
    write_png(wild, folder / "d.png");
    CHECK(read_image(folder / "d.png").pixels == std::vector<float>{0, 1, 0});
    CHECK_THROWS_WITH_AS(write_png(Image(2, 1, 1), folder / "e.png"),
                         "write_png: images must have 1 or 3 channels, got 2", Error);
    CHECK_THROWS_WITH_AS(write_png(wild, folder / "e.png", 4),
                         "write_png: bits must be 8 or 16, got 4", Error);
  }

  TEST_CASE("masks survive as grey, wide and palette PNG") {
    const TemporaryFolder folder("image");
    LabelMap labels(2, 2);
    labels.labels = {0, 1, 2, 1};
    write_png(labels, folder / "grey.png");
    CHECK(read_labels(folder / "grey.png") == labels);
    write_png(labels, folder / "palette.png", class_palette(256));
    CHECK(read_labels(folder / "palette.png") == labels);
    CHECK(read_image_size(folder / "palette.png") == ImageSize{3, 2, 2});
    const Image colours = read_image(folder / "palette.png");
    CHECK(colours.at(0, 0, 1) == doctest::Approx(230.0 / 255));  // class 1 is orange
    CHECK(colours.at(2, 0, 1) == 0);
    labels.labels = {0, 375, 3, 65535};
    write_png(labels, folder / "wide.png");
    CHECK(read_labels(folder / "wide.png") == labels);

    CHECK_THROWS_WITH_AS(write_png(labels, folder / "no.png", class_palette(256)),
                         "write_png: labels must be from 0 to 255, got 65535", Error);
    labels.labels[0] = -1;
    CHECK_THROWS_WITH_AS(write_png(labels, folder / "no.png"),
                         "write_png: labels must be from 0 to 65535, got -1", Error);
    CHECK(!fs::exists(folder / "no.png"));
  }

  TEST_CASE("alpha is dropped and colours stay as stored") {
    const TemporaryFolder folder("image");
    Picture picture{.height = 1, .width = 2, .channels = 4};
    picture.samples = {255, 51, 0, 0, 102, 0, 255, 128};
    folder.write("a.png", encode_png(picture));
    const Image image = read_image(folder / "a.png");
    CHECK(image.channels == 3);
    CHECK(image.pixels == std::vector<float>{1, 0.4F, 0.2F, 0, 0, 1});
    picture.channels = 2;
    picture.width = 4;
    folder.write("b.png", encode_png(picture));
    CHECK(read_image(folder / "b.png").pixels == std::vector<float>{1, 0, 0.4F, 1});
    CHECK(read_labels(folder / "b.png").labels == std::vector<int32_t>{255, 0, 102, 255});
  }

  TEST_CASE("a palette of greys is one channel") {
    const TemporaryFolder folder("image");
    Picture picture{.height = 1, .width = 2, .channels = 1};
    picture.samples = {1, 0};
    picture.palette = {0, 0, 0, 51, 51, 51};
    folder.write("a.png", encode_png(picture));
    CHECK(read_image_size(folder / "a.png") == ImageSize{1, 1, 2});
    CHECK(read_image(folder / "a.png").pixels == std::vector<float>{0.2F, 0});
  }

  TEST_CASE("masks of equal channels are read, colours are an error with a remedy") {
    const TemporaryFolder folder("image");
    Picture picture{.height = 1, .width = 2, .channels = 3};
    picture.samples = {1, 1, 1, 2, 2, 2};
    folder.write("a.png", encode_png(picture));
    CHECK(read_labels(folder / "a.png").labels == std::vector<int32_t>{1, 2});
    picture.samples[4] = 9;
    folder.write("a.png", encode_png(picture));
    CHECK_THROWS_WITH_AS(
        read_labels(folder / "a.png"),
        doctest::Contains("holds colours such as (2, 9, 2), but a mask must hold class indices; "
                          "write it as a grey or palette PNG"),
        Error);
  }

  TEST_CASE("arrays are images as stored, bytes are pictures") {
    const TemporaryFolder folder("image");
    save_npy(tensor({-1000, 0, 2.5, 7, 8, 9}, {1, 3, 2}), folder / "a.npy");
    const Image image = read_image(folder / "a.npy");
    CHECK(image.channels == 2);
    CHECK(image.pixels == std::vector<float>{-1000, 2.5, 8, 0, 7, 9});
    CHECK(read_image_size(folder / "a.npy") == ImageSize{2, 1, 3});
    save_npy(tensor({0, 255}, {2, 1}, u8), folder / "b.npy");
    CHECK(read_image(folder / "b.npy").pixels == std::vector<float>{0, 1});
    save_npy(tensor({0, NAN}, {2, 1}), folder / "b.npy");
    CHECK_THROWS_WITH_AS(read_image(folder / "b.npy"),
                         doctest::Contains("b.npy holds nan in row 1, column 0"), Error);
    save_npy(tensor({1, 2}, {2}), folder / "b.npy");
    CHECK_THROWS_WITH_AS(read_image(folder / "b.npy"), doctest::Contains("got shape [2]"), Error);
  }

  TEST_CASE("arrays of whole numbers are masks") {
    const TemporaryFolder folder("image");
    for (const DType dtype : {u8, i32, i64, f32, f64}) {
      save_npy(tensor({0, 3, 1, 2}, {2, 2}, dtype), folder / "a.npy");
      CHECK(read_labels(folder / "a.npy").labels == std::vector<int32_t>{0, 3, 1, 2});
    }
    for (const double wrong : {-1.0, 0.5, 65536.0, double{NAN}}) {
      save_npy(tensor({wrong}, {1, 1}), folder / "a.npy");
      CHECK_THROWS_WITH_AS(read_labels(folder / "a.npy"),
                           doctest::Contains("class indices must be whole numbers"), Error);
    }
  }

  TEST_CASE("names are known by their ending") {
    CHECK(is_image_name("a/b.PNG"));
    CHECK(is_image_name("b.jpeg"));
    CHECK(is_image_name("b.npy"));
    CHECK(!is_image_name("png"));
    CHECK(!is_image_name("b.txt"));
  }

  TEST_CASE("missing and damaged files are errors that name them") {
    const TemporaryFolder folder("image");
    CHECK_THROWS_WITH_AS(read_image("/no/such.png"), doctest::Contains("/no/such.png"), Error);
    CHECK_THROWS_WITH_AS(read_labels(folder.path()), doctest::Contains("image"), Error);
    write_png(ramp(3), folder / "x.png");
    const TemporaryFile damaged("image.png");
    check_survives_damage(
        read_file(folder / "x.png"), damaged, [](const auto& path) { read_image(path); }, 300);
  }

  TEST_CASE("volumes have slices, which are pictures") {
    Image volume(2, {3, 4, 5});
    volume.at(1, 2, 3, 4) = 7;
    CHECK(volume.pixels.back() == 7);
    CHECK(volume.plane(1).size() == 60);
    CHECK(slice(volume, 2).at(1, 3, 4) == 7);
    CHECK(slice(volume, 0) == Image(2, 4, 5));
    LabelMap labels(Extent{3, 4, 5}, 1);
    labels.at(1, 0, 2) = 9;
    CHECK(slice(labels, 1).at(0, 2) == 9);
    CHECK_THROWS_WITH_AS(slice(volume, 3), "slice: there are 3 slices, got 3", Error);
    const TemporaryFolder folder("image_volume");
    CHECK_THROWS_WITH_AS(write_png(Image(1, {3, 4, 5}), folder / "a.png"),
                         doctest::Contains("got a volume of 3 slices"), Error);
    CHECK_THROWS_WITH_AS(write_png(labels, folder / "a.png"),
                         doctest::Contains("got a volume of 3 slices"), Error);
  }
}
