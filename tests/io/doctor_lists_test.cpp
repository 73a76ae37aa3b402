#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "io/doctor.h"
#include "io/json_file.h"
#include "io/nifti.h"
#include "tests/io/temporary_set.h"
#include "tests/text.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

std::string problems_of(const Diagnosis& diagnosis) {
  std::string text;
  for (const Finding& one : diagnosis.findings)
    text += one.check + (one.note ? " (note): " : ": ") + one.problem + "\n";
  return text;
}

}  // namespace

TEST_SUITE("io/doctor_lists") {
  TEST_CASE("dataset.json is compared with the files and written anew") {
    const TemporaryFolder folder("doctor_json"), out("doctor_json_out");
    fs::remove_all(out.path());
    for (const char* name : {"imagesTr", "labelsTr"}) fs::create_directories(folder / name);
    for (uint8_t i = 0; i < 3; ++i) {
      const auto volume = [&](int values, int scale) {
        std::vector<uint8_t> voxels(24);
        for (size_t k = 0; k < 24; ++k)
          voxels[k] = static_cast<uint8_t>((k * (i + 1) + k * k) % values * scale);
        return Volume{tensor<uint8_t>(voxels, {2, 3, 4}), {}};
      };
      for (int c = 0; c < 2; ++c)
        save_nifti(volume(7 + c, 11), folder / fmt::format("imagesTr/p{}_{:04}.nii", i, c));
      save_nifti(volume(2, 1), folder / fmt::format("labelsTr/p{}.nii", i));
    }
    const auto write = [&](int count, const char* channels, const char* ending) {
      folder.write("dataset.json",
                   fmt::format(R"({{"labels": {{"background": 0, "x": 1}}, "numTraining": {},
                               "channel_names": {}, "file_ending": "{}"}})",
                               count, channels, ending));
    };
    write(3, R"({"0": "T1", "1": "T2"})", ".nii");
    CHECK_MESSAGE(diagnose(folder.path(), {.quiet = true}).clean(),
                  problems_of(diagnose(folder.path(), {.quiet = true})));
    write(5, R"({"0": "CT"})", ".nii.gz");
    const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
    const std::string before = problems_of(treatment.before);
    CHECK(has(before, "numTraining is 5, but there are 3 cases"));
    CHECK(has(before, "channel_names names 1, but cases have 2"));
    CHECK(has(before, "file_ending is \".nii.gz\", but files end with .nii"));
    CHECK_MESSAGE(treatment.after.clean(), problems_of(treatment.after));
    CHECK(load_json(out / "dataset.json")["numTraining"] == 3);
  }

  TEST_CASE("folds keep patients whole, and name cases that are there") {
    const TemporaryFolder folder("doctor_folds"), out("doctor_folds_out");
    fs::remove_all(out.path());
    std::string table = "stem,patient\n";
    for (int i = 0; i < 6; ++i) {
      add_case(folder, fmt::format("c{}", i), counting_labels(6 + i, 5, 3, i));
      table += fmt::format("c{},p{}\n", i, i / 3);
    }
    folder.write("split.csv", table);
    folder.write("splits_final.json", R"([{"train": ["c0", "c1", "c5", "c4", "gone"],
                 "val": ["c2", "c3", "c5"]}, {"train": ["c0", "c1", "c2"], "val": ["c3"]}])");
    const Treatment treatment = repair(folder.path(), out.path(), {.quiet = true});
    const std::string before = problems_of(treatment.before);
    CHECK(has(before, "fold 0 names gone, but there is no such case"));
    CHECK(has(before, "fold 0 has c5 in train and in val"));
    CHECK(has(before, "fold 0 has cases of p0 in train and in val"));
    CHECK(has(before, "fold 0 has cases of p1 in train and in val"));
    CHECK_FALSE(has(before, "fold 1"));
    CHECK_MESSAGE(treatment.after.clean(), problems_of(treatment.after));
    const Json folds = load_json(out / "splits_final.json");
    CHECK(folds[0]["train"] == Json({"c0", "c1", "c2"}));
    CHECK(folds[0]["val"] == Json({"c3", "c5", "c4"}));

    folder.write("splits_final.json", R"({"train": 1})");
    fs::remove_all(out.path());
    const Treatment broken = repair(folder.path(), out.path(), {.quiet = true});
    CHECK(has(problems_of(broken.before), "folds: cannot be read"));
    CHECK(broken.after.clean());
    CHECK_FALSE(fs::exists(out / "splits_final.json"));
  }

  TEST_CASE("pictures that look alike in two splits are noted") {
    const TemporaryFolder folder("doctor_near");
    const auto picture = [](int64_t side, int seed, float gain) {
      Image image(1, side, side);
      for (int64_t h = 0; h < side; ++h)
        for (int64_t w = 0; w < side; ++w) {
          const auto y = static_cast<float>(h) / static_cast<float>(side);
          const auto x = static_cast<float>(w) / static_cast<float>(side);
          image.at(0, h, w) =
              gain * (0.5F + 0.4F * std::sin(9 * y + static_cast<float>(seed)) * std::cos(7 * x));
        }
      return image;
    };
    const auto save = [&](const char* name, const Image& image) {
      add_case(folder, name, counting_labels(image.height, image.width, 2));
      write_png(image, folder / fmt::format("images/{}.png", name));
    };
    save("a", picture(64, 0, 1));
    save("b", picture(96, 0, 0.6F));  // larger and darker
    save("c", picture(64, 1, 1));
    save("d", picture(64, 0, 0.9F));  // in the split of a
    folder.write("split.csv", "stem,split\na,train\nb,val\nc,val\nd,train\n");
    const Diagnosis diagnosis = diagnose(folder.path(), {.quiet = true});
    const std::string text = problems_of(diagnosis);
    CHECK(diagnosis.clean());
    CHECK(has(text, "near duplicates (note): in train, looks like b in val"));
    CHECK_FALSE(has(text, "looks like c"));
    CHECK(has(text, "near duplicates (note): in val, looks like d in train"));
    CHECK_FALSE(has(text, "in train, looks like d"));
  }
}
