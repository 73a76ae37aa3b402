#include "core/cpu/tile.h"

#include <numeric>

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::cpu;

namespace {

// A program that loads through `form` and stores to slot 1.
Program copying(const Shape& space, const Linear& form, DType from = f32, DType to = f32) {
  Program program;
  program.space = space;
  Instruction load;
  load.kind = Instruction::Kind::load;
  load.type = from;
  load.storage = from;
  load.slot = 0;
  load.form = form;
  program.code.push_back(load);
  int reg = 0;
  if (from != to) {
    Instruction cast;
    cast.kind = Instruction::Kind::cast;
    cast.type = to;
    cast.from = from;
    cast.src[0] = 0;
    cast.sources = 1;
    cast.dst = reg = 1;
    program.code.push_back(cast);
  }
  program.registers = reg + 1;
  program.stores.push_back({reg, 1, to, false});
  program.slots = 2;
  return program;
}

}  // namespace

TEST_SUITE("core/cpu/tile") {
  TEST_CASE("tiles of any length read what the form says, in order or not") {
    std::vector<float> in(60), out(60);
    std::iota(in.begin(), in.end(), 0.0F);
    std::byte* slots[] = {reinterpret_cast<std::byte*>(in.data()),
                          reinterpret_cast<std::byte*>(out.data())};
    Linear transposed;  // out[i, j, k] = in[k, j, i], in [5, 4, 3]
    transposed.coef = {1, 3, 12};
    const Program program = copying({3, 4, 5}, transposed);
    for (const int64_t tile : {1, 7, 20, 60}) {
      for (const bool backwards : {false, true}) {
        std::fill(out.begin(), out.end(), -1.0F);
        TileRunner runner(program, slots, 60);
        for (int64_t t = 0; t * tile < 60; ++t) {
          const int64_t begin = backwards ? (59 / tile - t) * tile : t * tile;
          runner.run(begin, std::min<int64_t>(tile, 60 - begin));
        }
        for (int i = 0, at = 0; i < 3; ++i) {
          for (int j = 0; j < 4; ++j) {
            for (int k = 0; k < 5; ++k, ++at)
              CHECK(out[static_cast<size_t>(at)] == static_cast<float>(k * 12 + j * 3 + i));
          }
        }
      }
    }
  }

  TEST_CASE("a value that does not change along a tile is kept once") {
    std::vector<float> in{3};
    std::vector<double> out(10);
    std::byte* slots[] = {reinterpret_cast<std::byte*>(in.data()),
                          reinterpret_cast<std::byte*>(out.data())};
    const Program program = copying({10}, {}, f32, f64);
    TileRunner runner(program, slots, 10);
    runner.run(0, 10);
    CHECK(out == std::vector<double>(10, 3.0));
    const auto* values = reinterpret_cast<const double*>(runner.contiguous(1, f64, 10));
    CHECK(values[9] == 3);
  }
}
