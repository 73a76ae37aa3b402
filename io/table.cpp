#include "io/table.h"

#include <algorithm>
#include <ostream>

#include <fmt/ranges.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/terminal.h"

namespace tessera::io {

namespace {

constexpr std::string_view kGap = "  ";
constexpr int kLeast = 4;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number, perhaps with a unit behind it, or the lack of one.
bool reads_as_number(std::string_view cell) {
  if (cell.empty() || cell == "-" || cell == "nan" || cell == "inf" || cell == "-inf") return true;
  size_t i = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  if (i == cell.size() || !(is_digit(cell[i]) || cell[i] == '.')) return false;
  while (i < cell.size() &&
         (is_digit(cell[i]) || std::string_view(".,e+-").find(cell[i]) != cell.npos)) {
    ++i;
  }
  return i == cell.size() || cell.substr(i) == "%" || cell.substr(i) == "x" || cell[i] == ' ';
}

// Lowers the widest columns, one column of the terminal after the other, until all fit.
void squeeze(std::vector<int>& widths, int width) {
  int total = static_cast<int>(kGap.size() * (widths.size() - 1));
  for (const int w : widths) total += w;
  while (total > width) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kLeast) return;
    --*widest;
    --total;
  }
}

}  // namespace

Table::Table(std::vector<std::string> columns) : columns_(std::move(columns)) {
  require(!columns_.empty(), "Table: there must be a column, got none");
}

Table& Table::row(std::vector<std::string> cells) {
  require(cells.size() == columns_.size(),
          "Table: a row must have {} cells, one for each of {}, got {}", columns_.size(), columns_,
          cells);
  rows_.push_back(std::move(cells));
  return *this;
}

Table& Table::rule() {
  rules_.push_back(rows_.size());
  return *this;
}

std::string Table::str(int width, bool unicode) const {
  const size_t n = columns_.size();
  std::vector<int> widths(n, 0);
  std::vector<bool> right(n, true);
  const auto measure = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < n; ++i) widths[i] = std::max(widths[i], text_width(one_line(cells[i])));
  };
  measure(columns_);
  for (const std::vector<std::string>& cells : rows_) {
    measure(cells);
    for (size_t i = 0; i < n; ++i) right[i] = right[i] && reads_as_number(cells[i]);
  }
  if (width > 0) squeeze(widths, width);

  std::string text;
  const auto add_line = [&](std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    if (width > 0) line = shorten(line, width, unicode);
    text += line + '\n';
  };
  const auto add_cells = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < n; ++i) {
      const std::string cell = shorten(one_line(cells[i]), widths[i], unicode);
      const std::string space(static_cast<size_t>(std::max(0, widths[i] - text_width(cell))), ' ');
      line.append(i > 0 ? kGap : "").append(right[i] ? space + cell : cell + space);
    }
    add_line(line);
  };
  const auto add_rule = [&] {
    std::string line;
    for (size_t i = 0; i < n; ++i) {
      line.append(i > 0 ? kGap : "").append(static_cast<size_t>(widths[i]), '-');
    }
    add_line(line);
  };

  add_cells(columns_);
  add_rule();
  auto rule = rules_.begin();
  for (size_t i = 0; i < rows_.size(); ++i) {
    for (; rule != rules_.end() && *rule == i; ++rule) {
      if (i > 0) add_rule();
    }
    add_cells(rows_[i]);
  }
  return text;
}

void Table::save_csv(const std::filesystem::path& path) const {
  write_csv({path.string(), columns_, rows_, {}}, path);
}

std::ostream& operator<<(std::ostream& out, const Table& table) {
  return out << table.str();
}

}  // namespace tessera::io
