#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace tessera::io {

// Rows of text in aligned columns:
//
//   case      class   Dice  IoU
//   --------  -----  -----  -----
//   slice_07  brain  0.912  0.838
//   slice_12  brain  0.874  0.776
//   --------  -----  -----  -----
//   mean             0.893  0.807
//
// Columns that hold only numbers (also "12 %", "3.4 MB", "1,234", "nan", "-") stand to the right.
class Table {
 public:
  // Throws Error without columns.
  explicit Table(std::vector<std::string> columns);

  // Adds a row. Throws Error when it does not have one cell for each column.
  Table& row(std::vector<std::string> cells);
  // Adds a line before the next row, such as before means. It is not part of a .csv file.
  Table& rule();

  size_t size() const { return rows_.size(); }

  // The lines, each with its line feed. At most `width` columns wide where that is above 0: the
  // widest columns are shortened then, down to 4 characters; what still does not fit is cut off.
  std::string str(int width = 0, bool unicode = true) const;

  // Writes the rows to a .csv file; see write_csv.
  void save_csv(const std::filesystem::path& path) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> rules_;  // before which rows
};

// The table as wide as it needs to be.
std::ostream& operator<<(std::ostream& out, const Table& table);

}  // namespace tessera::io
