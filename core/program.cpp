#include "core/program.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "core/error.h"

namespace tessera {

namespace {

size_t at(int i) {
  return static_cast<size_t>(i);
}

// By register: whether it may change from one element to the next along the innermost axis. What
// does not is one value for a whole tile, or for long parts of it, and computed once by itself;
// inside of a chain it would be computed for every element.
std::vector<char> varying_registers(const Program& program) {
  using Kind = Instruction::Kind;
  int innermost = program.space.ndim() - 1;
  while (innermost >= 0 && program.space[innermost] == 1) --innermost;
  std::vector<char> varies(at(program.registers), 0);
  for (const Instruction& i : program.code) {
    bool any = i.kind == Kind::guard;
    if (i.kind == Kind::load || i.kind == Kind::iota)
      any = innermost >= 0 && i.form.coef[at(innermost)] != 0;
    if (i.kind != Kind::reduce && i.kind != Kind::expand) {
      for (int s = 0; s < i.sources; ++s) any = any || varies[at(i.src[s])];
    }
    varies[at(i.dst)] = any && !i.per_row;
  }
  return varies;
}

}  // namespace

void form_chains(Program& program) {
  std::vector<Instruction>& code = program.code;
  const std::vector<char> varies = varying_registers(program);
  std::vector<int> uses(at(program.registers), 0), maker(at(program.registers), -1);
  for (const Instruction& i : code) {
    for (int s = 0; s < i.sources; ++s) ++uses[at(i.src[s])];
  }
  for (const Store& store : program.stores) ++uses[at(store.reg)];

  // Each map continues the longer of the chains that end in its sources.
  std::vector<int> before(code.size(), -1), length(code.size(), 1);
  std::vector<char> continued(code.size(), 0);
  for (size_t c = 0; c < code.size(); ++c) {
    Instruction& i = code[c];
    maker[at(i.dst)] = static_cast<int>(c);
    if (!i.chain.run || !varies[at(i.dst)]) continue;
    for (int s = 0; s < i.sources; ++s) {
      const int m = maker[at(i.src[s])];
      if (code[at(m)].chain.run != i.chain.run || !varies[at(i.src[s])] ||
          uses[at(i.src[s])] != 1 || length[at(m)] == kMaxLinks || length[at(m)] < length[c])
        continue;
      before[c] = m;
      length[c] = length[at(m)] + 1;
      i.link = s;
    }
    if (before[c] >= 0) continued[at(before[c])] = 1;
  }

  // A chain stands where its last map stood: all it reads has been computed by then, and nobody
  // else waits for what it computes on the way.
  std::vector<Instruction> ordered;
  for (size_t c = 0; c < code.size(); ++c) {
    if (continued[c]) continue;
    const auto first = static_cast<std::ptrdiff_t>(ordered.size());
    for (int m = static_cast<int>(c); m >= 0; m = before[at(m)]) ordered.push_back(code[at(m)]);
    std::reverse(ordered.begin() + first, ordered.end());
  }
  code = std::move(ordered);
}

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
    size_t last = i;  // of the chain that starts here
    while (last + 1 < program.code.size() && program.code[last + 1].link >= 0) ++last;
    // The result is placed before the sources are freed: a loop may not read what it overwrites
    // at another width (casts) or position (expand, reduce, what stands for all elements).
    if (free.empty()) free.push_back(used++);
    const auto dst = static_cast<size_t>(program.code[last].dst);
    physical[dst] = free.back();
    free.pop_back();
    for (;; ++i) {
      Instruction& instruction = program.code[i];
      const int sources[3] = {instruction.src[0], instruction.src[1], instruction.src[2]};
      for (int s = 0; s < instruction.sources; ++s) {
        const auto reg = static_cast<size_t>(sources[s]);
        instruction.src[s] = physical[reg];
        const bool again = std::find(sources, sources + s, sources[s]) != sources + s;
        if (last_use[reg] == i && !again && s != instruction.link) free.push_back(physical[reg]);
      }
      instruction.dst = physical[static_cast<size_t>(instruction.dst)];
      if (i == last) break;
    }
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

static std::string register_name(int reg) {
  return reg < 0 ? "chain" : fmt::format("r{}", reg);
}

std::string Program::str() const {
  static constexpr const char* walks[] = {"flat", "rows", "long rows", "columns"};
  std::string text = fmt::format("{} over {}", walks[static_cast<size_t>(walk)], space);
  if (walk != Walk::flat) text += fmt::format(", {} per row", row);
  text += "\n";
  for (const Instruction& i : code) {
    text += fmt::format("  {}{}: {} = {}", register_name(i.dst), i.per_row ? "/row" : "", i.type,
                        i.kind == Instruction::Kind::map ? i.name : kind_name(i.kind));
    for (int s = 0; s < i.sources; ++s) text += fmt::format(" {}", register_name(i.src[s]));
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
