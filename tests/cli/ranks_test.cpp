// Several processes train one network.

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>

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

namespace {

std::vector<std::string> words(const TinySet& set, const std::string& run, int epochs) {
  std::vector<std::string> words = train_words(set, run, epochs, 4);
  words.insert(words.end(), {"--device", "cpu,cpu"});
  return words;
}

// The process that a program started, once there is one.
int other_rank(const Program& program) {
  const std::string list = "/proc/" + std::to_string(program.pid()) + "/task/" +
                           std::to_string(program.pid()) + "/children";
  int found = 0;
  std::ifstream(list) >> found;
  return found;
}

constexpr int kForever = 100000;

}  // namespace

TEST_SUITE("cli/ranks") {
  TEST_CASE("the same bits every time, and after going on") {
    const TinySet set("cli_ranks", 20);
    const Ended ended = run_program(words(set, "a", 3));
    CAPTURE(ended.err);
    REQUIRE(ended.status == 0);
    CHECK(has(ended.out, "best model: "));
    CHECK(ended.out.find("best model: ") == ended.out.rfind("best model: "));
    REQUIRE(run_program(words(set, "b", 2)).status == 0);
    const Ended more =
        run_program({"train", "--out", set.run("b").string(), "--resume", "--epochs", "3"});
    CAPTURE(more.err);
    REQUIRE(more.status == 0);
    CHECK(state_of(set.run("a")) == state_of(set.run("b")));
  }

  TEST_CASE("Ctrl-C saves, and all end") {
    const TinySet set("cli_ranks_stop", 20);
    Program program(words(set, "run", kForever));
    wait_for(set.run("run") / "best.tessera");
    const int other = other_rank(program);
    program.signal(SIGINT);
    const Ended ended = program.wait();
    CAPTURE(ended.err);
    CHECK(ended.status == 128 + SIGINT);
    CHECK(has(ended.out, "everything is saved"));
    CHECK((other == 0 || ::kill(other, 0) != 0));
  }

  TEST_CASE("when one is killed or hangs, all end, and the message names it") {
    const TinySet set("cli_ranks_end", 20);
    for (const int number : {SIGKILL, SIGSTOP}) {
      CAPTURE(number);
      ::setenv("TESSERA_RANK_SECONDS", "2", 1);
      Program program(words(set, number == SIGKILL ? "killed" : "hangs", kForever));
      ::unsetenv("TESSERA_RANK_SECONDS");
      wait_for(set.run(number == SIGKILL ? "killed" : "hangs") / "best.tessera");
      const int other = other_rank(program);
      if (other == 0) return;  // this system does not tell
      ::kill(other, number);
      const Ended ended = program.wait();
      CHECK(ended.status != 0);
      CAPTURE(ended.err);
      CHECK(has(ended.err, number == SIGKILL
                               ? "rank 1 on cpu was killed by signal 9 before the others"
                               : "rank 1 on cpu did not come in 2 seconds"));
      CHECK(::kill(other, 0) != 0);
    }
  }
}
