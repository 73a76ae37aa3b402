#include "io/local_change.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

TEST_SUITE("io/local_change") {
  TEST_CASE("hills as recorded from nnU-Net's") {
    const Oracle oracle("augment");
    for (const std::string name : {"2d", "3d"}) {
      CAPTURE(name);
      const Image image = recorded_image(oracle, name + "/image");
      const Hill hill{.centre = {0.3, 0.8, -0.2}, .width = {2.5, 4, 3}};
      Image changed(1, image.extent());
      add_hill_(changed, hill, 1);
      check_image(changed, oracle(name + "/hill"));
      changed = image;
      change_gamma_(changed, hill, 1.6);
      check_image(changed, oracle(name + "/local gamma"));
    }
    Image image(1, 2, 2);
    CHECK_THROWS_WITH_AS(add_hill_(image, {.width = {1, 0, 1}}, 1),
                         doctest::Contains("width must be positive, got 0"), Error);
  }

  TEST_CASE("a blank box has its mean, channel by channel") {
    Image image(2, 2, 3);
    image.pixels = {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60};
    blank_(image, {.first = {0, 0, 1}, .size = {1, 2, 2}});
    CHECK(image.pixels == std::vector<float>{1, 4, 4, 4, 4, 4, 10, 40, 40, 40, 40, 40});
    CHECK_THROWS_WITH_AS(blank_(image, {.first = {0, 0, 2}, .size = {1, 2, 2}}),
                         doctest::Contains("the box must lie in the image, got pixels 2 to 4 of 3"),
                         Error);
  }
}
