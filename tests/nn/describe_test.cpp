#include "nn/describe.h"

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("nn/describe") {
  TEST_CASE("settings are written in order, usual ones left out") {
    const int64_t channels = 64;
    const std::string text = nn::Description(3, channels)
                                 .add("kernel", Shape{3, 3})
                                 .unless(1, "stride", Shape{1, 1})
                                 .unless(1, "dilation", Shape{1, 2})
                                 .unless(1e-5, "eps", 1e-3)
                                 .unless(true, "bias", false)
                                 .unless("zeros", "padding_mode", "zeros");
    CHECK(text == "3, 64, kernel=3, dilation=[1, 2], eps=0.001, bias=false");
    CHECK(std::string(nn::Description()).empty());
    CHECK(std::string(nn::Description().add("size", Shape{})) == "size=[]");
  }
}
