#include "io/model_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/npz.h"
#include "io/safetensors.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_model(path); };

io::ModelFile example() {
  io::ModelFile model;
  model.architecture = "unet";
  model.options = {{"in_channels", 3}, {"classes", 2}, {"bilinear", true}};
  model.weights["conv.weight"] = tensor({1, 2, 3, 4}, {2, 2});
  model.weights["conv.steps"] = tensor({7}, {}, i64);
  model.preprocessing = {{"size", {256, 256}}, {"mean", {0.5}}};
  model.labels = {"background", "br\u00e4in \"1\""};
  model.history = {{{"epoch", 1}, {"loss", 0.25}}};
  return model;
}

// `bytes` with `from` replaced by `to`, which must have the same length.
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  const size_t found = bytes.find(from);
  REQUIRE(found != std::string::npos);
  REQUIRE(from.size() == to.size());
  std::copy(to.begin(), to.end(), bytes.begin() + static_cast<int64_t>(found));
  return bytes;
}

// A model file with this description and the right checksum.
std::string described(const io::Json& description) {
  const TemporaryFile file("described.tessera");
  io::Archive archive;
  archive.tensors["x"] = tensor({1}, {1});
  archive.metadata = {{"format", "tessera model"},
                      {"version", "1"},
                      {"model", description.dump()},
                      {"checksum", "unknown"}};
  io::save_safetensors(archive, file.path());
  const std::string before = "its checksum is ";
  try {
    io::load_model(file.path());
  } catch (const Error& error) {
    const std::string text = error.what();
    archive.metadata["checksum"] = text.substr(text.find(before) + before.size(), 8);
  }
  io::save_safetensors(archive, file.path());
  return file.read();
}

}  // namespace

TEST_SUITE("io/model_file") {
  TEST_CASE("what is saved is loaded again") {
    const TemporaryFile file("m.tessera");
    io::ModelFile saved = example();
    for (const bool training : {false, true}) {
      if (training) {
        saved.training.emplace().progress = {{"epoch", 3}};
        saved.training->tensors["exp_avg.0"] = tensor({0.5}, {1}, f64);
      }
      io::save_model(saved, file.path());
      const io::ModelFile loaded = io::load_model(file.path());
      CHECK(loaded.architecture == saved.architecture);
      CHECK(loaded.options == saved.options);
      CHECK(loaded.preprocessing == saved.preprocessing);
      CHECK(loaded.labels == saved.labels);
      CHECK(loaded.history == saved.history);
      REQUIRE(loaded.weights.size() == 2);
      CHECK(loaded.weights.at("conv.weight").to_vector<double>() ==
            std::vector<double>{1, 2, 3, 4});
      CHECK(loaded.weights.at("conv.steps").dtype() == i64);
      REQUIRE(loaded.training.has_value() == training);
      if (training) {
        CHECK(loaded.training->progress == saved.training->progress);
        CHECK(loaded.training->tensors.at("exp_avg.0").item() == 0.5);
      }
    }
  }

  TEST_CASE("the weights are a safetensors file") {
    const TemporaryFile file("m.tessera");
    io::save_model(example(), file.path());
    const io::Archive archive = io::load_safetensors(file.path());
    CHECK(archive.tensors.size() == 2);
    CHECK(archive.tensors.at("conv.weight").shape() == Shape{2, 2});
    CHECK(archive.metadata.at("format") == "tessera model");
  }

  TEST_CASE("a wrong file is an error that says what it is") {
    const TemporaryFile file("bad.tessera");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    CHECK_THROWS_WITH_AS(io::load_model("/no/such.tessera"), doctest::Contains("/no/such.tessera"),
                         Error);
    refused("", "it is empty");
    refused("hello", "its format is not known");
    refused("\x80\x04hello", "a checkpoint of another program");
    io::Archive archive;
    archive.tensors["x"] = tensor({1}, {1});
    io::save_npz(archive, file.path());
    refused(file.read(), "a checkpoint of another program");
    io::save_safetensors(archive, file.path());
    refused(file.read(), "a safetensors file with weights only");
    archive.metadata["format"] = "pt";
    io::save_safetensors(archive, file.path());
    refused(file.read(), "a safetensors file with weights only");

    io::save_model(example(), file.path());
    const std::string good = file.read();
    refused(good.substr(0, good.size() - 1), "bad.tessera");
    refused(replaced(good, "\"version\":\"1\"", "\"version\":\"2\""), "use a newer tessera");
    refused(replaced(good, "\"version\":\"1\"", "\"version\":\"x\""), "not valid JSON");
    refused(replaced(good, "\"version\":\"1\"", "\"version\":\"0\""), "the version is 0");
    refused(replaced(good, "labels", "lavels"), "is damaged: its checksum is");
    refused(replaced(good, "\"checksum\"", "\"checksun\""), "its header has no \"checksum\"");
    std::string flipped = good;
    flipped.back() ^= 1;
    refused(flipped, "is damaged: its checksum is");
  }

  TEST_CASE("a wrong description is an error that names the field") {
    const TemporaryFile file("wrong.tessera");
    const auto refused = [&](const io::Json& description, const char* reason) {
      testing::check_refused(file, described(description), load, reason);
    };
    io::Json good = {{"architecture", "unet"},
                     {"options", io::Json::object()},
                     {"preprocessing", io::Json::object()},
                     {"labels", {"a", "b"}},
                     {"history", io::Json::array()}};
    file.write(described(good));
    CHECK(io::load_model(file.path()).labels.size() == 2);
    refused(1, "must be an object");
    for (const char* key : {"architecture", "options", "preprocessing", "labels", "history"}) {
      io::Json incomplete = good;
      incomplete.erase(key);
      refused(incomplete, (std::string("the field \"") + key + "\" is missing").c_str());
    }
    good["labels"] = {1, 2};
    refused(good, "\"labels\" must be a list, got [1,2]");
    good["architecture"] = 7;
    refused(good, "\"architecture\" must be a text, got 7");
  }

  TEST_CASE("a name that belongs to the format is refused") {
    const TemporaryFile file("m.tessera");
    io::ModelFile model = example();
    model.weights["training/x"] = tensor({1}, {1});
    CHECK_THROWS_WITH_AS(io::save_model(model, file.path()),
                         "save: a weight must not be called \"training/x\"", Error);
    CHECK(!std::filesystem::exists(file.path()));
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.tessera");
    io::save_model(example(), file.path());
    testing::check_survives_damage(file.read(), file, load);
  }
}
