#include "nn/describe.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::nn {

std::string Description::text_of(double value) {
  return fmt::format("{:g}", value);
}

std::string Description::text_of(const Shape& each) {
  const auto as_first = [&](int64_t extent) { return extent == each[0]; };
  if (each.empty() || !std::all_of(each.begin(), each.end(), as_first)) return each.str();
  return std::to_string(each[0]);
}

void Description::append(const char* name, const std::string& value) {
  if (!text_.empty()) text_ += ", ";
  if (name) text_ += std::string(name) + "=";
  text_ += value;
}

}  // namespace tessera::nn
