#include "io/doctor_examine.h"

#include <limits>

#include <doctest/doctest.h>

#include "io/nifti.h"
#include "io/npy.h"
#include "io/volume_slices.h"
#include "tests/io/damage.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

TEST_SUITE("io/doctor_examine") {
  TEST_CASE("codes are counted, and those that fill areas") {
    RawMask mask{.extents = {1, 4, 5}, .codes = std::vector<float>(20, 3)};
    mask.codes[0] = 7;
    const MaskFacts facts = facts_of(mask);
    CHECK(facts.codes.at(3).count == 19);
    CHECK(facts.codes.at(3).solid == 5);  // of the six inner ones, all but the one beside 7
    CHECK(facts.codes.at(7).count == 1);
    CHECK(facts.complete);
    mask.extents = {1, 1, 10'000};
    mask.codes.clear();
    for (int i = 0; i < 10'000; ++i) mask.codes.push_back(static_cast<float>(i));
    CHECK(facts_of(mask).codes.size() <= kMostCodes);
    CHECK(!facts_of(mask).complete);
  }

  TEST_CASE("equal pictures have equal digests in any format") {
    const TemporaryFolder folder("examine");
    const Image image = picture_of(counting_labels(4, 5, 9));
    write_png(image, folder / "a.png");
    write_png(image, folder / "b.png", 16);
    write_pnm(image, folder / "c.pgm");
    write_png(picture_of(counting_labels(5, 4, 9)), folder / "d.png");
    const std::string digest = examine_image(folder / "a.png").digest;
    CHECK(examine_image(folder / "b.png").digest == digest);
    CHECK(examine_image(folder / "c.pgm").digest == digest);
    CHECK(examine_image(folder / "d.png").digest != digest);
  }

  TEST_CASE("values that are not finite are counted, of masks they are -1") {
    const TemporaryFolder folder("examine");
    const double nan = std::numeric_limits<double>::quiet_NaN();
    save_npy(tensor({0.5, nan, -2, 3}, {2, 2}, f32), folder / "a.npy");
    const ImageFacts facts = examine_image(folder / "a.npy");
    CHECK(facts.error.empty());
    CHECK(facts.broken == 1);
    CHECK(facts.values == 4);
    CHECK(facts.low == -2);
    CHECK(facts.high == 3);
    CHECK(examine_mask(folder / "a.npy").codes.begin()->first == -2);
    CHECK(examine_mask(folder / "a.npy").codes.contains(-1));
    save_nifti({tensor({0, 1, 2, 3}, {1, 2, 2}, f64), {}}, folder / "v.nii");
    CHECK(examine_mask(folder / "v.nii").floating);
    CHECK(examine_image(folder / "v.nii").geometry.has_value());
  }

  TEST_CASE("damaged files are told and never crash") {
    const TemporaryFolder folder("examine");
    write_png(counting_labels(4, 5, 3), folder / "a.png");
    save_npy(tensor({0, 1, 2, 3}, {2, 2}, i32), folder / "a.npy");
    save_nifti({tensor({0, 1, 2, 3}, {1, 2, 2}, u8), {}}, folder / "a.nii");
    for (const char* name : {"a.png", "a.npy", "a.nii"}) {
      const std::string good = bytes_of_file(folder / name);
      for (size_t length = 0; length < good.size(); length += 3) {
        folder.write(name, good.substr(0, length));
        CHECK(!examine_image(folder / name).error.empty());
        CHECK(!examine_mask(folder / name).error.empty());
      }
    }
    CHECK(!examine_image(folder / "none.png").error.empty());
  }
}
