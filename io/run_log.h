#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tessera::io {

// The numbers of a run, one row an epoch; NaN stands for what was not measured.
struct RunHistory {
  std::vector<std::string> columns;         // the first counts epochs
  std::vector<std::vector<double>> values;  // for each column its numbers, one an epoch

  size_t rows() const { return values.empty() ? 0 : values[0].size(); }
  bool has(const std::string& column) const;
  // The numbers of a column. Throws Error naming the columns there are.
  const std::vector<double>& operator[](const std::string& column) const;
};

// Reads what RunLog wrote. A last row that was cut off, by a killed program, is left out. Throws
// Error naming file and line for anything else that is not a table of numbers.
RunHistory read_run_log(const std::filesystem::path& path);

// The .csv file of a run that is going on. A row is in the file when add() returns; numbers are
// written with all their digits.
class RunLog {
 public:
  // Begins an empty log with these columns, of which the first counts epochs. Throws Error when the
  // file cannot be written.
  RunLog(std::filesystem::path path, std::vector<std::string> columns);
  // Continues the log of an interrupted run behind epoch `last_epoch`: later rows are dropped. A
  // log that does not exist is begun. Throws Error when the file has other columns.
  RunLog(std::filesystem::path path, std::vector<std::string> columns, double last_epoch);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  // Appends a row, and keeps it. Throws Error naming the file when there is not one value for each
  // column, or when the row cannot be written: the file keeps the rows it had.
  void add(std::span<const double> row);

  const RunHistory& history() const { return history_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  void begin();

  std::filesystem::path path_;
  RunHistory history_;
  int file_ = -1;
};

}  // namespace tessera::io
