#include "io/csv.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using io::Csv;
using Rows = std::vector<std::vector<std::string>>;
namespace fs = std::filesystem;

namespace {

std::string error_of(const std::string& text) {
  try {
    io::parse_csv(text, "x.csv");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_SUITE("io/csv") {
  TEST_CASE("cells, quotes, line ends") {
    const Csv table = io::parse_csv(
        "\xEF\xBB\xBF"
        "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n,\n2,3",
        "x.csv");
    CHECK(table.columns == std::vector<std::string>{"a", "b"});
    CHECK(table.rows == Rows{{"1", "x, \"y\"\nz"}, {"", ""}, {"2", "3"}});
    CHECK(table.lines == std::vector<int64_t>{2, 5, 6});
    CHECK(table.place(1) == "x.csv:5");
    CHECK(io::parse_csv("a;b\n1,5;2", "").rows == Rows{{"1,5", "2"}});
    CHECK(io::parse_csv("a\tb\r1\t2\r", "").rows == Rows{{"1", "2"}});
    CHECK(io::parse_csv("\"a;b\"\n1;2\n", "").rows == Rows{{"1;2"}});
  }

  TEST_CASE("errors name file and line") {
    CHECK(error_of("") == "read_csv: x.csv is empty; the first line must name the columns");
    CHECK(error_of("a,b,a\n") == "read_csv: x.csv:1 names the column \"a\" twice");
    CHECK(error_of("a,b\n1,2\n3\n") ==
          "read_csv: x.csv:3 must have 2 cells, one for each of [\"a\", \"b\"], got 1");
    CHECK(error_of("a\n1\n\"2\n3\n") ==
          "read_csv: x.csv:3: a quote is opened here and never closed");
    CHECK(error_of("a\n\"1\"2\n") ==
          "read_csv: x.csv:2: after a closing quote must come ',' or the end of the line, got '2'; "
          "write quotes inside of a cell twice");
    CHECK(error_of(std::string("a\n\0", 3)) ==
          "read_csv: x.csv must be a text file, got a NUL byte at offset 2");
    CHECK(error_of(std::string(5000, ',')) == "read_csv: x.csv:1 has more than 4096 cells");
    CHECK_THROWS_WITH_AS(io::read_csv("no/such.csv"), "load: no/such.csv cannot be opened", Error);
  }

  TEST_CASE("columns and numbers") {
    const Csv table = io::parse_csv("case,dice\na,0.5\nb,\nc,1e-3\nd,0.5x\n", "x.csv");
    const size_t dice = table.column("dice");
    CHECK(table.has("case"));
    CHECK_FALSE(table.has("iou"));
    CHECK(table.number(0, dice) == 0.5);
    CHECK(std::isnan(table.number(1, dice)));
    CHECK(table.number(2, dice) == 1e-3);
    CHECK_THROWS_WITH_AS(table.number(3, dice),
                         "read_csv: x.csv:5: dice must be a number, got \"0.5x\"", Error);
    CHECK_THROWS_WITH_AS(table.column("iou"),
                         "read_csv: x.csv must have a column \"iou\"; there are case, dice", Error);
  }

  TEST_CASE("what is written is read back") {
    std::mt19937 random(1);
    const std::string alphabet = ",;\t\"\r\n a";
    const fs::path path = fs::temp_directory_path() / "tessera_csv_test.csv";
    for (size_t columns = 1; columns <= 3; ++columns) {
      Csv table{path.string(), {}, {}, {}};
      for (size_t i = 0; i < columns; ++i) table.columns.push_back("; " + std::to_string(i));
      for (int row = 0; row < 10'000; ++row) {
        table.rows.emplace_back(columns);
        for (std::string& cell : table.rows.back()) {
          for (auto n = random() % 5; n > 0; --n) cell += alphabet[random() % alphabet.size()];
        }
      }
      io::write_csv(table, path);
      const Csv read = io::read_csv(path);
      CHECK(read.columns == table.columns);
      CHECK(read.rows == table.rows);
    }
    fs::remove(path);
    CHECK(io::csv_line(std::vector<std::string>{"a", "", "b c", "\"d\", e"}) ==
          "a,,b c,\"\"\"d\"\", e\"\n");
  }

  TEST_CASE("damaged files are read or refused") {
    std::string good = "case,\"the \"\"name\"\"\",Dice\r\n";
    for (int i = 0; i < 40; ++i) good += "slice_" + std::to_string(i) + ",\"a\nb\",0.5\n";
    const testing::TemporaryFile file("damaged.csv");
    testing::check_survives_damage(good, file, [](const fs::path& path) {
      const Csv table = io::read_csv(path);
      for (size_t i = 0; i < table.rows.size(); ++i) table.number(i, table.columns.size() - 1);
    });
  }

  TEST_CASE("an unwritable path and a short row are errors") {
    const Csv table{"", {"a", "b"}, {{"1"}}, {}};
    CHECK_THROWS_WITH_AS(
        io::write_csv(table, "x.csv"),
        "write_csv: x.csv: each row must have 2 cells, one for each of [\"a\", \"b\"], got [\"1\"]",
        Error);
    CHECK_THROWS_WITH_AS(io::write_csv({"", {"a"}, {}, {}}, "/no/such/x.csv"),
                         doctest::Contains("/no/such/x.csv cannot be created: No such file"),
                         Error);
  }
}
