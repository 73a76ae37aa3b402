#include "tests/onnx/table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include <fmt/format.h>

namespace tessera::onnx {

namespace {

using Counts = std::array<int, 3>;  // by Outcome

int& count(Counts& counts, Outcome outcome) {
  return counts[static_cast<size_t>(outcome)];
}

Counts counts_of(std::span<const Result> results) {
  Counts counts{};
  for (const Result& result : results) ++count(counts, result.outcome);
  return counts;
}

std::string cell(int number) {
  return number == 0 ? "" : std::to_string(number);
}

}  // namespace

std::string table(std::span<const Result> results, bool verbose) {
  std::map<std::string, Counts> rows;
  std::map<std::string, std::map<std::string, int>> skipped;  // reason -> operator -> tests
  size_t width = 8;
  for (const Result& result : results) {
    ++count(rows[result.op], result.outcome);
    width = std::max(width, result.op.size());
    if (result.outcome == Outcome::skipped) ++skipped[result.reason][result.op];
  }
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{:{}}  {:>6}  {:>6}  {:>7}\n", "operator", width, "passed", "failed",
                 "skipped");
  for (const auto& [op, counts] : rows) {
    fmt::format_to(out, "{:{}}  {:>6}  {:>6}  {:>7}\n", op, width, cell(counts[0]), cell(counts[1]),
                   cell(counts[2]));
  }
  if (!skipped.empty()) text += "\nskipped:\n";
  for (const auto& [reason, ops] : skipped) {
    fmt::format_to(out, "  {}:", reason);
    for (const auto& [op, tests] : ops) fmt::format_to(out, " {} {}", op, tests);
    text += '\n';
  }
  if (verbose) {
    static constexpr const char* kWords[] = {"passed", "failed", "skipped"};
    text += "\ntests:\n";
    for (const Result& result : results) {
      fmt::format_to(out, "  {} {}{}{}\n", kWords[static_cast<size_t>(result.outcome)], result.test,
                     result.reason.empty() ? "" : ": ", result.reason);
    }
  } else if (counts_of(results)[1] > 0) {
    text += "\nfailed:\n";
    for (const Result& result : results) {
      if (result.outcome != Outcome::failed) continue;
      fmt::format_to(out, "  {} ({}): {}\n", result.test, result.op, result.reason);
    }
  }
  return text;
}

std::string summary(std::span<const Result> results) {
  const Counts counts = counts_of(results);
  return fmt::format("{} passed, {} failed, {} skipped", counts[0], counts[1], counts[2]);
}

}  // namespace tessera::onnx
