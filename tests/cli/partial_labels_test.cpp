// Sets in which not every class was drawn in every case, from split.csv to the scores.

#include <fstream>

#include <doctest/doctest.h>

#include "io/csv.h"
#include "io/image.h"
#include "tests/cli/program.h"
#include "tests/io/temporary_set.h"
#include "tests/text.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;

namespace {

// Bright squares left, dark ones right; cases with even numbers have masks of the bright ones only,
// the others of the dark ones only, but for the last four, for testing, which have both.
void draw_set(const testing::TemporaryFolder& folder, bool column) {
  std::filesystem::create_directories(folder / "data/images");
  std::filesystem::create_directories(folder / "data/masks");
  std::string table = column ? "stem,split,annotated\n" : "stem,split\n";
  for (int i = 0; i < 16; ++i) {
    io::Image image(1, 16, 16, 0.4F + 0.01F * static_cast<float>(i));
    io::LabelMap mask(16, 16);
    const bool all = i >= 12;
    for (int64_t h = 0; h < 6; ++h) {
      for (int64_t w = 0; w < 5; ++w) {
        const int64_t y = h + i % 9, x = w + i % 3;
        image.at(0, y, x) = 1;
        image.at(0, 15 - y, 15 - x) = 0;
        if (all || i % 2 == 0) mask.at(y, x) = 1;
        if (all || i % 2 == 1) mask.at(15 - y, 15 - x) = 2;
      }
    }
    const std::string stem = "c" + std::to_string(100 + i);
    io::write_png(image, folder / ("data/images/" + stem + ".png"));
    io::write_png(mask, folder / ("data/masks/" + stem + ".png"));
    table += stem + (i < 8 ? ",train" : i < 12 ? ",val" : ",test");
    if (column) table += all ? "," : i % 2 == 0 ? ",bright" : ",dark";
    table += "\n";
  }
  folder.write("data/split.csv", table);
  folder.write("data/labels.json", R"(["background", "bright", "dark"])");
}

// Trains, tests, and returns the mean Dice of both classes over the test cases.
double dice_of(const testing::TemporaryFolder& folder, const std::vector<std::string>& more) {
  const std::string data = (folder / "data").string(), run = (folder / "run").string();
  std::vector<std::string> words = {
      "train", "--data", data,        "--out", run,       "--epochs",    "80", "--batch",    "4",
      "--lr",  "0.02",   "--augment", "none",  "--quiet", "--val-every", "10", "--pictures", "0"};
  words.insert(words.end(), more.begin(), more.end());
  const Ended trained = run_program(words);
  CHECK_MESSAGE(trained.status == 0, trained.err);
  const Ended tested = run_program({"test", run});
  CHECK_MESSAGE(tested.status == 0, tested.err);
  const io::Csv table = io::read_csv(folder / "run/test/cases.csv");
  double sum = 0;
  for (const auto& row : table.rows) sum += std::stod(row[table.column("dice")]);
  return sum / static_cast<double>(table.rows.size());
}

}  // namespace

TEST_SUITE("cli/partial_labels") {
  TEST_CASE("two classes are learnt of masks that have one each") {
    const testing::TemporaryFolder folder("partial_labels");
    const std::vector<std::string> model = {"--model", "unet(width=4)"};
    draw_set(folder, true);
    const std::string data = (folder / "data").string();
    CHECK(has(run_program({"info", data}).out, "in 12 of 16 cases not all classes are annotated"));
    CHECK(run_program({"doctor", data}).status == 0);
    const double with = dice_of(folder, model);
    CHECK(with > 0.9);
    // Taken at their word, the masks say that half of each class is background.
    std::filesystem::remove_all(folder / "run");
    draw_set(folder, false);
    CHECK(dice_of(folder, model) < with - 0.1);
  }

  TEST_CASE("heads, weights of heads and mixed images go with it") {
    const testing::TemporaryFolder folder("partial_heads");
    draw_set(folder, true);
    CHECK(dice_of(folder, {"--model", "unet(width=4,heads=3)", "--supervision", "exp"}) > 0.8);
    CHECK(has(run_program({"train", "--data", (folder / "data").string(), "--out",
                           (folder / "b").string(), "--supervision", "same1"})
                  .err,
              "did you mean 'same'?"));
  }
}
