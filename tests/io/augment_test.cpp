#include "io/augment.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include "io/augment_text.h"
#include "io/intensity.h"

using namespace tessera;
using namespace tessera::io;

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
  TEST_CASE("image and mask stay together under every geometry") {
    for (const char* text :
         {"flip@1", "vflip@1", "rot90@1", "transpose@1", "rotate(40)@1", "scale(0.5,2,axes)@1",
          "shear(0.3)@1", "translate(0.3)@1", "elastic(0.1)@1", "crop(17,11)", "crop(40,50)",
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

  TEST_CASE("in volumes image and mask stay together, too") {
    for (const char* text :
         {"zflip@1", "rot90@1", "transpose@1", "rotate(40)@1", "scale(0.6,1.6,axes)@1",
          "shear(0.2)@1", "translate(0.2)@1", "elastic(0.08)@1", "crop(9,11,8)", "crop(10)",
          "flip,vflip,zflip,rotate(30)@1,elastic(0.05)@1,crop(14)"}) {
      const Augment augment = parse_augment(text);
      int64_t compared = 0;
      float worst = 0;
      for (uint32_t trial = 0; trial < 3; ++trial) {
        Image image(3, {12, 16, trial == 0 ? 16 : 14});
        LabelMap mask(image.extent());
        for (size_t i = 0; i < mask.labels.size(); ++i) {
          const auto place = static_cast<int64_t>(i);
          const int64_t x = place % image.width, y = place / image.width % image.height,
                        z = place / image.width / image.height;
          image.at(0, z, y, x) = static_cast<float>(z);
          image.at(1, z, y, x) = static_cast<float>(y);
          image.at(2, z, y, x) = static_cast<float>(x);
          mask.labels[i] = static_cast<int32_t>(1 + z * 10000 + y * 100 + x);
        }
        const Extent before = image.extent();
        augment_(image, mask, augment, Draws(5, 2, trial), trial == 2);
        REQUIRE(image.extent() == mask.extent());
        for (size_t i = 0; i < mask.labels.size(); ++i) {
          const int64_t at[3] = {(mask.labels[i] - 1) / 10000, (mask.labels[i] - 1) / 100 % 100,
                                 (mask.labels[i] - 1) % 100};
          const int64_t n[3] = {before.depth, before.height, before.width};
          bool inside = mask.labels[i] > 0;
          for (int axis = 0; axis < 3; ++axis)
            inside = inside && at[axis] > 0 && at[axis] < n[axis] - 1;
          if (!inside) continue;
          ++compared;
          for (int axis = 0; axis < 3; ++axis)
            worst = std::max(worst, std::abs(image.plane(axis)[i] - static_cast<float>(at[axis])));
        }
      }
      CAPTURE(text);
      CHECK(compared > 500);
      CHECK(worst < 0.501F);
    }
  }

  TEST_CASE("a mask that is a threshold stays one, whatever happens to the values") {
    // Bright discs on dark ground: where the image is above a half the label is 1. Changes of the
    // values keep the order of dark and bright, so the two still agree but for mixed edges.
    Image image(1, 48, 64);
    LabelMap mask(48, 64);
    for (int64_t h = 0; h < 48; ++h) {
      for (int64_t w = 0; w < 64; ++w) {
        const bool disc = (h - 20) * (h - 20) + (w - 40) * (w - 40) < 150;
        image.at(0, h, w) = disc ? 0.8F : 0.3F;
        mask.at(h, w) = disc ? 1 : 0;
      }
    }
    for (const char* text :
         {"standard,elastic(0.04)@1,border(edge)",
          "light,rotate(30)@1,multiply(0.8,1.2)@1,scale(0.9,1.2)@1,border(edge)"}) {
      int64_t wrong = 0, pixels = 0;
      for (uint32_t trial = 0; trial < 10; ++trial) {
        Image changed = image;
        LabelMap moved = mask;
        augment_(changed, moved, parse_augment(text), Draws(9, 0, trial));
        const ValueRange range = {*std::min_element(changed.pixels.begin(), changed.pixels.end()),
                                  *std::max_element(changed.pixels.begin(), changed.pixels.end())};
        const float middle = (range.low + range.high) / 2;
        for (size_t i = 0; i < moved.labels.size(); ++i) {
          ++pixels;
          wrong += (changed.pixels[i] > middle) != (moved.labels[i] == 1) ? 1 : 0;
        }
      }
      CAPTURE(text);
      CHECK(static_cast<double>(wrong) < 0.02 * static_cast<double>(pixels));
    }
  }

  TEST_CASE("steps are done as often as they say, and one of several by its share") {
    const Augment augment = parse_augment("oneof(offset(1,absolute)@0.75,multiply(5,5)@0.25)@0.4");
    int moved = 0, multiplied = 0;
    for (uint32_t trial = 0; trial < 2000; ++trial) {
      Image image(1, 1, 2);
      image.pixels = {1, 2};
      LabelMap none;
      augment_(image, none, augment, Draws(4, 0, trial));
      if (image.pixels == std::vector<float>{5, 10}) {
        ++multiplied;
      } else if (image.pixels != std::vector<float>{1, 2}) {
        CHECK(image.pixels[1] - image.pixels[0] == doctest::Approx(1));
        ++moved;
      }
    }
    CHECK(moved > 540);  // 600 and 200 are expected
    CHECK(moved < 660);
    CHECK(multiplied > 155);
    CHECK(multiplied < 245);
  }

  TEST_CASE("each channel has its own chance and its own numbers") {
    int changed[2] = {}, both = 0, equal = 0;
    for (uint32_t trial = 0; trial < 1000; ++trial) {
      Image image(2, 1, 1, 1);
      LabelMap none;
      augment_(image, none, parse_augment("multiply(1.5,2.5,each=0.5)@1"), Draws(6, 0, trial));
      for (size_t c = 0; c < 2; ++c) changed[c] += image.pixels[c] != 1 ? 1 : 0;
      both += image.pixels[0] != 1 && image.pixels[1] != 1 ? 1 : 0;
      equal += image.pixels[0] != 1 && image.pixels[0] == image.pixels[1] ? 1 : 0;
    }
    for (const int count : {changed[0], changed[1], 2 * both}) {
      CHECK(count > 440);
      CHECK(count < 560);
    }
    CHECK(equal == 0);
  }

  TEST_CASE("every preset works on pictures and volumes, of one and more channels") {
    for (const AugmentPreset& preset : augment_presets()) {
      const Augment augment = parse_augment(preset.text);
      for (const Extent extent : {Extent{1, 20, 31}, Extent{9, 12, 10}, Extent{3, 16, 16}}) {
        for (const int64_t channels : {1, 3}) {
          for (uint32_t trial = 0; trial < 8; ++trial) {
            Image image(channels, extent);
            LabelMap mask(extent);
            for (size_t i = 0; i < image.pixels.size(); ++i)
              image.pixels[i] = static_cast<float>(i % 97) / 96;
            augment_(image, mask, augment, Draws(7, 0, trial));
            CAPTURE(preset.name);
            CHECK(image.extent() == extent);
            CHECK(mask.extent() == extent);
            CHECK(std::all_of(image.pixels.begin(), image.pixels.end(),
                              [](float x) { return std::isfinite(x); }));
          }
        }
      }
    }
  }
}
