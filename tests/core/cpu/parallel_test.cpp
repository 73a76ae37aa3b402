#include "core/cpu/parallel.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;

namespace {

// Sets the number of threads, and puts the old one back.
struct Threads {
  explicit Threads(int count) : before(cpu::thread_count()) { cpu::set_thread_count(count); }
  ~Threads() { cpu::set_thread_count(before); }
  int before;
};

}  // namespace

TEST_SUITE("core/cpu/parallel") {
  TEST_CASE("every item is done once, in loops of every length") {
    for (const int threads : {1, 2, 3, 8}) {
      const Threads scope(threads);
      for (int64_t count = 0; count < 300; ++count) {
        std::vector<int> done(static_cast<size_t>(count), 0);
        cpu::parallel_for(count, false, [&](int64_t i) { ++done[static_cast<size_t>(i)]; });
        CHECK(done == std::vector<int>(static_cast<size_t>(count), 1));
      }
    }
  }

  TEST_CASE("short loops one after the other do not mix") {
    const Threads scope(4);
    for (int64_t loop = 0; loop < 20000; ++loop) {
      std::atomic<int64_t> sum{0};
      cpu::parallel_for(3, false, [&](int64_t i) { sum += loop + i; });
      REQUIRE(sum == 3 * loop + 3);
    }
  }

  TEST_CASE("a loop inside of a loop runs on its thread") {
    const Threads scope(3);
    std::atomic<int> inner{0};
    cpu::parallel_for(8, false, [&](int64_t) {
      const auto self = std::this_thread::get_id();
      cpu::parallel_for(8, false, [&](int64_t) { inner += std::this_thread::get_id() == self; });
    });
    CHECK(inner == 64);
    CHECK(cpu::can_run_parallel());
  }

  TEST_CASE("loops of several threads of the program") {
    const Threads scope(3);
    std::atomic<int64_t> sum{0};
    std::vector<std::thread> users;
    for (int u = 0; u < 4; ++u) {
      users.emplace_back([&] {
        for (int loop = 0; loop < 500; ++loop) {
          cpu::parallel_for(10, false, [&](int64_t i) { sum += i; });
        }
      });
    }
    for (std::thread& user : users) user.join();
    CHECK(sum == 4 * 500 * 45);
  }

  TEST_CASE("the first exception arrives, and the pool goes on") {
    const Threads scope(2);
    CHECK_THROWS_AS(cpu::parallel_for(100, false,
                                      [](int64_t i) {
                                        if (i % 7 == 3) throw std::runtime_error("three");
                                      }),
                    std::runtime_error);
    int64_t done = 0;
    cpu::parallel_ranges(10, 100, [&](int64_t begin, int64_t end) { done += end - begin; });
    CHECK(done == 10);
  }
}
