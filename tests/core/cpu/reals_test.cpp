#include "core/cpu/reals.h"

#include <bit>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::cpu;

namespace {

// Every pattern of bits as S, to f32 and back.
template <class S>
void check_all_halves() {
  std::vector<S> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i].bits = static_cast<uint16_t>(i);
  std::vector<float> wide(all.size());
  widen(all.data(), 65536, wide.data());
  std::vector<S> back(all.size());
  narrow(wide.data(), 65536, back.data());
  int64_t wrong = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    wrong +=
        std::bit_cast<uint32_t>(wide[i]) != std::bit_cast<uint32_t>(static_cast<float>(all[i]));
    wrong += back[i].bits != S(wide[i]).bits;
  }
  CHECK(wrong == 0);
}

// Numbers of all sizes around those where rounding changes its mind.
template <class S>
void check_rounding() {
  std::vector<float> values;
  for (uint32_t high = 0; high < 65536; high += 3) {
    for (const uint32_t low : {0x0U, 0x1U, 0xfffU, 0x1000U, 0x1001U, 0x7fffU, 0x8000U, 0x8001U})
      values.push_back(std::bit_cast<float>((high << 16) | low));
  }
  std::vector<S> halves(values.size());
  narrow(values.data(), static_cast<int64_t>(values.size()), halves.data());
  int64_t wrong = 0;
  for (size_t i = 0; i < values.size(); ++i) wrong += halves[i].bits != S(values[i]).bits;
  CHECK(wrong == 0);
}

}  // namespace

TEST_SUITE("core/cpu/reals") {
  TEST_CASE("conversions in vectors have the bits of those of single numbers") {
    check_all_halves<BFloat16>();
    check_all_halves<Half>();
    check_rounding<BFloat16>();
    check_rounding<Half>();
  }

  TEST_CASE("reading and writing: any length, type and stride, and nothing else is touched") {
    for (const DType dtype : {f32, bf16, f16}) {
      for (const int64_t n : {0, 1, 3, 15, 16, 17, 255, 256, 257, 600}) {
        for (const int64_t stride : {1, 2, 3}) {
          CAPTURE(name_of(dtype));
          CAPTURE(n);
          CAPTURE(stride);
          const int64_t all = n * stride + 5;
          std::vector<std::byte> memory(static_cast<size_t>(all * size_of(dtype)));
          const Reals place(memory.data(), dtype);
          const std::vector<float> before(static_cast<size_t>(all), -2);
          place.write(all, before.data());
          std::vector<float> values(static_cast<size_t>(n)), got(values.size() + 1, 7);
          for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 200);
          (place + 2).write(n, values.data(), stride);
          ConstReals(place + 2).read(n, got.data(), stride);
          CHECK(std::equal(values.begin(), values.end(), got.begin()));
          CHECK(got.back() == 7);
          std::vector<float> whole(before.size());
          ConstReals(place).read(all, whole.data());
          int64_t kept = 0;
          for (const float value : whole) kept += value == -2;
          CHECK(kept == all - n);
        }
      }
    }
  }

  TEST_CASE("what a kernel can use as it is stays where it is") {
    float values[3] = {1, 2, 3}, memory[3];
    CHECK(ConstReals(values).view(3, memory) == values);
    CHECK(Reals(values).room(memory) == values);
    BFloat16 halves[3];
    const Reals half(reinterpret_cast<std::byte*>(halves), bf16);
    CHECK(half.room(memory) == memory);
    half.take(3, values);
    CHECK(ConstReals(half).view(3, memory) == memory);
    CHECK(memory[2] == 3);
    double exact[2] = {0.1, 0.2}, copies[2];
    ConstReals(exact).read(2, copies);
    CHECK(copies[1] == 0.2);
  }
}
