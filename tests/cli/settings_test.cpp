// Where the settings of a verb come from.

#include <fstream>

#include <doctest/doctest.h>

#include "io/json_file.h"
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

std::string config_file(const TinySet& set, const std::string& text) {
  const fs::path path = set.run("settings.json");
  std::ofstream(path) << text;
  return path.string();
}

int64_t stored_epochs(const fs::path& run) {
  return io::field<int64_t>(io::load_json(run / "config.json"), "epochs", "config.json");
}

}  // namespace

TEST_SUITE("cli/settings") {
  TEST_CASE("a flag goes before the file of --config, and that before the settings of a run") {
    const TinySet set("cli_settings");
    const fs::path run = set.run("run");
    const io::Json json = {{"data", set.data().string()}, {"out", run.string()}, {"epochs", 1},
                           {"model", "unet(width=1)"},    {"quiet", true},       {"batch", 4}};
    const std::string config = config_file(set, json.dump());
    REQUIRE(run_program({"train", "--config", config, "--batch", "2"}).status == 0);
    const io::Json stored = io::load_json(run / "config.json");
    CHECK(stored["batch"] == 2);
    CHECK(stored["epochs"] == 1);
    CHECK(stored["lr"] == 3e-4);

    // Resumed, it keeps what nobody changes.
    REQUIRE(run_program({"train", "--out", run.string(), "--resume"}).status == 0);
    CHECK(stored_epochs(run) == 1);
    const std::string more = config_file(set, R"({"epochs": 2})");
    REQUIRE(run_program({"train", "--out", run.string(), "--resume", "--config", more}).status ==
            0);
    CHECK(stored_epochs(run) == 2);
    REQUIRE(
        run_program({"train", "--out", run.string(), "--resume", "--config", more, "--epochs", "3"})
            .status == 0);
    CHECK(stored_epochs(run) == 3);
    CHECK(io::load_json(run / "config.json")["batch"] == 2);

    // The file may ask to resume, and a flag may switch off what the file switches on.
    const std::string again =
        config_file(set, io::Json({{"out", run.string()}, {"resume", true}}).dump());
    CHECK(run_program({"train", "--config", again}).status == 0);
    const Ended off =
        run_program({"train", "--config", again, "--no-resume", "--data", set.data().string()});
    CHECK(off.status == 1);
    CHECK(has(off.err, "already holds a run"));
  }

  TEST_CASE("every verb reads its flags from JSON") {
    const TinySet set("cli_settings_verbs");
    CHECK(has(
        run_program({"zoo", "--config", config_file(set, R"json({"name": "unet(width=1)"})json")})
            .out,
        "U-Net"));
    CHECK(run_program({"info", "--config",
                       config_file(set, io::Json({{"file", set.data().string()}}).dump())})
              .status == 0);
    for (const char* verb : {"train", "test", "predict", "forward", "zoo", "losses", "data", "info",
                             "gradcheck", "dataset", "doctor"}) {
      CAPTURE(verb);
      const Ended ended = run_program({verb, "--config", config_file(set, R"({"threds": 2})")});
      CHECK(ended.status == 1);
      CHECK(has(ended.err, "settings.json: there is no field 'threds'"));
    }
    CHECK(has(run_program({"train", "--config", config_file(set, R"({"epoks": 2})")}).err,
              "did you mean 'epochs'?"));
  }

  TEST_CASE("a file that is no JSON object of such values is named") {
    const TinySet set("cli_settings_bad");
    const auto answer = [&](const std::string& text) {
      const Ended ended = run_program({"train", "--config", config_file(set, text)});
      CHECK(ended.status == 1);
      CHECK(has(ended.err, "settings.json"));
      return ended.err;
    };
    CHECK(has(answer(R"({"epochs": "many"})"), "epochs"));
    CHECK(has(answer(R"({"epochs": 1.5})"), "epochs"));
    CHECK(has(answer("[1, 2]"), "JSON object"));
    answer("{\"epochs\": 2");
    answer("");
    CHECK(run_program({"train", "--config", set.run("none.json").string()}).status == 1);
  }
}
