#include "core/chain.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/program.h"

using namespace tessera;

namespace {

using Kind = Instruction::Kind;

void run(const ChainLink*, int, int64_t) {}

// Instructions that each write a register of their own, over 100 elements.
struct Listing {
  Program program;

  Listing() { program.space = {100}; }
  int add(Kind kind, std::initializer_list<int> sources) {
    Instruction i;
    i.kind = kind;
    i.dst = program.registers++;
    for (const int source : sources) i.src[i.sources++] = source;
    program.code.push_back(i);
    return i.dst;
  }
  int load(int64_t stride = 1) {
    const int reg = add(Kind::load, {});
    program.code.back().form.coef[0] = stride;
    return reg;
  }
  int number() { return add(Kind::scalar, {}); }
  int map(std::initializer_list<int> sources, const ChainStep& step = {run}) {
    const int reg = add(Kind::map, sources);
    program.code.back().chain = step;
    program.code.back().name = step.is_product ? "mul" : step.takes_factor ? "add" : "f";
    return reg;
  }
  void store(int reg) { program.stores.push_back({reg, 0, f32, false}); }

  // What each instruction is, in order, before registers are shared: a number for the register,
  // with
  // `+` if it goes on with a chain, `<` and the source that is the value before, `b` if it is
  // brief.
  std::string chains() {
    form_chains(program);
    std::string text;
    for (const Instruction& i : program.code) {
      if (!text.empty()) text += ' ';
      if (i.chained) text += '+';
      text += std::to_string(i.dst);
      if (i.link >= 0) text += '<' + std::to_string(i.link);
      if (i.brief) text += 'b';
    }
    return text;
  }
};

constexpr ChainStep kSum{run, 0, false, true}, kProduct{run, 2, true, false};

}  // namespace

TEST_SUITE("core/chain") {
  TEST_CASE("maps become one chain, with all that they read before it") {
    Listing list;
    const int a = list.load(), b = list.map({a});
    const int c = list.load(), d = list.map({c, b});
    list.store(list.map({d, d}));
    CHECK(list.chains() == "0 2 1b +3<1b +4<0");
    allocate_registers(list.program);
    CHECK(list.program.code[2].dst == -1);  // passed on
    CHECK(list.program.code[3].dst >= 0);   // read twice: once from a block
    CHECK(list.program.str().find("  chain: f32 = f r") != std::string::npos);
  }

  TEST_CASE("a map whose only reader comes later moves there") {
    Listing list;
    const int a = list.load(), b = list.map({a}), c = list.map({a}), d = list.map({c, a});
    list.store(list.map({b, d}));
    CHECK(list.chains() == "0 1b +2b +3<0b +4<1");
  }

  TEST_CASE("a chain ends where something else reads it, and its results stay") {
    Listing list;
    const int a = list.load(), b = list.map({a}), c = list.add(Kind::cast, {b});
    list.store(list.map({c, b}));
    CHECK(list.chains() == "0 1 2 3");
  }

  TEST_CASE("functions of different types are in different chains") {
    Listing list;
    const int a = list.load(), b = list.map({a});
    list.store(list.map({b}, {[](const ChainLink*, int, int64_t) {}}));
    CHECK(list.chains() == "0 1 2");
  }

  TEST_CASE("a chain is no longer than a loop can take") {
    Listing list;
    int value = list.load();
    for (int k = 0; k < 100; ++k) value = list.map({value});
    list.store(value);
    form_chains(list.program);
    int length = 0;
    for (const Instruction& i : list.program.code) {
      length = i.chained ? length + 1 : 1;
      CHECK(3 * length <= kMaxLinks);
    }
  }

  TEST_CASE("a product with a number is a factor of the sum that reads it") {
    for (const bool first : {false, true}) {
      Listing list;
      const int a = list.load(), b = list.load(), n = list.number();
      const int product = first ? list.map({n, b}, kProduct) : list.map({b, n}, kProduct);
      list.store(first ? list.map({product, a}, kSum) : list.map({a, product}, kSum));
      CHECK(list.chains() == "0 1 2 4");
      const Instruction& sum = list.program.code.back();
      CHECK(sum.scaled == (first ? 0 : 1));
      CHECK(sum.src[sum.scaled] == b);
      CHECK(sum.src[1 - sum.scaled] == a);
      CHECK(sum.src[2] == n);
      allocate_registers(list.program);
      CHECK(list.program.str().find(first ? "add r1*r2 r0" : "add r0 r1*r2") != std::string::npos);
    }
  }

  TEST_CASE("a product that others read, or of a chain, is no factor") {
    Listing list;
    const int a = list.load(), b = list.load(), n = list.number();
    const int shared = list.map({b, n}, kProduct), square = list.map({a, a});
    const int scaled = list.map({square, n}, kProduct);
    list.store(list.map({a, shared}, kSum));
    list.store(list.map({shared, scaled}, kSum));
    form_chains(list.program);
    for (const Instruction& i : list.program.code) CHECK(i.scaled == -1);
  }

  TEST_CASE("what is the same along the innermost axis is not computed for each element") {
    for (const int64_t stride : {0, 1}) {
      Listing list;
      list.program.space = {3, 100, 1};
      const int a = list.load(), b = list.map({a});
      list.program.code[0].form.coef = {1, stride};
      list.store(list.map({b, a}));
      form_chains(list.program);
      CHECK((list.program.code[2].chain.run != nullptr) == (stride == 1));
      CHECK(list.program.code[2].chained == (stride == 1));
    }
  }

  TEST_CASE("a chain overwrites nothing that its next block reads") {
    // r4 = f(f(r0, r1)), stored; then values that only the chain reads.
    Listing list;
    const int a = list.load(), b = list.load();
    const int c = list.map({a, b}), d = list.map({c, c}), e = list.map({d, d});
    list.store(e);
    const int f = list.map({e, e});
    list.store(list.map({f, f}));
    form_chains(list.program);
    allocate_registers(list.program);
    const std::vector<Instruction>& code = list.program.code;
    REQUIRE(code.size() == 7);
    for (size_t i = 2; i < code.size(); ++i) {
      for (const size_t load : {0, 1}) CHECK(code[i].dst != code[load].dst);
    }
    // c and d lie in blocks, which f, another block, may use again, but not the stored e.
    CHECK(code[4].dst != code[2].dst);
    CHECK(code[4].dst != code[3].dst);
    CHECK((code[5].dst == code[2].dst || code[5].dst == code[3].dst));
  }
}
