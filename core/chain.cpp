#include "core/chain.h"

#include <algorithm>
#include <vector>

#include "core/index.h"
#include "core/program.h"

namespace tessera {

namespace {

using Kind = Instruction::Kind;

using detail::at;

// By register: whether it may change from one element to the next along the innermost axis. What
// does not is one value for a whole tile, or for long parts of it, and computed once by itself;
// inside of a chain it would be computed for every element.
std::vector<char> varying_registers(const Program& program) {
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

// By register: how many sources and stores read it.
std::vector<int> count_uses(const Program& program) {
  std::vector<int> uses(at(program.registers), 0);
  for (const Instruction& i : program.code) {
    for (int s = 0; s < i.sources; ++s) ++uses[at(i.src[s])];
  }
  for (const Store& store : program.stores) ++uses[at(store.reg)];
  return uses;
}

// By register: the instruction that writes it.
std::vector<int> writers(const Program& program) {
  std::vector<int> writer(at(program.registers), -1);
  for (size_t c = 0; c < program.code.size(); ++c)
    writer[at(program.code[c].dst)] = static_cast<int>(c);
  return writer;
}

// x + y * number, the step of every moving average, becomes one link.
void fold_factors(Program& program) {
  std::vector<Instruction>& code = program.code;
  const std::vector<int> uses = count_uses(program), writer = writers(program);
  const auto written_by = [&](int reg) -> const Instruction& { return code[at(writer[at(reg)])]; };
  std::vector<char> folded(code.size(), 0);
  for (Instruction& sum : code) {
    if (!sum.chain.takes_factor || sum.src[0] == sum.src[1]) continue;
    for (int s = 1; s >= 0 && sum.scaled < 0; --s) {
      const Instruction& product = written_by(sum.src[s]);
      if (!product.chain.is_product || product.scaled >= 0 || uses[at(product.dst)] != 1) continue;
      for (int n = 0; n < 2; ++n) {
        const int number = product.src[n], factor = product.src[1 - n];
        // What a chain computes is better multiplied there.
        if (written_by(number).kind != Kind::scalar || written_by(factor).chain.run) continue;
        folded[at(writer[at(product.dst)])] = 1;
        sum.src[s] = factor;
        sum.src[2] = number;
        sum.sources = 3;
        sum.scaled = s;
        break;
      }
    }
  }
  size_t next = 0;
  std::erase_if(code, [&](const Instruction&) { return folded[next++] != 0; });
}

// Puts each map whose only reader is another map right before that one, as far as a value has only
// one place before it: the longer path goes there.
void line_up(Program& program) {
  std::vector<Instruction>& code = program.code;
  const std::vector<int> uses = count_uses(program), writer = writers(program);
  std::vector<int> before(code.size(), -1), length(code.size(), 1);
  std::vector<char> continued(code.size(), 0);
  for (size_t c = 0; c < code.size(); ++c) {
    const Instruction& i = code[c];
    if (!i.chain.run) continue;
    for (int s = 0; s < i.sources; ++s) {
      const int m = writer[at(i.src[s])];
      if (s == i.scaled || code[at(m)].chain.run != i.chain.run || uses[at(i.src[s])] != 1 ||
          length[at(m)] < length[c])
        continue;
      before[c] = m;
      length[c] = length[at(m)] + 1;
    }
    if (before[c] >= 0) continued[at(before[c])] = 1;
  }
  // A path stands where its last map stood: all it reads has been computed by then, and nobody
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

// Joins neighbours to chains; what a chain does not wait for is computed before it.
void join(Program& program) {
  constexpr size_t kLongest = kMaxLinks / 3;  // each may take a load and a store
  std::vector<Instruction> ordered, chain;
  std::vector<char> in_chain(at(program.registers), 0);
  const auto close = [&] {
    for (Instruction& i : chain) {
      in_chain[at(i.dst)] = 0;
      i.chained = &i != chain.data();
      ordered.push_back(i);
    }
    chain.clear();
  };
  for (const Instruction& i : program.code) {
    if (i.chain.run) {
      if (!chain.empty() && (chain[0].chain.run != i.chain.run || chain.size() == kLongest))
        close();
      chain.push_back(i);
      in_chain[at(i.dst)] = 1;
    } else {
      if (std::any_of(i.src, i.src + i.sources, [&](int reg) { return in_chain[at(reg)] != 0; }))
        close();
      ordered.push_back(i);
    }
  }
  close();
  program.code = std::move(ordered);
}

// Sets `link` and `brief`.
void mark(Program& program) {
  std::vector<Instruction>& code = program.code;
  const std::vector<int> writer = writers(program);
  std::vector<int> chain(code.size(), 0);
  for (size_t c = 1; c < code.size(); ++c) chain[c] = chain[c - 1] + (code[c].chained ? 0 : 1);
  for (Instruction& i : code) i.brief = i.chain.run != nullptr;
  for (size_t c = 0; c < code.size(); ++c) {
    Instruction& i = code[c];
    for (int s = 0; s < i.sources; ++s) {
      const size_t w = at(writer[at(i.src[s])]);
      if (chain[w] != chain[c]) code[w].brief = false;
      if (i.chained && w + 1 == c && s != i.scaled && i.link < 0) i.link = s;
    }
  }
  for (const Store& store : program.stores) code[at(writer[at(store.reg)])].brief = false;
}

}  // namespace

void form_chains(Program& program) {
  const std::vector<char> varies = varying_registers(program);
  for (Instruction& i : program.code) {
    if (!varies[at(i.dst)]) i.chain = {};
  }
  fold_factors(program);
  line_up(program);
  join(program);
  mark(program);
}

}  // namespace tessera
