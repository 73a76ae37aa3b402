#include "core/program.h"

#include <doctest/doctest.h>

using namespace tessera;

namespace {

Instruction step(Instruction::Kind kind, int dst, std::initializer_list<int> sources) {
  Instruction instruction;
  instruction.kind = kind;
  instruction.dst = dst;
  for (const int source : sources) instruction.src[instruction.sources++] = source;
  return instruction;
}

// ((x + x) + x) + ... over `length` additions.
Program chain(int length) {
  Program program;
  program.space = {4};
  program.code.push_back(step(Instruction::Kind::load, 0, {}));
  for (int i = 1; i <= length; ++i)
    program.code.push_back(step(Instruction::Kind::map, i, {i - 1, 0}));
  program.stores.push_back({length, 1, f32, false});
  program.registers = length + 1;
  program.slots = 2;
  return program;
}

}  // namespace

TEST_SUITE("core/program") {
  TEST_CASE("a long chain needs three registers: the input, the last value and the next") {
    Program program = chain(20);
    allocate_registers(program);
    CHECK(program.registers == 3);
  }

  TEST_CASE("no instruction writes a register it reads, and live values keep theirs") {
    Program program = chain(20);
    allocate_registers(program);
    const int input = program.code[0].dst;
    for (const Instruction& instruction : program.code) {
      for (int s = 0; s < instruction.sources; ++s) CHECK(instruction.src[s] != instruction.dst);
      if (instruction.sources > 0) CHECK(instruction.src[1] == input);
    }
    CHECK(program.stores[0].reg == program.code.back().dst);
  }

  TEST_CASE("stored values are not overwritten") {
    Program program = chain(5);
    program.stores.push_back({1, 2, f32, false});  // the first sum is a result too
    allocate_registers(program);
    const int kept = program.stores[1].reg;
    for (size_t i = 2; i < program.code.size(); ++i) CHECK(program.code[i].dst != kept);
  }

  TEST_CASE("the text names kinds, registers and positions") {
    Program program = chain(1);
    program.code[0].slot = 0;
    program.code[0].form.coef[0] = 1;
    program.code[1].name = "add";
    CHECK(program.str() ==
          "flat over [4]\n"
          "  r0: f32 = load @0 [0 + 1*i0]\n"
          "  r1: f32 = add r0 r0\n"
          "  store r1 @1 f32\n");
  }

  TEST_CASE("maps with one reader stand before it and need no register") {
    // r1 = f(r0, r2), r4 = g(r3, r1), r5 = h(r4, r4), where r2 is the same for all elements
    Program program;
    program.space = {100};
    const auto run = [](void*, const ChainLink*, int, int64_t) {};
    const auto load = [](int dst, int64_t stride) {
      Instruction i = step(Instruction::Kind::load, dst, {});
      i.form.coef[0] = stride;
      return i;
    };
    const auto map = [&](int dst, std::initializer_list<int> sources) {
      Instruction i = step(Instruction::Kind::map, dst, sources);
      i.chain.run = run;
      return i;
    };
    program.code = {load(0, 1), load(2, 0),     map(1, {0, 2}),
                    load(3, 1), map(4, {3, 1}), map(5, {4, 4})};
    program.stores.push_back({5, 0, f32, false});
    program.registers = 6;
    form_chains(program);
    // The load of r3 comes first now; h reads its source twice, which a link cannot.
    std::vector<int> order, links;
    for (const Instruction& i : program.code) {
      order.push_back(i.dst);
      links.push_back(i.link);
    }
    CHECK(order == std::vector<int>{0, 2, 3, 1, 4, 5});
    CHECK(links == std::vector<int>{-1, -1, -1, -1, 1, -1});
    allocate_registers(program);
    CHECK(program.code[3].dst == -1);
    CHECK(program.code[4].src[1] == -1);
    // The chain's result may not lie where one of its operands stands for all elements.
    for (const size_t c : {0, 1, 2}) CHECK(program.code[4].dst != program.code[c].dst);
    CHECK(program.str().find("  chain: f32 = ") != std::string::npos);
  }

  TEST_CASE("what is the same along the innermost axis is not computed for each element") {
    for (const int64_t stride : {0, 1}) {
      Program program;
      program.space = {3, 100, 1};
      program.code = {step(Instruction::Kind::load, 0, {}), step(Instruction::Kind::map, 1, {0}),
                      step(Instruction::Kind::map, 2, {1, 0})};
      program.code[0].form.coef = {1, stride};
      for (const size_t c : {1, 2})
        program.code[c].chain.run = [](void*, const ChainLink*, int, int64_t) {};
      program.stores.push_back({2, 0, f32, false});
      program.registers = 3;
      form_chains(program);
      CHECK(program.code[2].link == (stride == 0 ? -1 : 0));
    }
  }
}
