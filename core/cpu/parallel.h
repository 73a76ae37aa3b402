#pragma once

#include <cstdint>
#include <exception>
#include <mutex>

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

// Calls body(context, i) for 0 <= i < count on this thread and on those of the pool that are free,
// and returns when all calls have. The body must not throw.
//
// Items are handed out one by one, and only threads that took one are waited for. So a pool thread
// that the system does not let run, because other programs need the processors, holds nobody up;
// OpenMP's barrier, which waits for all threads, made a training step 20 times slower then.
using ParallelBody = void (*)(void* context, int64_t i);
void run_parallel(int64_t count, ParallelBody body, void* context);

// Whether run_parallel would use other threads: false with one thread, and inside of its bodies.
bool can_run_parallel();

// How many threads take part. Initially OMP_NUM_THREADS, which many programs go by, or the number
// of processors this process may use.
int thread_count();
void set_thread_count(int count);

// Runs f(i) for 0 <= i < count, spread over the threads. The split of work into items must not
// depend on the number of threads, so that neither does the result. `serial` is for work too small
// to be worth waking threads.
template <class F>
void parallel_for(int64_t count, bool serial, F&& f) {
  if (serial || count <= 1 || !can_run_parallel()) {
    for (int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  struct Context {
    F& f;
    FirstException exception;
  } context{f, {}};
  run_parallel(
      count,
      [](void* opaque, int64_t i) {
        auto& [body, exception] = *static_cast<Context*>(opaque);
        exception.guard([&b = body, i] { b(i); });
      },
      &context);
  context.exception.rethrow();
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
