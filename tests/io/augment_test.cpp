#include "io/augment.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// A smooth pattern whose value at a pixel tells the label there: image = label / 10.
LabelMap blobs(int64_t height, int64_t width) {
  LabelMap mask(height, width);
  for (int64_t h = 0; h < height; ++h)
    for (int64_t w = 0; w < width; ++w) mask.at(h, w) = 1 + (h / 4 + w / 5) % 3;
  return mask;
}

Image shown(const LabelMap& mask) {
  Image image(1, mask.height, mask.width);
  for (size_t i = 0; i < mask.labels.size(); ++i)
    image.pixels[i] = static_cast<float>(mask.labels[i]) / 10;
  return image;
}

// An image whose channels are the row and the column of a pixel, and the mask that tells both.
Image rows_and_columns(int64_t height, int64_t width, LabelMap& mask) {
  Image image(2, height, width);
  mask = LabelMap(height, width);
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) {
      image.at(0, h, w) = static_cast<float>(h);
      image.at(1, h, w) = static_cast<float>(w);
      mask.at(h, w) = static_cast<int32_t>(1 + h * 100 + w);
    }
  }
  return image;
}

}  // namespace

TEST_SUITE("io/augment") {
  TEST_CASE("text is read as it is meant") {
    const Augment augment =
        parse_augment(" flip, rotate(15) , scale(0.8,1.2)@0.3, crop(64,32),border(reflect)");
    REQUIRE(augment.steps.size() == 3);
    CHECK(augment.steps[0] == AugmentStep{.name = "flip"});
    CHECK(augment.steps[1] == AugmentStep{.name = "rotate", .low = -15, .high = 15});
    CHECK(augment.steps[2] ==
          AugmentStep{.name = "scale", .low = 0.8, .high = 1.2, .probability = 0.3});
    CHECK(augment.height == 64);
    CHECK(augment.width == 32);
    CHECK(augment.border == Border::reflect);
    CHECK(parse_augment("crop(7)").width == 7);
    CHECK(parse_augment("rotate(-5,20)").steps[0].low == -5);
    CHECK(parse_augment("none") == Augment{});
    CHECK(parse_augment("") == Augment{});
    CHECK(parse_augment("light,vflip").steps.size() == 2);
    CHECK(parse_augment("jmedseg").steps.size() == 5);
  }

  TEST_CASE("what is written is read again") {
    for (const char* text : {"none", "light", "standard", "jmedseg",
                             "rot90,hue(0.2)@0.125,crop(3,9),border(edge),translate(0,0.1)"}) {
      const Augment augment = parse_augment(text);
      CHECK(parse_augment(to_text(augment)) == augment);
    }
    CHECK(to_text({}) == "none");
    CHECK(to_text(parse_augment("light")) == "flip@0.5");
  }

  TEST_CASE("wrong text is an error that says what is right") {
    const std::pair<const char*, const char*> wrong[] = {
        {"rotat(15)", "augment: there is no \"rotat\"; did you mean 'rotate'?"},
        {"flip,,vflip", "augment: there is no \"\""},
        {"rotate(x)", "\"x\" in \"rotate(x)\" is not a number"},
        {"rotate(nan)", "is not a number"},
        {"rotate(15", "a \")\" is missing in \"rotate(15\""},
        {"rotate(1,2,3)", "rotate takes one or two numbers, got \"rotate(1,2,3)\""},
        {"scale(1.2,0.8)", "numbers of scale must be from 0.01 to 100 and in order"},
        {"scale(0,1)", "numbers of scale must be from 0.01 to 100"},
        {"scale(2)", "scale takes two numbers, the least and the largest"},
        {"flip(1)", "flip takes no numbers"},
        {"flip@2", "a probability must be from 0 to 1"},
        {"flip@", "a probability must follow the @"},
        {"light@0.5", "light takes no numbers, being a preset"},
        {"crop", "crop takes one or two numbers of pixels"},
        {"crop(0)", "crop must be whole pixels from 1 to 65536"},
        {"crop(2.5)", "crop must be whole pixels"},
        {"border(round)", "border takes one of zero, edge and reflect"},
    };
    for (const auto& one : wrong) {
      CAPTURE(one.first);
      CHECK_THROWS_WITH_AS(parse_augment(one.first), doctest::Contains(one.second), Error);
    }
  }

  TEST_CASE("image and mask stay together under every geometry") {
    for (const char* text :
         {"flip@1", "vflip@1", "rot90@1", "rotate(40)@1", "scale(0.5,2)@1", "translate(0.3)@1",
          "crop(17,11)", "crop(40,50)",
          "flip,vflip,rot90,rotate(180)@1,scale(0.7,1.4)@1,translate(0.1),crop(20)"}) {
      for (const char* border : {"zero", "edge", "reflect"}) {
        const Augment augment = parse_augment(std::string(text) + ",border(" + border + ")");
        int64_t compared = 0;
        float worst = 0;
        for (uint32_t trial = 0; trial < 8; ++trial) {
          const int64_t H = 24, W = trial % 2 == 0 ? 24 : 30;
          LabelMap mask;
          Image image = rows_and_columns(H, W, mask);
          augment_(image, mask, augment, Draws(5, 1, trial), trial % 4 == 3);
          REQUIRE(image.height == mask.height);
          REQUIRE(image.width == mask.width);
          for (int64_t h = 0; h < mask.height; ++h) {
            for (int64_t w = 0; w < mask.width; ++w) {
              const int64_t y = (mask.at(h, w) - 1) / 100, x = (mask.at(h, w) - 1) % 100;
              // At its border the image is mixed with what lies outside.
              if (mask.at(h, w) == 0 || y == 0 || x == 0 || y == H - 1 || x == W - 1) continue;
              ++compared;
              worst = std::max({worst, std::abs(image.at(0, h, w) - static_cast<float>(y)),
                                std::abs(image.at(1, h, w) - static_cast<float>(x))});
            }
          }
        }
        CAPTURE(to_text(augment));
        CHECK(compared > 1000);
        CHECK(worst < 0.5001F);
      }
    }
  }

  TEST_CASE("flips, quarter turns and crops move pixels without changing them") {
    const LabelMap mask = blobs(12, 12);
    for (const char* text : {"flip@1", "vflip@1", "rot90@1", "crop(7,5)", "flip,rot90,crop(5)"}) {
      for (uint32_t trial = 0; trial < 8; ++trial) {
        LabelMap moved = mask;
        Image image = shown(mask);
        augment_(image, moved, parse_augment(text), Draws(3, 0, trial));
        CHECK(image == shown(moved));
      }
    }
    LabelMap once = mask, twice = mask;
    Image image = shown(mask);
    augment_(image, once, parse_augment("flip@1"), Draws(0, 0));
    for (int64_t h = 0; h < 12; ++h)
      for (int64_t w = 0; w < 12; ++w) CHECK(once.at(h, w) == mask.at(h, 11 - w));
    twice = once;
    augment_(image, twice, parse_augment("flip@1"), Draws(0, 1));
    CHECK(twice == mask);
  }

  TEST_CASE("masks without pixels and other channels are fine") {
    Image image(3, 8, 8, 0.5F);
    LabelMap none;
    augment_(image, none, parse_augment("standard,crop(4)"), Draws(1, 1));
    CHECK(none.labels.empty());
    CHECK(image.channels == 3);
    CHECK(image.height == 4);
  }

  TEST_CASE("probabilities and ranges are kept") {
    int flipped = 0;
    for (uint32_t trial = 0; trial < 1000; ++trial) {
      LabelMap mask(1, 2);
      mask.labels = {1, 2};
      Image image = shown(mask);
      augment_(image, mask, parse_augment("flip@0.3"), Draws(1, 0, trial));
      flipped += mask.labels[0] == 2 ? 1 : 0;
      image = Image(1, 1, 2, 0.5F);
      augment_(image, mask, parse_augment("brightness(0.8,1.2)@1"), Draws(2, 0, trial));
      CHECK(image.pixels[0] >= 0.3999F);
      CHECK(image.pixels[0] <= 0.6001F);
    }
    CHECK(flipped > 250);
    CHECK(flipped < 350);
  }

  TEST_CASE("the key alone decides") {
    const Augment augment = parse_augment("standard,crop(16)");
    const auto run = [&](uint64_t seed, uint32_t epoch, uint32_t index) {
      LabelMap mask = blobs(24, 24);
      Image image = shown(mask);
      augment_(image, mask, augment, Draws(seed, epoch, index));
      return image;
    };
    CHECK(run(1, 2, 3) == run(1, 2, 3));
    CHECK(run(1, 2, 3) != run(2, 2, 3));
    CHECK(run(1, 2, 3) != run(1, 3, 3));
    CHECK(run(1, 2, 3) != run(1, 2, 4));
  }

  TEST_CASE("crops on the foreground show some") {
    LabelMap mask(64, 64);
    mask.at(3, 60) = 1;
    mask.at(50, 5) = 2;
    std::set<int32_t> seen;
    for (uint32_t trial = 0; trial < 20; ++trial) {
      LabelMap crop = mask;
      Image image(1, 64, 64);
      augment_(image, crop, parse_augment("crop(8)"), Draws(1, 0, trial), true);
      int32_t largest = 0;
      for (const int32_t label : crop.labels) largest = std::max(largest, label);
      CHECK(largest > 0);
      seen.insert(largest);
    }
    CHECK(seen.size() == 2);
  }
}
