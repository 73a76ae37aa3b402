#include "tests/cli/program.h"
#include "tests/text.h"

#include <doctest/doctest.h>

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;

TEST_SUITE("cli/program") {
  TEST_CASE("every verb explains itself, with examples") {
    for (const char* verb : {"train", "test", "predict", "forward", "zoo", "losses", "data", "info",
                             "gradcheck", "dataset", "doctor"}) {
      CAPTURE(verb);
      const Ended ended = run_program({verb, "--help"});
      CHECK(ended.status == 0);
      CHECK(has(ended.out, std::string("tessera ") + verb));
      CHECK(has(ended.out, "Examples:"));
      CHECK(has(ended.out, "--config"));
      CHECK(ended.err.empty());
    }
    CHECK(has(run_program({"train", "--help"}).out, "Pictures and masks:"));
  }

  TEST_CASE("the help names the exit statuses") {
    const Ended ended = run_program({"--help"});
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "Exit status:"));
    CHECK(has(ended.out, "143 for SIGTERM"));
    CHECK(has(run_program({"--version"}).out, "tessera 0."));
  }

  TEST_CASE("without a verb it shows the help, as an error") {
    const Ended ended = run_program({});
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(has(ended.err, "Subcommands:"));
  }

  TEST_CASE("unknown words are answered with the nearest known one") {
    const auto answer = [](const std::vector<std::string>& arguments) {
      const Ended ended = run_program(arguments);
      CHECK(ended.status == 2);
      CHECK(ended.out.empty());
      CHECK(ended.err.size() < 200);
      return ended.err;
    };
    CHECK(has(answer({"trian"}), "there is no verb 'trian'; did you mean 'train'?"));
    CHECK(has(answer({"train", "--epoks", "3"}), "'--epoks'; did you mean '--epochs'?"));
    CHECK(has(answer({"train", "--epoks=3"}), "did you mean '--epochs'?"));
    CHECK(has(answer({"predict", "--overlay"}), "did you mean '--overlays'?"));
    CHECK(has(answer({"train", "--zzzzzz"}), "see tessera train --help"));
    CHECK(has(answer({"info", "a", "b"}), "there is no use for 'b'"));
    CHECK(has(answer({"train", "--epochs", "many"}), "--epochs = many"));
    CHECK(has(answer({"train", "--epochs"}), "--epochs"));
  }

  TEST_CASE("the last of a repeated flag counts") {
    const Ended ended = run_program({"zoo", "unet(width=1)", "--size", "0", "--size", "32"});
    CHECK(ended.status == 0);
  }

  TEST_CASE("output that cannot be written is a failure") {
    CHECK(run_program({"zoo"}, 10).status == 1);
  }
}
