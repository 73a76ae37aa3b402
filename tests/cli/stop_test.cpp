// A run that is stopped, politely or not, goes on where it was.

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>

#include "io/model_file.h"
#include "tests/cli/program.h"
#include "tests/text.h"
#include "tests/train/tiny_run.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::Program;
using testing::run_program;
using testing::state_of;
using testing::TinySet;
using testing::train_words;
using testing::wait_for;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> resume_words(const TinySet& set, const std::string& run, int epochs) {
  return {"train", "--out", set.run(run).string(), "--resume", "--epochs", std::to_string(epochs)};
}

int64_t epochs_done(const fs::path& run) {
  return io::field<int64_t>(io::load_model(run / "last.tessera").training->progress, "epoch",
                            "run");
}

// Runs to a few epochs further than `run` came, and compares with a run that nobody stopped.
void check_goes_on(const TinySet& set, const std::string& run) {
  const int epochs = static_cast<int>(epochs_done(set.run(run))) + 2;
  const Ended ended = run_program(resume_words(set, run, epochs));
  CAPTURE(ended.err);
  REQUIRE(ended.status == 0);
  CHECK(epochs_done(set.run(run)) == epochs);
  REQUIRE(run_program(train_words(set, run + " whole", epochs)).status == 0);
  CHECK(state_of(set.run(run)) == state_of(set.run(run + " whole")));
}

constexpr int kForever = 100000;

}  // namespace

TEST_SUITE("cli/stop") {
  TEST_CASE("Ctrl-C, SIGTERM and SIGHUP save and end with 128 + signal") {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      CAPTURE(number);
      const TinySet set("cli_stop_signal");
      Program program(train_words(set, "run", kForever));
      wait_for(set.run("run") / "best.tessera");
      program.signal(number);
      const Ended ended = program.wait();
      CAPTURE(ended.err);
      CHECK(ended.status == 128 + number);
      CHECK(has(ended.out, "interrupted; everything is saved"));
      CHECK(has(ended.out, "--resume"));
      CHECK(fs::exists(set.run("run") / "report.html"));
      check_goes_on(set, "run");
    }
  }

  TEST_CASE("a stop file saves and ends with 0") {
    const TinySet set("cli_stop_file");
    Program program(train_words(set, "run", kForever));
    wait_for(set.run("run") / "best.tessera");
    std::ofstream(set.run("run") / "stop") << "";
    const Ended ended = program.wait();
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "stop was found"));
    CHECK_FALSE(fs::exists(set.run("run") / "stop"));
    check_goes_on(set, "run");
  }

  TEST_CASE("a time limit saves and ends with 0") {
    const TinySet set("cli_stop_time");
    std::vector<std::string> words = train_words(set, "run", kForever);
    words.insert(words.end(), {"--max-minutes", "0.003"});
    const Ended ended = run_program(words);
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "0.003 minutes are over"));
  }

  TEST_CASE("killed at any moment, it leaves the last complete checkpoint") {
    const TinySet set("cli_stop_kill");
    const fs::path run = set.run("run");
    REQUIRE(run_program(train_words(set, "run", 2)).status == 0);
    int64_t before = epochs_done(run);
    CHECK(before == 2);
    for (int i = 0; i < 10; ++i) {
      CAPTURE(i);
      Program program(resume_words(set, "run", kForever));
      // Moments that no two runs share: starting, between epochs, while writing.
      std::this_thread::sleep_for(std::chrono::milliseconds(37 * ((i * 7) % 10)));
      program.signal(SIGKILL);
      CHECK(program.wait().status == 128 + SIGKILL);
      const int64_t now = epochs_done(run);
      CHECK(now >= before);
      before = now;
      for (const char* name : {"best.tessera", "config.json"}) {
        if (fs::exists(run / name)) CHECK(fs::file_size(run / name) > 100);
      }
      if (fs::exists(run / "best.tessera"))
        CHECK_FALSE(io::load_model(run / "best.tessera").weights.empty());
    }
    check_goes_on(set, "run");
    for (const auto& entry : fs::directory_iterator(run)) {
      CHECK(entry.path().extension() != ".part");
    }
  }
}
