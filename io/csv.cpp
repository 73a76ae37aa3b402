#include "io/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/nearest.h"
#include "io/atomic_file.h"
#include "io/bytes.h"

namespace tessera::io {

namespace {

constexpr uintmax_t kMaxBytes = 64 << 20;
constexpr size_t kMaxColumns = 4096;

// Reads cell after cell and counts lines.
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    separator_ = find_separator();
  }

  // Reads the next row that is not an empty line; false at the end of the text.
  bool row(std::vector<std::string>& cells, int64_t& line) {
    while (at_ < text_.size() && end_of_line()) skip_end_of_line();
    if (at_ == text_.size()) return false;
    line = line_;
    cells.clear();
    while (true) {
      require(cells.size() < kMaxColumns, "read_csv: {}:{} has more than {} cells", name_, line_,
              kMaxColumns);
      cells.push_back(cell());
      if (at_ == text_.size()) return true;
      if (end_of_line()) {
        skip_end_of_line();
        return true;
      }
      ++at_;  // the separator
    }
  }

 private:
  bool end_of_line() const { return text_[at_] == '\n' || text_[at_] == '\r'; }

  void skip_end_of_line() {
    at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
    ++line_;
  }

  // A comma, unless the first line has none outside of quotes.
  char find_separator() const {
    bool quoted = false, semicolon = false, tab = false;
    for (const char c : text_.substr(at_)) {
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == ',') return ',';
      if (c == '\n' || c == '\r') break;
      semicolon = semicolon || c == ';';
      tab = tab || c == '\t';
    }
    return semicolon ? ';' : tab ? '\t' : ',';
  }

  std::string cell() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && !end_of_line()) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted_cell() {
    const int64_t opened = line_;
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (text_.substr(at_, 2) != "\"\"") break;
        ++at_;
      }
      if (c == '\n' || (c == '\r' && text_.substr(at_, 2) != "\r\n")) ++line_;
      value += c;
    }
    require(at_ < text_.size(), "read_csv: {}:{}: a quote is opened here and never closed", name_,
            opened);
    ++at_;
    require(
        at_ == text_.size() || text_[at_] == separator_ || end_of_line(),
        "read_csv: {}:{}: after a closing quote must come '{}' or the end of the line, got '{}'; "
        "write quotes inside of a cell twice",
        name_, line_, separator_, text_[at_]);
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
  int64_t line_ = 1;
  char separator_ = ',';
};

}  // namespace

size_t Csv::column(std::string_view column_name) const {
  const auto found = std::find(columns.begin(), columns.end(), column_name);
  require(found != columns.end(), "read_csv: {} must have a column \"{}\"; {}", name, column_name,
          suggest(std::string(column_name), columns));
  return static_cast<size_t>(found - columns.begin());
}

bool Csv::has(std::string_view column_name) const {
  return std::find(columns.begin(), columns.end(), column_name) != columns.end();
}

std::string Csv::place(size_t row) const {
  return fmt::format("{}:{}", name, lines.at(row));
}

double Csv::number(size_t row, size_t column) const {
  const std::string& cell = rows.at(row).at(column);
  if (cell.empty()) return NAN;
  double value = 0;
  const char* end = cell.data() + cell.size();
  const auto [stop, error] = std::from_chars(cell.data(), end, value);
  require(error == std::errc() && stop == end, "read_csv: {}: {} must be a number, got \"{}\"",
          place(row), columns[column], cell);
  return value;
}

Csv parse_csv(std::string_view text, const std::string& name) {
  const size_t nul = text.find('\0');
  require(nul == text.npos, "read_csv: {} must be a text file, got a NUL byte at offset {}", name,
          nul);
  Csv table{name, {}, {}, {}};
  CsvReader reader(text, name);
  int64_t line = 1;
  require(reader.row(table.columns, line),
          "read_csv: {} is empty; the first line must name the columns", name);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    require(table.column(table.columns[i]) == i, "read_csv: {}:{} names the column \"{}\" twice",
            name, line, table.columns[i]);
  }
  std::vector<std::string> cells;
  while (reader.row(cells, line)) {
    require(cells.size() == table.columns.size(),
            "read_csv: {}:{} must have {} cells, one for each of {}, got {}", name, line,
            table.columns.size(), table.columns, cells.size());
    table.rows.push_back(std::move(cells));
    table.lines.push_back(line);
  }
  return table;
}

Csv read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(path, error);
  require(error || bytes <= kMaxBytes, "read_csv: {} must have at most {} bytes, got {}",
          path.string(), kMaxBytes, bytes);
  std::string text = read_file(path);
  if (options.whole_lines) text.erase(text.rfind('\n') + 1);
  return parse_csv(text, path.string());
}

std::string csv_line(std::span<const std::string> cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string& cell = cells[i];
    if (i > 0) line += ',';
    // A lone empty cell would be an empty line, which is skipped; a lone semicolon or tab would be
    // taken for the separator.
    if (cell.find_first_of(",;\t\"\r\n") == cell.npos && !(cell.empty() && cells.size() == 1)) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line + '\n';
}

void write_csv(const Csv& table, const std::filesystem::path& path) {
  std::string text = csv_line(table.columns);
  for (const std::vector<std::string>& row : table.rows) {
    require(row.size() == table.columns.size(),
            "write_csv: {}: each row must have {} cells, one for each of {}, got {}", path.string(),
            table.columns.size(), table.columns, row);
    text += csv_line(row);
  }
  write_file(path, text);
}

}  // namespace tessera::io
