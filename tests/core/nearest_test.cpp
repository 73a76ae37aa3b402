#include "core/nearest.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("core/nearest") {
  TEST_CASE("the nearest name is suggested, and all are listed") {
    CHECK(suggest("epocs", {"batch", "epochs"}) ==
          "did you mean 'epochs'? there are batch, epochs");
    CHECK(suggest("deep", {"unet", "deeplab"}) ==
          "did you mean 'deeplab'? there are unet, deeplab");
    CHECK(suggest("unett", {"unet"}) == "did you mean 'unet'? there is unet");
  }

  TEST_CASE("nothing is guessed when nothing is near") {
    CHECK(suggest("transformer", {"unet", "segnet"}) == "there are unet, segnet");
    CHECK(suggest("", {"unet"}) == "there is unet");
    CHECK(suggest("x", {}) == "there are none");
  }

  TEST_CASE("one of several named values") {
    enum class Fit { stretch, pad };
    CHECK(choose<Fit>("fit", "pad", {{"stretch", Fit::stretch}, {"pad", Fit::pad}}) == Fit::pad);
    CHECK(index_of("fit", "stretch", {"stretch", "pad"}) == 0);
    CHECK_THROWS_WITH_AS(index_of("fit", "pat", {"stretch", "pad"}),
                         "fit: there is no 'pat'; did you mean 'pad'? there are stretch, pad",
                         Error);
  }
}
