#include "train/stop.h"

#include <csignal>
#include <fstream>

#include <doctest/doctest.h>

using tessera::train::StopRequest;

TEST_SUITE("train/stop") {
  TEST_CASE("nothing asks to stop by itself") {
    StopRequest stop;
    CHECK(stop.reason().empty());
    CHECK(StopRequest::signal() == 0);
  }

  TEST_CASE("a signal asks, and the handlers are put back") {
    const auto before = std::signal(SIGTERM, SIG_IGN);
    {
      StopRequest stop;
      std::raise(SIGTERM);
      CHECK(stop.reason() == "interrupted");
      CHECK(StopRequest::signal() == SIGTERM);
    }
    const bool restored = std::signal(SIGTERM, before) == SIG_IGN;
    CHECK(restored);
    CHECK(StopRequest().reason().empty());
  }

  TEST_CASE("a file asks, and is used up") {
    const auto file = std::filesystem::temp_directory_path() / "tessera_stop_test";
    std::ofstream(file) << "x";
    StopRequest stop(file);
    CHECK(stop.reason() == "tessera_stop_test was found");
    CHECK_FALSE(std::filesystem::exists(file));
    CHECK(stop.reason() == "tessera_stop_test was found");
  }

  TEST_CASE("time asks") {
    StopRequest stop({}, 1e-9);
    CHECK(stop.reason() == "1e-09 minutes are over");
  }
}
