// The verb augment: its table, its sheets, its photos.

#include <doctest/doctest.h>

#include "io/csv.h"
#include "io/dataset.h"
#include "io/image.h"
#include "tests/cli/program.h"
#include "tests/text.h"
#include "tests/train/tiny_set.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
using testing::TinySet;
namespace fs = std::filesystem;

TEST_SUITE("cli/augment") {
  TEST_CASE("steps and presets are listed with their numbers") {
    const Ended listed = run_program({"augment", "list"});
    REQUIRE(listed.status == 0);
    CHECK(has(listed.out, "cutout"));
    CHECK(has(listed.out, "share=0.1..0.33"));
    CHECK(has(listed.out, "nnunet-da5"));
  }

  TEST_CASE("sheets and photos are written, and wrong words are answered") {
    const TinySet set("cli_augment");
    const fs::path sheet = set.run("sheet.png"), photos = set.run("photos");
    const std::string data = set.data().string();
    const Ended shown = run_program({"augment", "preview", "--data", data, "--augment", "nnunet",
                                     "--draws", "2", "--cases", "3", "--out", sheet.string()});
    CAPTURE(shown.err);
    REQUIRE(shown.status == 0);
    CHECK(has(shown.out, "lowres(0.5,1,each=0.5)@0.25"));
    CHECK(io::read_image(sheet).channels == 3);
    const Ended taken = run_program({"augment", "phone", "--data", data, "--severity", "2",
                                     "--cases", "2", "--out", photos.string()});
    CAPTURE(taken.err);
    REQUIRE(taken.status == 0);
    CHECK(io::read_csv(photos / "photos.csv").rows.size() == 2);
    CHECK(io::open_dataset(photos).cases.size() == 2);  // a set to train on
    const Ended wrong = run_program(
        {"augment", "preview", "--data", data, "--out", sheet.string(), "--augment", "rotat(15)"});
    CHECK(wrong.status == 1);
    CHECK(has(wrong.err, "did you mean 'rotate'?"));
    CHECK(has(run_program({"augment", "previe"}).err, "did you mean 'preview'?"));
    CHECK(has(run_program({"augment", "phone", "--data", data}).err, "give --out DIR"));
  }
}
