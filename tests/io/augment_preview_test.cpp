#include "io/augment_preview.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/augment_text.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/augment_preview") {
  TEST_CASE("a row for each case: as it is, then as it was drawn") {
    std::vector<PreviewCase> cases(2);
    for (size_t n = 0; n < 2; ++n)
      cases[n] = {"case", Image(1, 32, 48, n == 0 ? 0.2F : 0.9F), LabelMap(32, 48)};
    cases[1].image = Image(2, {5, 32, 48}, 0.9F);
    cases[1].mask = LabelMap(Extent{5, 32, 48});
    cases[1].mask.at(3, 10, 10) = 1;
    const Image still =
        augment_sheet(cases, parse_augment("none"), {.draws = 2, .side = 48, .mix = false});
    CHECK(still.channels == 3);
    CHECK(still.width > 3 * 48);
    // The same picture three times in each row.
    const int64_t step = (still.width - 6) / 3;
    for (const int64_t row : {int64_t{30}, still.height - 20})
      for (int64_t w = 10; w < 50; ++w) CHECK(still.at(0, row, w) == still.at(0, row, w + step));
    const Image noisy =
        augment_sheet(cases, parse_augment("noise(0.3)@1"), {.draws = 2, .side = 48});
    CHECK(noisy.extent() == still.extent());
    CHECK(noisy != still);
    CHECK_THROWS_WITH_AS(augment_sheet({}, {}), doctest::Contains("there must be a case"), Error);
  }
}
