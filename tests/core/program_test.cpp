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
}
