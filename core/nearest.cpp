#include "core/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace tessera {

namespace {

// Letters to insert, delete or replace to turn a into b. Levenshtein 1966.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggest(const std::string& wanted, const std::vector<std::string>& known) {
  if (known.empty()) return "there are none";
  const auto near = [&](const std::string& name) {
    const bool part = !wanted.empty() && (name.starts_with(wanted) || wanted.starts_with(name));
    return part ? 1 : distance(wanted, name);
  };
  const auto best = std::ranges::min_element(known, {}, near);
  const size_t limit = std::max<size_t>(2, wanted.size() / 3);
  const std::string guess = near(*best) <= limit ? fmt::format("did you mean '{}'? ", *best) : "";
  return fmt::format("{}there {} {}", guess, known.size() == 1 ? "is" : "are",
                     fmt::join(known, ", "));
}

size_t index_of(std::string_view what, std::string_view name,
                const std::vector<std::string>& known) {
  const auto found = std::ranges::find(known, name);
  if (found == known.end()) {
    const std::string wanted(name);
    fail(fmt::format("{}: there is no '{}'; {}", what, wanted, suggest(wanted, known)));
  }
  return static_cast<size_t>(found - known.begin());
}

}  // namespace tessera
