#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::io {

// A table of text with named columns: what a .csv file holds.
struct Csv {
  std::string name;                            // the file, for error messages
  std::vector<std::string> columns;            // from the first line
  std::vector<std::vector<std::string>> rows;  // each with one cell for each column
  std::vector<int64_t> lines;                  // the line of the file on which each row starts

  // The index of a column. Throws Error naming the file and the columns there are.
  size_t column(std::string_view column_name) const;
  bool has(std::string_view column_name) const;

  // The cell as a number; an empty cell is NaN. Throws Error naming file, line and column when it
  // is neither.
  double number(size_t row, size_t column) const;
  // "FILE:LINE", for errors about the content of a row.
  std::string place(size_t row) const;
};

struct CsvOptions {
  bool whole_lines = false;  // leave out what stands behind the last line feed: a row cut off
};

// Reads comma-separated values as RFC 4180 defines them: `"a ""b"", c"` is one cell, also over
// several lines. Lines may end with CR, LF or both; a byte order mark and empty lines are skipped;
// when the first line has no comma, semicolons or tabs separate (what spreadsheets write in many
// countries). Throws Error naming file and line: no first line, a column named twice, a row with
// more or fewer cells than columns, an open quote, text after a quote, a NUL byte, more than 64
// MiB.
Csv read_csv(const std::filesystem::path& path, const CsvOptions& options = {});
Csv parse_csv(std::string_view text, const std::string& name);

// One line of a .csv file, with its line feed; cells are quoted where they must be.
std::string csv_line(std::span<const std::string> cells);

// Writes the columns and rows of `table`. The file appears whole or not at all. Throws Error naming
// the file when it cannot be written, and when a row does not have one cell for each column.
void write_csv(const Csv& table, const std::filesystem::path& path);

}  // namespace tessera::io
