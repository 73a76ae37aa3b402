#include "core/step_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "core/node.h"
#include "core/op.h"

namespace tessera {

namespace {

const Node& node_of(std::span<const Node* const> values, int value) {
  return *values[static_cast<size_t>(value)];
}

std::string_view name_of(Reduction reduction) {
  static constexpr std::string_view names[] = {"sum", "prod", "max",    "min",
                                               "any", "all",  "argmax", "argmin"};
  return names[static_cast<size_t>(reduction)];
}

// What people call an instruction; empty for those that only move data.
std::string_view name_of(const Instruction& i) {
  if (i.kind == Instruction::Kind::map) return i.name;
  if (i.kind == Instruction::Kind::cast) return "cast";
  if (i.kind == Instruction::Kind::reduce) return name_of(i.reduction);
  return {};
}

}  // namespace

std::string name_of_step(const Group& step, std::span<const Node* const> values) {
  if (step.kind != Group::Kind::program)
    return std::string(node_of(values, step.outputs[0]).op->name());
  std::vector<std::pair<std::string_view, int>> counted;
  for (const Instruction& i : step.program.code) {
    const std::string_view name = name_of(i);
    if (name.empty()) continue;
    const auto found = std::find_if(counted.begin(), counted.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found == counted.end()) {
      counted.emplace_back(name, 1);
    } else {
      ++found->second;
    }
  }
  if (counted.empty()) return "copy";
  std::string text;
  for (const auto& [name, count] : counted) {
    if (!text.empty()) text += ' ';
    if (count > 1) text += std::to_string(count) + ' ';
    text += name;
  }
  return text;
}

std::string line_of(const CallSite& site) {
  if (site.line == 0) return {};
  const std::string_view file = site.file;
  return fmt::format("{}:{}", file.substr(file.find_last_of('/') + 1), site.line);
}

StepWork work_of_step(const Group& step, std::span<const Node* const> values) {
  StepWork work;
  const bool program = step.kind == Group::Kind::program;
  const auto elements = static_cast<double>(step.program.space.numel());
  for (const int v : step.inputs) {
    const Node& node = node_of(values, v);
    if (is_scalar_node(node)) continue;
    // A slice reads no more than it shows.
    const double most = elements * static_cast<double>(size_of(node.dtype));
    const auto bytes = static_cast<double>(node.bytes());
    work.bytes += program ? std::min(bytes, most) : bytes;
  }
  for (const int v : step.outputs) work.bytes += static_cast<double>(node_of(values, v).bytes());
  if (!program) {
    const Node& node = node_of(values, step.outputs[0]);
    work.flops = node.op->cost(node).flops;
    return work;
  }
  const auto row = static_cast<double>(std::max<int64_t>(step.program.row, 1));
  for (const Instruction& i : step.program.code) {
    if (i.kind != Instruction::Kind::map && i.kind != Instruction::Kind::reduce) continue;
    work.flops += i.per_row && i.kind == Instruction::Kind::map ? elements / row : elements;
  }
  return work;
}

}  // namespace tessera
