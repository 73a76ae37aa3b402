// The embedded set, and published sets where somebody has them: the environment variable
// TESSERA_DATASETS names the folder they lie in.

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

#include "io/doctor.h"
#include "io/loader.h"
#include "tests/data.h"

using namespace tessera;
using namespace tessera::io;
namespace fs = std::filesystem;

namespace {

const fs::path kEmbedded = testing::data_file("../../data/open_brain_mr");

struct Expected {
  const char* name;
  size_t cases;
  int64_t channels, classes;
  std::vector<std::string> splits;
};

void check_set(const fs::path& folder, const Expected& expected) {
  CAPTURE(expected.name);
  const Dataset set = open_dataset(folder);
  CHECK(set.cases.size() == expected.cases);
  CHECK(set.channels == expected.channels);
  CHECK(set.classes() == expected.classes);
  CHECK(set.splits() == expected.splits);
  LoaderOptions options{.batch_size = 4, .shuffle = true};
  options.preprocess = {.channels = set.channels, .height = 64, .width = 64};
  const Loader loader(set, set.split("train"), options);
  for (const Batch& batch : loader.epoch(0)) {
    CHECK(batch.image.shape() == Shape{4, set.channels, 64, 64});
    break;
  }
}

}  // namespace

TEST_SUITE("io/real_data") {
  TEST_CASE("the embedded set is what its description says") {
    check_set(kEmbedded, {"open_brain_mr", 148, 1, 3, {"train", "val", "test_other_subject"}});
    const Dataset set = open_dataset(kEmbedded);
    CHECK(set.labels == std::vector<std::string>{"air", "head", "brain"});
    CHECK(set.split("train").size() == 78);
    CHECK(set.split("val").size() == 11);
    CHECK(set.split("test").size() == 59);
    CHECK(set.split("train")[0].group == "colin27_2mm");
    CHECK(set.notes ==
          std::vector<std::string>{"cases of colin27_2mm are in more than one split: train, val"});
    CHECK(set.cases[0].name == "colin27_c010");
    CHECK(set.cases[0].foreground == doctest::Approx((2551 + 37) / 16384.0));
  }

  TEST_CASE("published sets are opened as they are") {
    const char* folder = std::getenv("TESSERA_DATASETS");
    if (folder == nullptr) {
      MESSAGE("skipped: TESSERA_DATASETS names no folder with published sets");
      return;
    }
    const std::vector<std::string> all = {"train", "val", "test"};
    const Expected sets[] = {
        {"chase_db1", 28, 3, 2, all},
        {"cxr_lungs_two_hospitals", 72, 1, 2, {"train", "val", "test", "test_shift"}},
        {"dsb2018_nuclei", 664, 3, 2, all},
        {"isbi2012_em", 30, 1, 2, all},
        {"lumbar_mr_2d", 746, 1, 6, all},
        {"wbc_two_domains", 400, 3, 3, all},
    };
    for (const Expected& expected : sets) {
      const fs::path set = fs::path(folder) / expected.name;
      if (fs::exists(set)) {
        check_set(set, expected);
      } else {
        MESSAGE("skipped: no ", expected.name);
      }
    }
    // Volumes, slice by slice.
    const Expected volumes[] = {
        {"lumbar_mr_3d", 1000, 1, 6, all},
        {"ms_lesion_3d", 273, 4, 2, all},
    };
    for (const Expected& expected : volumes) {
      const fs::path set = fs::path(folder) / expected.name;
      if (fs::exists(set)) check_set(set, expected);
    }
  }

  TEST_CASE("the doctor finds what is known of the sets, and nothing else") {
    const Diagnosis embedded = diagnose(kEmbedded, {.quiet = true});
    CHECK(embedded.cases == 148);
    CHECK(embedded.findings.size() == 11);  // slices of one head for validation
    for (const Finding& one : embedded.findings) CHECK(one.check == "patients");

    const char* folder = std::getenv("TESSERA_DATASETS");
    if (folder == nullptr) {
      MESSAGE("skipped: TESSERA_DATASETS names no folder with published sets");
      return;
    }
    for (const char* name :
         {"chase_db1", "cxr_lungs_two_hospitals", "dsb2018_nuclei", "isbi2012_em", "lumbar_mr_2d",
          "lumbar_mr_3d", "ms_lesion_3d", "wbc_two_domains"}) {
      const fs::path set = fs::path(folder) / name;
      if (!fs::exists(set)) continue;
      CAPTURE(name);
      const Diagnosis diagnosis = diagnose(set, {.quiet = true});
      CHECK(diagnosis.clean());
      CHECK(diagnosis.findings.size() == (set.filename() == "wbc_two_domains" ? 1 : 0));
    }
  }
}
