#include "io/contact_sheet.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::contact_sheet;
using io::Image;
using io::LabelMap;
using io::Panel;

TEST_SUITE("io/contact_sheet") {
  TEST_CASE("panels stand in rows, captions above") {
    const std::vector<Panel> panels(5, Panel{Image(1, 10, 20, 1), "x"});
    const Image sheet = contact_sheet(panels, {.columns = 3, .side = 20, .gap = 2});
    CHECK(sheet.channels == 3);
    CHECK(sheet.height == 2 * (10 + 12 + 2) + 2);
    CHECK(sheet.width == 3 * (20 + 2) + 2);
    CHECK(sheet.at(0, 14, 2) == 1);    // the first picture begins
    CHECK(sheet.at(0, 13, 2) < 0.1F);  // and above it is ground
    CHECK(sheet.at(0, 23 + 24, 25) == 1);
    CHECK(sheet.at(0, 14 + 24, 46) < 0.1F);  // there is no sixth
    const Image plain =
        contact_sheet(std::vector<Panel>(3, Panel{Image(3, 8, 8), ""}), {.side = 8});
    CHECK(plain.height == 2 * 14 + 6);
    CHECK(plain.width == 2 * 14 + 6);
  }

  TEST_CASE("captions are cut off at the picture") {
    const std::string name = "a very long name of a case";
    const Image sheet = contact_sheet(std::vector<Panel>{{Image(1, 24, 24), name}}, {.side = 24});
    const Image cut = contact_sheet(std::vector<Panel>{{Image(1, 24, 24), "a..."}}, {.side = 24});
    CHECK(sheet == cut);
  }

  TEST_CASE("case pictures") {
    const Image image(1, 16, 16, 0.5F);
    const LabelMap labels(16, 16, 1);
    CHECK(io::case_picture(image, labels, &labels, 32).width == 4 * 38 + 6);
    CHECK(io::case_picture(image, labels, nullptr, 32).width == 2 * 38 + 6);
    CHECK_THROWS_WITH_AS(
        io::case_picture(image, LabelMap(8, 8), &labels),
        "case_picture: the prediction must be as large as the image, 16 x 16, got 8 x 8", Error);
  }

  TEST_CASE("no panels and too many pixels are errors") {
    CHECK_THROWS_WITH_AS(contact_sheet({}), "contact_sheet: there must be a panel, got none",
                         Error);
    CHECK_THROWS_WITH_AS(
        contact_sheet(std::vector<Panel>(2, Panel{Image(1, 1, 1), ""}), {.side = 12'000}),
        doctest::Contains("show fewer, or smaller ones"), Error);
  }
}
