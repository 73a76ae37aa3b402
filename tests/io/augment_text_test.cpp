#include "io/augment_text.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/augment_text") {
  TEST_CASE("text is read as it is meant") {
    const Augment augment = parse_augment(
        " flip, rotate(15) , scale(0.8,1.2)@0.3, crop(64,32),border(reflect), normalized");
    REQUIRE(augment.steps.size() == 3);
    CHECK(augment.steps[0].kind->name == "flip");
    CHECK(augment.steps[0].probability == 0.5);
    CHECK(augment.steps[1].ranges[0] == ParameterRange{-15, 15});
    CHECK(augment.steps[1].ranges[2] == ParameterRange{-15, 15});  // volume, as the first
    CHECK(augment.steps[2].ranges[0] == ParameterRange{0.8, 1.2});
    CHECK(augment.steps[2].probability == 0.3);
    CHECK(augment.depth == 0);
    CHECK(augment.height == 64);
    CHECK(augment.width == 32);
    CHECK(augment.border == Border::reflect);
    CHECK(augment.normalized);
    CHECK(parse_augment("crop(7)").depth == 7);
    CHECK(parse_augment("crop(7)").width == 7);
    CHECK(parse_augment("crop(4,5,6)").depth == 4);
    CHECK(parse_augment("rotate(-5,20)").steps[0].ranges[0].low == -5);
    CHECK(parse_augment("blur(2)").steps[0].ranges[0] == ParameterRange{2, 2});
    CHECK(parse_augment("none") == Augment{});
    CHECK(parse_augment("") == Augment{});
    CHECK(parse_augment("light,vflip").steps.size() == 2);
  }

  TEST_CASE("named numbers, flags, channels and choices") {
    const AugmentStep cutout = parse_augment("cutout(0.1,0.2,count=2..3)").steps[0];
    CHECK(cutout.ranges[0] == ParameterRange{0.1, 0.2});
    CHECK(cutout.ranges[1] == ParameterRange{2, 3});
    CHECK(parse_augment("cutout(count=1)").steps[0].ranges[0] == ParameterRange{0.1, 0.33});
    const AugmentStep gamma = parse_augment("gamma(retain, 0.5, 2, each=0.25)").steps[0];
    CHECK(gamma.ranges[0] == ParameterRange{0.5, 2});
    CHECK_FALSE(gamma.flag(2));
    CHECK(gamma.flag(3));
    CHECK(gamma.each == 0.25);
    const AugmentStep one = parse_augment("oneof(blur(1),median@0.1)@0.2").steps[0];
    REQUIRE(one.choices.size() == 2);
    CHECK(one.choices[0].kind->name == "blur");
    CHECK(one.choices[1].probability == 0.1);
    CHECK(one.probability == 0.2);
  }

  TEST_CASE("what is written is read again, and tells all numbers") {
    std::vector<std::string> texts = {
        "rot90,hue(0.2)@0.125,crop(3,9),border(edge),translate(0,0.1),crop(1,2,3)",
        "oneof(blur(1,each=0.5),median(2,8)@0.25)@0.2,normalized,mixup(0.4)@0.5,cutmix"};
    for (const AugmentPreset& preset : augment_presets()) texts.emplace_back(preset.name);
    for (const StepKind& kind : augment_steps())
      if (kind.name != "oneof") texts.push_back(kind.name);
    for (const std::string& text : texts) {
      const Augment augment = parse_augment(text);
      CAPTURE(text);
      CHECK(parse_augment(to_text(augment)) == augment);
    }
    CHECK(to_text(Augment{}) == "none");
    CHECK(to_text(parse_augment("light")) == "flip@0.5");
    CHECK(to_text(parse_augment("blur(axes,0.5,1),cutout(each=0.5)@0.4")) ==
          "blur(0.5,1,axes)@0.5,cutout(0.1,0.33,count=1..4,each=0.5)@0.4");
  }

  TEST_CASE("the table of nnU-Net, number by number") {
    // Probabilities and ranges as in toolkits that follow batchgeneratorsv2.
    CHECK(to_text(parse_augment("nnunet")) ==
          "rotate(-180,180,elongated=-15..15,volume=-30..30,axes=1)@0.2,"
          "scale(0.7,1.4,inverse)@0.2,noise(0,0.1,absolute)@0.1,"
          "blur(0.5,1,axes,each=0.5)@0.2,multiply(0.75,1.25,balanced,each=1)@0.15,"
          "contrast(0.75,1.25,balanced,each=1)@0.15,lowres(0.5,1,each=0.5)@0.25,"
          "gamma(0.7,1.5,balanced,invert,retain,each=1)@0.1,"
          "gamma(0.7,1.5,balanced,retain,each=1)@0.3,flip@0.5,vflip@0.5,zflip@0.5,normalized");
  }

  TEST_CASE("wrong text is an error that says what is right") {
    const std::pair<const char*, const char*> wrong[] = {
        {"rotat(15)", "augment: there is no \"rotat\"; did you mean 'rotate'?"},
        {"nnunett", "did you mean 'nnunet'?"},
        {"flip,,vflip", "augment: there is no \"\""},
        {"rotate(x)", "\"x\" in \"rotate(x)\" is not a number"},
        {"rotate(nan)", "is not a number"},
        {"rotate(15", "a \")\" is missing in \"rotate(15\""},
        {"rotate(1,2,3)", "rotate takes one or two numbers, got \"rotate(1,2,3)\""},
        {"rotate(volumes=3)", "rotate has no \"volumes\"; did you mean 'volume'?"},
        {"scale(1.2,0.8)", "numbers of scale must be from 0.01 to 100 and in order"},
        {"scale(0,1)", "numbers of scale must be from 0.01 to 100"},
        {"scale(1,2,3)", "scale takes two numbers, the least and the largest"},
        {"cutout(count=0)", "numbers of count of cutout must be from 1 to 100"},
        {"cutout(count=1.5)", "count of cutout must be whole"},
        {"cutout(count=)", "count needs a number, as in count=1"},
        {"median(2.5)", "size of median must be whole"},
        {"blur(each=0)", "each must be a probability above 0"},
        {"flip(each=1)", "flip has no \"each\""},
        {"flip(1)", "flip takes no numbers"},
        {"flip@2", "a probability must be from 0 to 1"},
        {"flip@", "a probability must follow the @"},
        {"light@0.5", "light takes no numbers, being a preset"},
        {"oneof", "oneof takes steps that are possible"},
        {"oneof(mixup)", "oneof cannot have mixup in it"},
        {"crop", "crop takes one, two or three numbers of pixels"},
        {"crop(0)", "crop must be whole pixels from 1 to 65536"},
        {"crop(2.5)", "crop must be whole pixels"},
        {"border(round)", "border takes one of zero, edge and reflect"},
    };
    for (const auto& one : wrong) {
      CAPTURE(one.first);
      CHECK_THROWS_WITH_AS(parse_augment(one.first), doctest::Contains(one.second), Error);
    }
  }
}
