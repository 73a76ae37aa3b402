#include "nn/loss/loss_table.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/error.h"
#include "nn/loss/loss.h"
#include "tests/nn/loss/samples.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("nn/loss/loss_table") {
  TEST_CASE("every loss, option and preset can be written, and means its default") {
    const Tensor x = uniform({2, 3, 4, 4}, -2, 2), t = integers({2, 4, 4}, 0, 3);
    for (const nn::LossEntry& entry : nn::losses()) {
      const double expected = nn::loss(entry.name)(x, t).item();
      for (const nn::LossEntry::Option& option : entry.options) {
        if (option.value == "[]") continue;
        const std::string text = entry.name + "(" + option.name + "=" + option.value + ")";
        INFO(text);
        CHECK(nn::loss(text)(x, t).item() == doctest::Approx(expected));
        CHECK_FALSE(option.meaning.empty());
      }
      for (const nn::LossEntry::Preset& preset : entry.presets) {
        if (preset.options.find("weight") != std::string::npos) continue;  // of two classes
        const std::string named = entry.name + ":" + preset.name;
        const std::string written = entry.name + "(" + preset.options + ")";
        INFO(named << " " << written);
        CHECK(nn::loss(named)(x, t).item() == doctest::Approx(nn::loss(written)(x, t).item()));
      }
    }
  }

  TEST_CASE("losses are found by name") {
    REQUIRE(nn::find_loss("dice") != nullptr);
    CHECK(nn::find_loss("dice")->title == "1 - Dice");
    CHECK(nn::find_loss("dise") == nullptr);
    const std::vector<std::string> names = nn::loss_names();
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(names.size() == nn::losses().size());
    const auto& presets = nn::find_loss("dice")->presets;
    REQUIRE(presets.size() == 4);
    CHECK(presets[0].name == "jmedseg");
    CHECK(presets[0].options == "all=true, smooth=1");
    CHECK(presets[1].options.empty());  // monai
  }
}
