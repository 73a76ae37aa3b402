#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::bench {

// Whether the program shall only show that it works, on sizes that a test can afford: `--quick`
// behind the other arguments. Its numbers mean nothing then.
inline bool is_quick(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[argc - 1]) == "--quick";
}

// What `run` returns, or 1 when it throws, with the error on standard error.
inline int reporting_errors(int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

// One way of doing the work that is compared.
struct Contender {
  std::string name;
  std::function<void()> run;
  std::vector<double> seconds = {};

  double median() {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }
};

// Seconds of a clock that stops while the processor does something else, for one thread; of the
// clock on the wall for several.
inline double seconds_now(bool one_thread) {
  timespec time{};
  clock_gettime(one_thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Times the contenders in turn, `rounds` times after one round of warm-up: on a machine that others
// use too, only ratios of interleaved runs mean something.
inline void race(std::vector<Contender>& contenders, int rounds, bool one_thread) {
  for (int round = -1; round < rounds; ++round) {
    for (Contender& contender : contenders) {
      const double begin = seconds_now(one_thread);
      contender.run();
      if (round >= 0) contender.seconds.push_back(seconds_now(one_thread) - begin);
    }
  }
}

// Keeps the compiler from dropping a result nobody reads.
inline void consume(const void* result) {
  asm volatile("" : : "r"(result) : "memory");
}

}  // namespace tessera::bench
