#include "io/augment_step.h"

#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include "io/augment_text.h"

using namespace tessera::io;

TEST_SUITE("io/augment_step") {
  TEST_CASE("the table has every step once, each with a line of help") {
    std::set<std::string> names;
    for (const StepKind& kind : augment_steps()) {
      CAPTURE(kind.name);
      CHECK(names.insert(kind.name).second);
      CHECK_FALSE(kind.doc.empty());
      CHECK_FALSE(kind.family.empty());
      CHECK((kind.move != nullptr) + (kind.change != nullptr) <= 1);
      CHECK(find_step(kind.name) == &kind);
      for (const Parameter& parameter : kind.parameters) {
        CHECK(parameter.least <= parameter.most);
        if (!std::isnan(parameter.low)) CHECK(parameter.low <= parameter.high);
      }
    }
    CHECK(names.size() > 30);
    CHECK(find_step("nothing") == nullptr);
  }

  TEST_CASE("each step changes pictures and volumes, by its draws alone, and keeps NaN out") {
    for (const StepKind& kind : augment_steps()) {
      if (kind.move == nullptr && kind.change == nullptr) continue;
      const Augment augment = parse_augment(kind.name + "@1,border(edge)");
      for (const Extent extent : {Extent{1, 12, 12}, Extent{8, 8, 8}}) {
        int changed = 0;
        for (uint32_t trial = 0; trial < 6; ++trial) {
          Image image(3, extent);
          LabelMap mask(extent);
          for (size_t i = 0; i < image.pixels.size(); ++i)
            image.pixels[i] = static_cast<float>((i * 37 + i / 29) % 101) / 100;
          const Image old = image;
          augment_(image, mask, augment, Draws(8, 0, trial));
          changed += image != old ? 1 : 0;
          Image again = old;
          augment_(again, mask, augment, Draws(8, 0, trial));
          CAPTURE(kind.name);
          CHECK(again == image);
          CHECK(image.extent() == extent);
          for (const float x : image.pixels) REQUIRE(std::isfinite(x));
        }
        CAPTURE(kind.name);
        const bool nothing_to_do = kind.name == "zflip" && extent.depth == 1;
        CHECK((changed > 0) != nothing_to_do);
      }
    }
  }

  TEST_CASE("numbers are uniform in their range; balanced ones lie as often below 1 as above") {
    const AugmentStep step = parse_augment("gamma(0.5,3,balanced)").steps[0];
    Draws draws(1, 1);
    double mean = 0;
    int below = 0;
    for (int i = 0; i < 4000; ++i) {
      const double uniform = step.draw(0, draws), balanced = step.draw_balanced(0, draws);
      CHECK_FALSE((uniform < 0.5 || uniform > 3 || balanced < 0.5 || balanced > 3));
      mean += uniform / 4000;
      below += balanced < 1 ? 1 : 0;
    }
    CHECK(mean == doctest::Approx(1.75).epsilon(0.03));
    CHECK(below > 1850);
    CHECK(below < 2150);
    const AugmentStep whole = parse_augment("median(2,4)").steps[0];
    int counts[5] = {};
    for (int i = 0; i < 3000; ++i) ++counts[whole.draw_whole(0, draws)];
    for (const int size : {2, 3, 4}) CHECK(std::abs(counts[size] - 1000) < 120);
  }
}
