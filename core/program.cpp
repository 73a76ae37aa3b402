#include "core/program.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/error.h"

namespace tessera {

void allocate_registers(Program& program) {
  const auto count = static_cast<size_t>(program.registers);
  std::vector<size_t> last_use(count, 0);
  for (size_t i = 0; i < program.code.size(); ++i) {
    for (int s = 0; s < program.code[i].sources; ++s) {
      last_use[static_cast<size_t>(program.code[i].src[s])] = i;
    }
  }
  for (const Store& store : program.stores)
    last_use[static_cast<size_t>(store.reg)] = program.code.size();

  std::vector<int> physical(count, -1), free;
  int used = 0;
  for (size_t i = 0; i < program.code.size(); ++i) {
    Instruction& instruction = program.code[i];
    const int sources[3] = {instruction.src[0], instruction.src[1], instruction.src[2]};
    // The result is placed before the sources are freed: a loop may not read what it overwrites
    // at another width (casts) or position (expand, reduce).
    if (free.empty()) free.push_back(used++);
    const auto dst = static_cast<size_t>(instruction.dst);
    physical[dst] = free.back();
    free.pop_back();
    for (int s = 0; s < instruction.sources; ++s) {
      const auto reg = static_cast<size_t>(sources[s]);
      instruction.src[s] = physical[reg];
      const bool again = std::find(sources, sources + s, sources[s]) != sources + s;
      if (last_use[reg] == i && !again) free.push_back(physical[reg]);
    }
    instruction.dst = physical[dst];
    if (last_use[dst] == 0) free.push_back(physical[dst]);  // never used: dead code
  }
  for (Store& store : program.stores) store.reg = physical[static_cast<size_t>(store.reg)];
  program.registers = used;
}

static const char* kind_name(Instruction::Kind kind) {
  static constexpr const char* names[] = {"load", "scalar", "iota",  "guard",  "mask",
                                          "map",  "cast",   "round", "reduce", "expand"};
  return names[static_cast<size_t>(kind)];
}

static std::string text_of(const Linear& form, int ndim) {
  std::string text = std::to_string(form.offset);
  for (int k = 0; k < ndim; ++k) {
    if (const int64_t c = form.coef[static_cast<size_t>(k)]; c != 0)
      text += fmt::format(" + {}*i{}", c, k);
  }
  return text;
}

std::string Program::str() const {
  static constexpr const char* walks[] = {"flat", "rows", "long rows", "columns"};
  std::string text = fmt::format("{} over {}", walks[static_cast<size_t>(walk)], space);
  if (walk != Walk::flat) text += fmt::format(", {} per row", row);
  text += "\n";
  for (const Instruction& i : code) {
    text += fmt::format("  r{}{}: {} = {}", i.dst, i.per_row ? "/row" : "", i.type,
                        i.kind == Instruction::Kind::map ? i.name : kind_name(i.kind));
    for (int s = 0; s < i.sources; ++s) text += fmt::format(" r{}", i.src[s]);
    if (i.slot >= 0) text += fmt::format(" @{}", i.slot);
    if (i.kind == Instruction::Kind::load || i.kind == Instruction::Kind::iota ||
        i.kind == Instruction::Kind::guard) {
      text += fmt::format(" [{}]", text_of(i.form, space.ndim()));
    }
    text += "\n";
  }
  for (const Store& store : stores)
    text += fmt::format("  store r{} @{} {}\n", store.reg, store.slot, store.storage);
  return text;
}

}  // namespace tessera
