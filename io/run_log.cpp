#include "io/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/nearest.h"
#include "io/atomic_file.h"
#include "io/csv.h"

namespace tessera::io {

namespace {

// The shortest text that reads back as the same number.
std::string row_text(std::span<const double> row) {
  std::vector<std::string> cells;
  for (const double value : row)
    cells.push_back(std::isnan(value) ? "nan" : fmt::format("{}", value));
  return csv_line(cells);
}

}  // namespace

bool RunHistory::has(const std::string& column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

const std::vector<double>& RunHistory::operator[](const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  require(found != columns.end(), "RunHistory: there must be a column \"{}\"; {}", column,
          suggest(column, columns));
  return values[static_cast<size_t>(found - columns.begin())];
}

RunHistory read_run_log(const std::filesystem::path& path) {
  const Csv table = read_csv(path, {.whole_lines = true});
  RunHistory history{table.columns, std::vector<std::vector<double>>(table.columns.size())};
  for (size_t row = 0; row < table.rows.size(); ++row) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      history.values[i].push_back(table.number(row, i));
    }
  }
  return history;
}

RunLog::RunLog(std::filesystem::path path, std::vector<std::string> columns)
    : path_(std::move(path)) {
  history_.values.resize(columns.size());
  history_.columns = std::move(columns);
  begin();
}

RunLog::RunLog(std::filesystem::path path, std::vector<std::string> columns, double last_epoch)
    : path_(std::move(path)) {
  history_.values.resize(columns.size());
  history_.columns = std::move(columns);
  if (std::filesystem::exists(path_)) {
    RunHistory old = read_run_log(path_);
    require(old.columns == history_.columns,
            "RunLog: {} must have the columns {} to be continued, got {}; move it away to begin "
            "another",
            path_.string(), history_.columns, old.columns);
    const std::vector<double>& epochs = old.values.front();
    const auto later = std::find_if(epochs.begin(), epochs.end(),
                                    [&](double epoch) { return !(epoch <= last_epoch); });
    const auto kept = later - epochs.begin();
    for (std::vector<double>& column : old.values) column.resize(static_cast<size_t>(kept));
    history_ = std::move(old);
  }
  begin();
}

// Writes the rows there are and opens the file for more.
void RunLog::begin() {
  require(!history_.columns.empty(), "RunLog: {} must have a column, got none", path_.string());
  std::string text = csv_line(history_.columns);
  for (size_t i = 0; i < history_.rows(); ++i) {
    std::vector<double> row;
    for (const std::vector<double>& column : history_.values) row.push_back(column[i]);
    text += row_text(row);
  }
  write_file(path_, text);
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  require(file_ >= 0, "RunLog: {} cannot be opened: {}", path_.string(), std::strerror(errno));
}

RunLog::~RunLog() {
  if (file_ >= 0) ::close(file_);
}

void RunLog::add(std::span<const double> row) {
  require(row.size() == history_.columns.size(),
          "RunLog: {} must get {} values, one for each of {}, got {}", path_.string(),
          history_.columns.size(), history_.columns, row.size());
  const std::string text = row_text(row);
  const off_t before = ::lseek(file_, 0, SEEK_END);
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int reason = errno;
      // Takes back half a row. If that fails too, read_run_log still leaves it out.
      [[maybe_unused]] const int taken_back = ::ftruncate(file_, before);
      fail(fmt::format("RunLog: {} cannot be written: {}", path_.string(), std::strerror(reason)));
    }
    done += static_cast<size_t>(written);
  }
  for (size_t i = 0; i < row.size(); ++i) history_.values[i].push_back(row[i]);
}

}  // namespace tessera::io
