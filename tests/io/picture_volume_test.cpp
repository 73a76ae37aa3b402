#include "io/picture_volume.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using io::Picture;
using io::Volume;

TEST_SUITE("io/picture_volume") {
  TEST_CASE("samples as voxels, and back") {
    const Picture grey{.height = 1, .width = 3, .samples = {0, 7, 255}};
    const Volume volume = io::volume_of(grey);
    CHECK(volume.voxels.dtype() == u8);
    CHECK(volume.voxels.shape() == Shape{1, 3});
    CHECK(io::picture_of(volume, "x").samples == grey.samples);

    const Picture wide{.height = 2, .width = 1, .white = 65535, .samples = {3, 60000}};
    CHECK(io::volume_of(wide).voxels.dtype() == i32);
    CHECK(io::picture_of(io::volume_of(wide), "x").white == 65535);

    const Picture colours{.height = 1, .width = 2, .channels = 3, .samples = {1, 2, 3, 4, 5, 6}};
    const Volume coloured = io::volume_of(colours);
    CHECK(coloured.voxels.shape() == Shape{3, 1, 1, 2});
    CHECK(coloured.voxels.to_vector<double>() == std::vector<double>{1, 4, 2, 5, 3, 6});
    CHECK(io::picture_of(coloured, "x").samples == colours.samples);
    CHECK(io::picture_of({tensor({1, 2}, {1, 1, 2}, f64)}, "x").samples ==
          std::vector<uint16_t>{1, 2});
  }

  TEST_CASE("files of 8 and 16 bits") {
    const std::pair<const char*, Tensor> cases[] = {
        {"v.png", tensor({0, 1, 2, 255}, {2, 2}, u8)},
        {"v.png", tensor({0, 1, 256, 65535}, {2, 2}, i32)},
        {"v.png", tensor({1, 2, 3, 4, 5, 6}, {3, 1, 1, 2}, u8)},
        {"v.png", tensor({1, 2, 3, 40000, 5, 6, 7, 8}, {4, 1, 1, 2}, i32)},
        {"v.pgm", tensor({0, 9}, {1, 2}, u8)},
        {"v.ppm", tensor({1, 2, 3, 4, 5, 6}, {3, 1, 2, 1}, u8)}};
    for (const auto& one : cases) {
      const testing::TemporaryFile file(one.first);
      io::save_volume({one.second}, file.path());
      const Volume volume = io::load_volume(file.path());
      CHECK(volume.voxels.dtype() == one.second.dtype());
      CHECK(volume.voxels.shape() == one.second.shape());
      CHECK(volume.voxels.to_vector<double>() == one.second.to_vector<double>());
    }
  }

  TEST_CASE("what no picture can hold") {
    const auto refused = [](const Tensor& voxels, const char* name, const char* reason) {
      CHECK_THROWS_WITH_AS(io::save_picture_volume({voxels}, name), doctest::Contains(reason),
                           Error);
    };
    refused(tensor({1, 2}, {2, 1, 1}, u8), "x.png", "one slice");
    refused(tensor({1, 2, 3, 4, 5}, {5, 1, 1, 1}, u8), "x.png", "one slice");
    refused(tensor({0.5}, {1, 1}), "x.png", "got 0.5");
    refused(tensor({-1}, {1, 1}), "x.png", "got -1");
    refused(tensor({65536}, {1, 1}), "x.png", "got 65536");
    refused(tensor({256}, {1, 1}), "x.pgm", "8 bits");
    refused(tensor({1, 2}, {2, 1, 1, 1}), "x.ppm", "1 or 3 channels");
  }
}
