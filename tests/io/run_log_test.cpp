#include "io/run_log.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using io::RunLog;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / "tessera_run_log_test";
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void add(RunLog& log, std::initializer_list<double> row) {
  log.add({row.begin(), row.size()});
}

const std::vector<std::string> columns = {"epoch", "loss", "Dice"};

}  // namespace

TEST_SUITE("io/run_log") {
  TEST_CASE("a row is in the file when add returns") {
    const Folder folder;
    RunLog log(folder.path / "log.csv", columns);
    CHECK(text_of(log.path()) == "epoch,loss,Dice\n");
    add(log, {1, 0.1, NAN});
    CHECK(text_of(log.path()) == "epoch,loss,Dice\n1,0.1,nan\n");
    add(log, {2, 1.0 / 3, 0.5});
    const io::RunHistory read = io::read_run_log(log.path());
    CHECK(read.rows() == 2);
    CHECK(read["loss"] == std::vector<double>{0.1, 1.0 / 3});
    CHECK(std::isnan(read["Dice"][0]));
    CHECK(log.history()["loss"] == read["loss"]);
    CHECK_FALSE(read.has("lr"));
    CHECK_THROWS_WITH_AS(read["lr"],
                         "RunHistory: there must be a column \"lr\"; there are epoch, loss, Dice",
                         Error);
  }

  TEST_CASE("resuming drops the rows behind the epoch") {
    const Folder folder;
    const fs::path path = folder.path / "log.csv";
    {
      RunLog log(path, columns);
      for (int epoch = 1; epoch <= 4; ++epoch) add(log, {double(epoch), 1.0 / epoch, 0});
    }
    std::ofstream(path, std::ios::app) << "5,0.2";  // cut off
    CHECK(io::read_run_log(path)["epoch"] == std::vector<double>{1, 2, 3, 4});
    {
      RunLog log(path, columns, 2);
      CHECK(log.history()["epoch"] == std::vector<double>{1, 2});
      add(log, {3, 9, 9});
    }
    CHECK(text_of(path) == "epoch,loss,Dice\n1,1,0\n2,0.5,0\n3,9,9\n");
    const RunLog fresh(folder.path / "other.csv", columns, 7);
    CHECK(fresh.history().rows() == 0);
  }

  TEST_CASE("a log of other columns is not continued") {
    const Folder folder;
    const fs::path path = folder.path / "log.csv";
    std::ofstream(path) << "epoch,loss\n1,2\n";
    CHECK_THROWS_WITH_AS(RunLog(path, columns, 1), doctest::Contains("to be continued, got"),
                         Error);
    CHECK(text_of(path) == "epoch,loss\n1,2\n");
    std::ofstream(path) << "epoch,loss\n1,x\n";
    CHECK_THROWS_WITH_AS(io::read_run_log(path),
                         doctest::Contains("log.csv:2: loss must be a number"), Error);
  }

  TEST_CASE("damaged files are read or refused") {
    std::string good = "epoch,loss,Dice\n";
    for (int i = 1; i < 60; ++i) good += std::to_string(i) + ",0.125,nan\n";
    const testing::TemporaryFile file("damaged_log.csv");
    testing::check_survives_damage(good, file, io::read_run_log);
  }

  TEST_CASE("wrong rows and unwritable paths are errors") {
    const Folder folder;
    RunLog log(folder.path / "log.csv", columns);
    CHECK_THROWS_WITH_AS(add(log, {1, 2}), doctest::Contains("must get 3 values"), Error);
    CHECK(text_of(log.path()) == "epoch,loss,Dice\n");
    CHECK_THROWS_WITH_AS(RunLog("/no/such/log.csv", columns), doctest::Contains("/no/such/log.csv"),
                         Error);
    CHECK_THROWS_WITH_AS(io::read_run_log("/no/such/log.csv"),
                         "load: /no/such/log.csv cannot be opened", Error);
    CHECK_THROWS_WITH_AS(RunLog(folder.path / "x", {}), doctest::Contains("must have a column"),
                         Error);
  }

  TEST_CASE("when the disk is full the rows that were there stay") {
    const Folder folder;
    RunLog log(folder.path / "log.csv", columns);
    add(log, {1, 0.5, 0.25});
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const rlimit tight = {text_of(log.path()).size() + 4, limit.rlim_max};
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    std::string message;
    try {
      add(log, {2, 0.5, 0.25});
    } catch (const Error& error) {
      message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, old_handler);
    CHECK(message ==
          fmt::format("RunLog: {} cannot be written: File too large", log.path().string()));
    CHECK(text_of(log.path()) == "epoch,loss,Dice\n1,0.5,0.25\n");
    CHECK(log.history().rows() == 1);
    add(log, {2, 0.25, 0.5});
    CHECK(io::read_run_log(log.path())["loss"] == std::vector<double>{0.5, 0.25});
  }

  TEST_CASE("10,000 epochs") {
    const Folder folder;
    RunLog log(folder.path / "log.csv", columns);
    for (int epoch = 0; epoch < 10'000; ++epoch) add(log, {double(epoch), std::sin(epoch), NAN});
    const io::RunHistory read = io::read_run_log(log.path());
    CHECK(read.rows() == 10'000);
    CHECK(read["loss"] == log.history()["loss"]);
  }
}
