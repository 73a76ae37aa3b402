#include "core/program.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "core/error.h"
#include "core/index.h"

namespace tessera {

using detail::at;

Program collapsed(const Program& original, int* split) {
  using Kind = Instruction::Kind;
  Program program = original;
  const int ndim = program.space.ndim(), wall = split ? *split : ndim;
  const auto mergeable = [&](int k) {  // axis k with axis k + 1
    return k + 1 != wall && std::ranges::all_of(program.code, [&](const Instruction& i) {
             const bool has_form =
                 i.kind == Kind::load || i.kind == Kind::iota || i.kind == Kind::guard;
             return !has_form ||
                    i.form.coef[at(k)] == i.form.coef[at(k + 1)] * program.space[k + 1];
           });
  };
  Shape space;
  std::array<int, kMaxDims> from{};  // the axis whose coefficients a merged axis keeps
  int in_front = 0;
  for (int k = 0; k < ndim; ++k) {
    if (program.space[k] == 1) continue;
    if (k < wall) ++in_front;
    int last = k;
    int64_t extent = program.space[k];
    while (last + 1 < ndim && program.space[last + 1] != 1 && mergeable(last))
      extent *= program.space[++last];
    from[at(space.ndim())] = last;
    space.push_back(extent);
    k = last;
  }
  for (Instruction& i : program.code) {
    Linear form;
    form.offset = i.form.offset;
    for (int k = 0; k < space.ndim(); ++k) form.coef[at(k)] = i.form.coef[at(from[at(k)])];
    i.form = form;
  }
  program.space = space;
  if (split) *split = in_front;
  return program;
}

void allocate_registers(Program& program) {
  std::vector<Instruction>& code = program.code;
  constexpr size_t kNever = 0;  // nothing that reads a register stands first
  std::vector<size_t> last_use(at(program.registers), kNever);
  for (size_t c = 0; c < code.size(); ++c) {
    for (int s = 0; s < code[c].sources; ++s) last_use[at(code[c].src[s])] = c;
  }
  for (const Store& store : program.stores) last_use[at(store.reg)] = code.size();

  std::vector<int> physical(at(program.registers), -1);
  std::vector<char> brief(at(program.registers), 0);
  std::vector<int> free;
  int used = 0;
  const auto take = [&](std::vector<int>& from) {
    if (from.empty()) return used++;
    const int reg = from.back();
    from.pop_back();
    return reg;
  };
  for (size_t first = 0, end = 0; first < code.size(); first = end) {
    end = first + 1;
    while (end < code.size() && code[end].chained) ++end;
    // A chain goes through its instructions again for each block, so what it reads keeps its
    // buffer until it ends; so do sources of a single instruction, since a loop may not read what
    // it overwrites at another width (casts) or position (expand, reduce, what stands for all
    // elements). Only blocks make room for other blocks.
    std::vector<int> blocks, later;
    for (size_t c = first; c < end; ++c) {
      Instruction& i = code[c];
      const int written = i.dst;
      const bool passed_on = i.brief && last_use[at(written)] == c + 1 && code[c + 1].link >= 0 &&
                             code[c + 1].src[code[c + 1].link] == written &&
                             std::count(code[c + 1].src, code[c + 1].src + 3, written) == 1;
      brief[at(written)] = i.brief;
      if (!passed_on) physical[at(written)] = take(i.brief && !blocks.empty() ? blocks : free);
      i.dst = physical[at(written)];
      const int sources[3] = {i.src[0], i.src[1], i.src[2]};
      for (int s = 0; s < i.sources; ++s) {
        const int reg = physical[at(sources[s])];
        i.src[s] = reg;
        const bool again = std::find(sources, sources + s, sources[s]) != sources + s;
        if (last_use[at(sources[s])] != c || again || reg < 0) continue;
        (brief[at(sources[s])] ? blocks : later).push_back(reg);
      }
      if (last_use[at(written)] == kNever && i.dst >= 0) later.push_back(i.dst);  // dead code
    }
    free.insert(free.end(), blocks.begin(), blocks.end());
    free.insert(free.end(), later.begin(), later.end());
  }
  for (Store& store : program.stores) store.reg = physical[at(store.reg)];
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
    for (int s = 0; s < (i.scaled < 0 ? i.sources : 2); ++s) {
      text += fmt::format(" {}", register_name(i.src[s]));
      if (s == i.scaled) text += fmt::format("*{}", register_name(i.src[2]));
    }
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
