// What is wrong with the input is said with file and remedy, and nothing is lost.

#include <fstream>

#include <doctest/doctest.h>

#include "io/image.h"
#include "io/model_file.h"
#include "io/npy.h"
#include "tests/cli/program.h"
#include "tests/text.h"
#include "tests/train/tiny_set.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
using testing::TinySet;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> train_words(const TinySet& set,
                                     const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {
      "train",   "--data",        set.data().string(), "--out", set.run("run").string(),
      "--model", "unet(width=1)", "--epochs",          "1",     "--batch",
      "2",       "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The text of a failure with status 1.
std::string failure(const std::vector<std::string>& words, uint64_t largest_file = 0) {
  const Ended ended = run_program(words, largest_file);
  CAPTURE(words.back());
  CAPTURE(ended.err);
  CHECK(ended.status == 1);
  CHECK(ended.err.starts_with("tessera: "));
  CHECK_FALSE(has(ended.err, ".cpp:"));
  return ended.err;
}

// What training on a damaged set says; it writes nothing.
std::string failure_of_training(const TinySet& set, const std::vector<std::string>& more = {}) {
  const std::string text = failure(train_words(set, more));
  CHECK_FALSE(fs::exists(set.run("run")));
  return text;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_SUITE("cli/bad_input") {
  TEST_CASE("folders that are not a set") {
    const TinySet set("cli_bad_folder");
    CHECK(has(failure_of_training(set, {"--data", "no/such"}), "no/such does not exist"));
    fs::create_directories(set.run("empty"));
    CHECK(
        has(failure_of_training(set, {"--data", set.run("empty").string()}), "images/ and masks/"));
    fs::create_directories(set.run("bare") / "images");
    fs::create_directories(set.run("bare") / "masks");
    CHECK(has(failure_of_training(set, {"--data", set.run("bare").string()}), "has no pictures"));
    CHECK(has(failure_of_training(set, {"--data", (set.data() / "split.csv").string()}),
              "split.csv is not a folder"));
  }

  TEST_CASE("a mask without image, and an image without mask") {
    const TinySet set("cli_bad_pairs");
    fs::rename(set.data() / "images" / "disc3.png", set.run("kept.png"));
    CHECK(has(failure_of_training(set), "masks/disc3.png has no image; add one"));
    fs::rename(set.run("kept.png"), set.data() / "images" / "disc3.png");
    fs::remove(set.data() / "masks" / "disc3.png");
    CHECK(has(failure_of_training(set), "images/disc3.png has no mask; add one"));
  }

  TEST_CASE("a mask of another size, with a wrong label, and a text as image") {
    const TinySet set("cli_bad_masks");
    const fs::path mask = set.data() / "masks" / "disc3.png";
    const std::string good = bytes_of(mask);
    io::write_png(io::LabelMap(8, 8), mask);
    CHECK(has(failure_of_training(set), "disc3.png has 8x8 pixels"));
    io::LabelMap wrong(16, 16);
    wrong.at(2, 2) = 7;
    io::write_png(wrong, mask);
    CHECK(has(failure_of_training(set), "mask_values 0,1,7"));
    CHECK(has(failure_of_training(set, {"--labels", "a,b"}), "disc3.png holds label 7"));
    std::ofstream(mask, std::ios::binary) << good;
    std::ofstream(set.data() / "images" / "disc3.png") << "no picture";
    CHECK(has(failure_of_training(set), "disc3.png is not a picture"));
  }

  TEST_CASE("values that are not possible") {
    const TinySet set("cli_bad_values");
    const auto answer = [&](const char* flag, const char* value) {
      return failure_of_training(set, {flag, value});
    };
    CHECK(has(answer("--epochs", "0"), "epochs must be from 1"));
    CHECK(has(answer("--epochs", "99999999999999999999"), "epochs must be from 1"));
    CHECK(has(answer("--batch", "9223372036854775807"), "batch must be from 1"));
    CHECK(has(answer("--accumulate", "9223372036854775807"), "accumulate must be from 1"));
    CHECK(has(answer("--lr", "nan"), "lr must be above 0"));
    CHECK(has(answer("--lr", "inf"), "lr must be above 0"));
    CHECK(has(answer("--clip-norm", "-1"), "clip_norm must be from 0"));
    CHECK(has(answer("--cache-mb", "99999999999999"), "cache_mb"));
    CHECK(has(answer("--threads", "99999999"), "threads"));
    CHECK(has(answer("--model", "unett"), "did you mean 'unet'?"));
    CHECK(has(answer("--model", "unet(wdth=2)"), "did you mean 'width'?"));
    CHECK(has(answer("--model", "unet(width=999999999)"), "width"));
    CHECK(has(answer("--loss", "dize"), "dice"));
    CHECK(has(answer("--optimizer", "adan"), "adam"));
    CHECK(has(answer("--schedule", "polly"), "poly"));
    CHECK(has(answer("--augment", "flap"), "flip"));
    CHECK(has(answer("--device", "cuda:x"), "device"));
    CHECK(has(answer("--weights", "none.pth"), "none.pth"));
  }

  TEST_CASE("a loss that is not finite keeps the last checkpoint") {
    const TinySet set("cli_bad_loss");
    const std::string text = failure(train_words(set, {"--optimizer", "sgd", "--lr", "1e30"}));
    CHECK(has(text, "the loss must be finite"));
    CHECK(has(text, "while training on disc"));
    CHECK(has(text, "smaller --lr"));
    CHECK(io::load_model(set.run("run") / "last.tessera").training.has_value());
  }

  TEST_CASE("a model that never finds anything is warned about") {
    const TinySet set("cli_bad_collapse");
    // Predicting the background everywhere is right for these masks, but for two pixels.
    for (int i = 0; i < 10; ++i) {
      io::LabelMap mask(16, 16);
      mask.at(i, i) = 1;
      io::write_png(mask, set.data() / "masks" / ("disc" + std::to_string(i) + ".png"));
    }
    const Ended ended = run_program(train_words(set, {"--epochs", "12", "--lr", "0.05", "--loss",
                                                      "ce", "--augment", "none", "--no-quiet"}));
    CHECK(ended.status == 0);
    CHECK(has(ended.err, "3 validations in a row found nothing but background"));
    CHECK(has(ended.err, "--loss dice"));
  }

  TEST_CASE("a full disk") {
    const TinySet set("cli_bad_disk");
    CHECK(has(failure(train_words(set), 20000), "cannot be written: File too large"));
    REQUIRE(run_program(train_words(set, {"--out", set.run("good").string()})).status == 0);
    const fs::path last = set.run("good") / "last.tessera";
    const std::string before = bytes_of(last);
    failure({"train", "--out", set.run("good").string(), "--resume", "--epochs", "3"}, 20000);
    CHECK(bytes_of(last) == before);
    CHECK(run_program({"train", "--out", set.run("good").string(), "--resume", "--epochs", "3"})
              .status == 0);
    const std::vector<std::string> predict = {
        "predict",           "--model", set.run("good").string(),      "--input",
        set.data().string(), "--out",   set.run("predicted").string(), "--probabilities"};
    CHECK(has(failure(predict, 1000), "cannot be written"));
    for (const auto& entry : fs::directory_iterator(set.run("predicted"))) {
      CHECK(entry.path().extension() == ".png");  // no half array
    }
  }

  TEST_CASE("folders that cannot be written") {
    const TinySet set("cli_bad_out");
    const std::string below = (set.data() / "split.csv" / "x").string();
    REQUIRE(run_program(train_words(set)).status == 0);
    const std::string run = set.run("run").string(), data = set.data().string();
    CHECK(has(failure(train_words(set, {"--out", below})), "give another --out"));
    CHECK(has(failure({"test", run, "--out", below}), "give another --out"));
    CHECK(has(failure({"predict", "--model", run, "--input", data, "--out", below}),
              "give another --out"));
    CHECK(has(failure(train_words(set)), "already holds a run; give --resume"));
    CHECK(has(failure({"train", "--resume", "--out", below}), "no run to resume"));
    CHECK(has(failure({"train", "--resume"}), "no run to resume"));
    const std::string images = (set.data() / "images").string();
    const std::string before = bytes_of(set.data() / "images" / "disc0.png");
    CHECK(has(failure({"predict", "--model", run, "--input", data, "--out", images}),
              "would be overwritten"));
    CHECK(bytes_of(set.data() / "images" / "disc0.png") == before);
  }

  TEST_CASE("models and pictures that do not fit") {
    const TinySet set("cli_bad_model");
    REQUIRE(run_program(train_words(set)).status == 0);
    const fs::path best = set.run("run") / "best.tessera";
    const std::string good = bytes_of(best), out = set.run("out").string();
    const auto predict = [&](const fs::path& model, const fs::path& input) {
      return failure(
          {"predict", "--model", model.string(), "--input", input.string(), "--out", out});
    };
    const fs::path model = set.run("damaged.tessera");
    std::ofstream(model, std::ios::binary) << good.substr(0, 1000);
    CHECK(has(predict(model, set.data()), "damaged.tessera is truncated"));
    std::string flipped = good;
    flipped[flipped.size() - 9] = static_cast<char>(flipped[flipped.size() - 9] ^ 1);
    std::ofstream(model, std::ios::binary) << flipped;
    CHECK(has(predict(model, set.data()), "damaged.tessera is damaged"));
    std::ofstream(model) << "no model";
    CHECK(has(predict(model, set.data()), "not a tessera model file"));
    CHECK(has(predict("no.tessera", set.data()), "no.tessera does not exist; give"));
    CHECK(has(failure({"test", set.data().string()}), "best.tessera does not exist"));

    const fs::path four = set.run("four.npy");
    io::save_npy(tensor<float>(std::vector<float>(1024, 0.5F), {16, 16, 4}), four);
    CHECK(has(predict(best, four), "four.npy"));
    const fs::path x = set.run("x.npy");
    io::save_npy(tensor<float>(std::vector<float>(768, 0.5F), {1, 3, 16, 16}), x);
    CHECK(has(failure({"forward", "--weights", best.string(), "--input", x.string(), "--output",
                       set.run("y.npy").string()}),
              "x.npy must hold [N, 1, H, W]"));
    CHECK(has(failure({"forward", "--model", "unet(width=2)", "--weights", best.string(), "--input",
                       x.string(), "--output", set.run("y.npy").string()}),
              "--partial-weights takes over what fits"));

    // The pictures that can be read are predicted all the same.
    std::ofstream(set.data() / "images" / "disc3.png") << "no picture";
    const std::string text = predict(best, set.data());
    CHECK(has(text, "1 of 10 pictures were left out"));
    CHECK(has(text, "disc3.png"));
    CHECK(std::distance(fs::directory_iterator(out), {}) == 9);
  }
}
