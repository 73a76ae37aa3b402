#include "io/table.h"

#include <filesystem>
#include <sstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/terminal.h"

using namespace tessera;
using io::Table;

namespace {

Table scores() {
  Table table({"case", "class", "Dice", "IoU"});
  table.row({"slice_07", "brain", "0.912", "0.838"});
  table.row({"slice_12", "brain", "nan", "-"});
  table.rule().row({"mean", "", "0.893", "0.807"});
  return table;
}

}  // namespace

TEST_SUITE("io/table") {
  TEST_CASE("columns are aligned") {
    CHECK(scores().str() ==
          "case      class   Dice    IoU\n"
          "--------  -----  -----  -----\n"
          "slice_07  brain  0.912  0.838\n"
          "slice_12  brain    nan      -\n"
          "--------  -----  -----  -----\n"
          "mean             0.893  0.807\n");
  }

  TEST_CASE("widths are those of the characters, and no cell moves the cursor") {
    Table table({"名", "n"});
    table.row({"脑部", "1,234 kB"}).row({"é\n\x1b", "3.5 %"});
    CHECK(table.str() ==
          "名           n\n"
          "----  --------\n"
          "脑部  1,234 kB\n"
          "é ?      3.5 %\n");
  }

  TEST_CASE("narrow terminals") {
    for (int width = 1; width <= 40; ++width) {
      std::istringstream lines(scores().str(width));
      for (std::string line; std::getline(lines, line);) CHECK(io::text_width(line) <= width);
    }
    CHECK(scores().str(24, false) ==
          "case  c...   Dice    IoU\n"
          "----  ----  -----  -----\n"
          "s...  b...  0.912  0.838\n"
          "s...  b...    nan      -\n"
          "----  ----  -----  -----\n"
          "mean        0.893  0.807\n");
  }

  TEST_CASE("a table without rows, and one with many") {
    CHECK(Table({"a", "bc"}).str() == "a  bc\n-  --\n");
    Table table({"i"});
    for (int i = 0; i < 10'000; ++i) table.row({std::to_string(i)});
    CHECK(table.size() == 10'000);
    CHECK(table.str().size() == 10'002 * 5);
  }

  TEST_CASE("wrong rows are errors") {
    CHECK_THROWS_WITH_AS(Table({}), "Table: there must be a column, got none", Error);
    CHECK_THROWS_WITH_AS(
        Table({"a", "b"}).row({"1"}),
        "Table: a row must have 2 cells, one for each of [\"a\", \"b\"], got [\"1\"]", Error);
  }

  TEST_CASE("the .csv file has the rows in full") {
    const auto path = std::filesystem::temp_directory_path() / "tessera_table_test.csv";
    scores().save_csv(path);
    const io::Csv csv = io::read_csv(path);
    CHECK(csv.columns == std::vector<std::string>{"case", "class", "Dice", "IoU"});
    CHECK(csv.rows.back() == std::vector<std::string>{"mean", "", "0.893", "0.807"});
    CHECK(csv.rows.size() == 3);
    std::filesystem::remove(path);
    CHECK_THROWS_WITH_AS(scores().save_csv("/no/such/x.csv"), doctest::Contains("/no/such/x.csv"),
                         Error);
  }
}
