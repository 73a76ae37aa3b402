#include <filesystem>

#include <doctest/doctest.h>

#include "io/dataset.h"
#include "io/doctor_levels.h"
#include "io/jpeg.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

// Bands that do not end where JPEG's blocks of 8 x 8 pixels do, so that their edges ring.
LabelMap bands() {
  LabelMap map(24, 18);
  for (int64_t h = 0; h < 24; ++h)
    for (int64_t w = 0; w < 18; ++w) map.at(h, w) = static_cast<int32_t>((h + 2) % 24 / 8);
  return map;
}

}  // namespace

TEST_SUITE("io/doctor_levels") {
  TEST_CASE("classes of JPEG masks are found again") {
    const LabelMap map = bands();
    Image grey(1, 24, 18), coloured(3, 24, 18);
    for (size_t i = 0; i < map.labels.size(); ++i) {
      grey.pixels[i] = static_cast<float>(map.labels[i]) / 2;
      coloured.plane(2)[i] = map.labels[i] == 1 ? 1.0F : 0.0F;
      coloured.plane(0)[i] = map.labels[i] == 2 ? 1.0F : 0.0F;
    }
    for (const Image& masks : {grey, coloured}) {
      const TemporaryFolder folder("doctor_jpeg"), out("doctor_jpeg_out");
      fs::remove_all(out.path());
      for (const std::string name : {"a", "b"}) {
        add_case(folder, name, counting_labels(24, 18, 3, name[0] - 'a'));
        fs::remove(folder / ("masks/" + name + ".png"));
        folder.write("masks/" + name + ".jpg", encode_jpeg(masks, 85));
      }
      const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
      CHECK(treatment.before.findings[0].check == "lossy mask");
      CHECK(treatment.after.clean());
      const Dataset set = open_dataset(out.path());
      REQUIRE(set.cases.size() == 2);
      // JPEG keeps colours at half the resolution: at edges some are another class then.
      const LabelMap mended = read_mask(set, set.cases[0]);
      int64_t equal = 0;
      for (size_t i = 0; i < map.labels.size(); ++i) equal += mended.labels[i] == map.labels[i];
      CHECK(equal >= (masks.channels == 1 ? 432 : 400));
    }
  }

  TEST_CASE("classes that compression mixed are not guessed") {
    Chart chart;
    const RawMask mask{.extents = {1, 1, 8}, .codes = {0, 1, 2, 3, 2, 1, 0, 0}};
    chart.cases.push_back({.found = {}, .mask = facts_of(mask)});
    chart.cases[0].mask.lossy = true;
    check_lossy_masks(chart);
    CHECK(chart.cases[0].leave_out);
  }

  TEST_CASE("many classes are no blurred edges") {
    // Forty classes with gaps, each of which fills an area.
    RawMask mask{.extents = {1, 160, 4}};
    for (int i = 0; i < 160; ++i)
      for (int w = 0; w < 4; ++w) mask.codes.push_back(static_cast<float>(i / 4 * 2));
    Chart chart;
    chart.cases.push_back({.found = {}, .mask = facts_of(mask)});
    check_lossy_masks(chart);
    CHECK(chart.findings.empty());
    check_mask_values(chart);
    CHECK(chart.cases[0].mask.codes.at(78).value == 39);
  }

  TEST_CASE("the nearest level of two that are equally near is the larger") {
    CHECK(nearest_level({0, 1}, 0.5F, false) == 1);
    CHECK(nearest_level({0, 1}, 0.49F, false) == 0);
    // Red is nearer to orange than blue is.
    CHECK(nearest_level({0x0000ff, 0xff0000}, 0xff8000, true) == 0xff0000);
  }
}
