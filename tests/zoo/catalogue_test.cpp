#include "zoo/catalogue.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/error_of.h"
#include "tests/text.h"

using namespace tessera;
using testing::error_of;
using testing::has;

namespace {}  // namespace

TEST_SUITE("zoo/catalogue") {
  TEST_CASE("options reach the network") {
    const auto wide = zoo::make("unet(width=4)", 1, 5), narrow = zoo::make("unet(width=2)", 1, 5);
    CHECK(wide->channels() == 1);
    CHECK(wide->classes() == 5);
    CHECK(wide->parameter_count() > 3 * narrow->parameter_count());
    CHECK(zoo::make("unet(bilinear=false, width=2)")->state_dict().contains("up1.up.weight"));
    CHECK(zoo::find("unet(width=4)").name == "unet");
  }

  TEST_CASE("what does not exist is answered with what does") {
    CHECK(has(error_of([] { zoo::make("unett"); }), "did you mean 'unet'?"));
    CHECK(has(error_of([] { zoo::make("unet(witdh=8)"); }), "width"));
    CHECK(has(error_of([] { zoo::make("unet(width=0)"); }), "width"));
    CHECK(has(error_of([] { zoo::make("unet", 0, 2); }), "channels"));
    for (const char* text : {"", "unet(", "unet(width)", "unet(=3)", "unet(width=)", "2*unet",
                             "unet+unet", "unet(width=1,width=2)", "unet(width=1e99)"}) {
      CAPTURE(text);
      CHECK_THROWS_AS(zoo::make(text), Error);
    }
  }

  TEST_CASE("every network of the catalogue says what it is") {
    CHECK_FALSE(zoo::catalogue().empty());
    for (const zoo::Entry& entry : zoo::catalogue()) {
      CHECK_FALSE(entry.title.empty());
      CHECK_FALSE(entry.paper.empty());
      for (const zoo::Option& option : entry.options) CHECK_FALSE(option.help.empty());
    }
  }
}
