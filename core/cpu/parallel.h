#pragma once

#include <cstdint>
#include <exception>
#include <mutex>

#if defined(__SANITIZE_THREAD__)
#include <atomic>
#include <thread>
#include <vector>
#endif
#include <omp.h>

namespace tessera::cpu {

// Keeps the first exception that leaves a parallel loop and throws it again on the calling thread.
class FirstException {
 public:
  template <class F>
  void guard(F&& f) noexcept {
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!exception_) exception_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr exception_;
};

// Runs f(i) for 0 <= i < count, spread over the threads. The split of work into items must not
// depend on the number of threads, so that neither does the result. `serial` is for work too small
// to be worth waking threads.
template <class F>
void parallel_for(int64_t count, bool serial, F&& f) {
  if (serial || count <= 1 || omp_get_max_threads() == 1 || omp_in_parallel()) {
    for (int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  FirstException exception;
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer does not understand OpenMP's own synchronisation.
  std::atomic<int64_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < omp_get_max_threads(); ++t) {
    threads.emplace_back([&] {
      for (int64_t i = next++; i < count; i = next++) exception.guard([&] { f(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
#else
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) exception.guard([&] { f(i); });
#endif
  exception.rethrow();
}

// Splits [0, total) into runs of `grain` elements: f(begin, end).
template <class F>
void parallel_ranges(int64_t total, int64_t grain, F&& f) {
  const int64_t count = (total + grain - 1) / grain;
  parallel_for(count, false, [&](int64_t i) {
    f(i * grain, i * grain + grain < total ? i * grain + grain : total);
  });
}

}  // namespace tessera::cpu
