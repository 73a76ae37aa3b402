#include "core/random.h"

#include <array>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("core/random") {
  // The vectors for philox4x32 with 10 rounds that Random123 comes with (kat_vectors); an
  // implementation in Python integers gives the same.
  TEST_CASE("Philox gives the known answers") {
    struct Known {
      uint64_t key, low, high;
      std::array<uint32_t, 4> word;
    };
    const uint64_t all = ~uint64_t{0};
    const Known answers[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {all, all, all, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x85a308d3243f6a88,
         0x0370734413198a2e,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (const Known& known : answers) {
      const Philox p(known.key, known.low, known.high);
      for (size_t i = 0; i < 4; ++i) CHECK(p.word[i] == known.word[i]);
    }
  }

  TEST_CASE("the state counts tensors and can be put back") {
    const RandomState saved = random_state();
    manual_seed(7);
    CHECK(random_state().seed == 7);
    CHECK(next_random().next == 0);
    CHECK(next_random().next == 1);
    const RandomState state = random_state();
    CHECK(next_random().next == 2);
    set_random_state(state);
    CHECK(next_random().next == 2);
    set_random_state(saved);
  }

  TEST_CASE("threads never get the same number twice") {
    const RandomState saved = random_state();
    manual_seed(0);
    constexpr size_t kThreads = 4, kDraws = 1000;
    std::array<std::vector<uint64_t>, kThreads> numbers;
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (auto& own : numbers) {
      threads.emplace_back([&own] {
        for (size_t i = 0; i < kDraws; ++i) own.push_back(next_random().next);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<uint64_t> all;
    for (const auto& own : numbers) all.insert(own.begin(), own.end());
    CHECK(all.size() == kThreads * kDraws);
    set_random_state(saved);
  }
}
