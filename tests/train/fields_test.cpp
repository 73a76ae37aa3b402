#include "train/fields.h"

#include <fstream>

#include <doctest/doctest.h>

#include "tests/error_of.h"
#include "tests/text.h"
#include "train/config.h"

using namespace tessera;
using testing::error_of;
using testing::has;
using train::TrainConfig;

namespace {

// A file that is gone when the test is over.
struct TextFile {
  explicit TextFile(const std::string& text)
      : path(std::filesystem::temp_directory_path() / "tessera_config_test.json") {
    std::ofstream(path) << text;
  }
  ~TextFile() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_SUITE("train/fields") {
  TEST_CASE("a config survives its file") {
    TrainConfig config;
    config.data = "a \"quoted\" folder";
    config.epochs = 7;
    config.lr = 1.0 / 3;
    config.resume = true;
    const TextFile file(train::fields_json(train::fields_of(config)));
    TrainConfig loaded;
    train::load_fields(train::fields_of(loaded), file.path);
    CHECK(train::fields_json(train::fields_of(loaded)) ==
          train::fields_json(train::fields_of(config)));
  }

  TEST_CASE("fields that are not in the file, or are to be kept, keep their values") {
    const TextFile file(R"({"epochs": 3, "batch": 2})");
    TrainConfig config;
    config.batch = 5;
    config.seed = 9;
    train::load_fields(train::fields_of(config), file.path,
                       [](const char* name) { return std::string(name) == "batch"; });
    CHECK(config.epochs == 3);
    CHECK(config.batch == 5);
    CHECK(config.seed == 9);
  }

  TEST_CASE("a wrong file says where and what") {
    TrainConfig config;
    const auto load = [&](const std::string& text) {
      const TextFile file(text);
      return error_of([&] { train::load_fields(train::fields_of(config), file.path); });
    };
    CHECK(has(load(R"({"epocs": 3})"), "no field 'epocs'; did you mean 'epochs'?"));
    CHECK(has(load(R"({"epochs": "many"})"), "epochs"));
    CHECK(has(load("[1]"), "JSON object"));
    CHECK(has(load("{"), "tessera_config_test.json"));
  }
}
