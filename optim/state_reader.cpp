#include "optim/state_reader.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::optim {

Tensor StateReader::tensor(const std::string& name, const Shape& shape, DType dtype, bool needed) {
  const auto entry = rest_.find(name);
  if (entry == rest_.end() || !entry->second.defined()) {
    if (needed) problems_.push_back(name + " is missing");
    return {};
  }
  Tensor found = entry->second;
  rest_.erase(entry);
  if (found.shape() == shape && found.dtype() == dtype) return found;
  problems_.push_back(
      fmt::format("{} must be {} {}, got {} {}", name, dtype, shape, found.dtype(), found.shape()));
  return {};
}

double StateReader::number(const std::string& name, DType dtype) {
  const Tensor found = tensor(name, {}, dtype);
  if (!found.defined()) return 0;
  const double value = found.item();
  if (std::isfinite(value) && value >= 0) return value;
  problems_.push_back(fmt::format("{} must be a finite number >= 0, got {}", name, value));
  return 0;
}

void StateReader::finish(const char* function, const char* rule) const {
  constexpr size_t kShown = 8;
  std::vector<std::string> problems = problems_;
  for (const auto& entry : rest_) problems.push_back(entry.first + " is unexpected");
  std::string text;
  for (size_t i = 0; i < std::min(problems.size(), kShown); ++i)
    text += (i > 0 ? "; " : "") + problems[i];
  if (problems.size() > kShown) text += fmt::format("; and {} more", problems.size() - kShown);
  require(problems.empty(), "{}: {}: {}", function, rule, text);
}

}  // namespace tessera::optim
