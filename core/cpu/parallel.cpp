#include "core/cpu/parallel.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tessera::cpu {

namespace {

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

thread_local bool inside_loop = false;

// Threads that wait for one loop at a time. The pool lives until the process ends, since threads
// cannot be joined safely while statics are destroyed.
class ThreadPool {
 public:
  void run(int64_t count, ParallelBody body, void* context) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    inside_loop = true;
    if (!lock) {  // another thread of the program has the pool
      for (int64_t i = 0; i < count; ++i) body(context, i);
      inside_loop = false;
      return;
    }
    start_threads(static_cast<int>(std::min<int64_t>(thread_count(), count)) - 1);
    body_ = body;
    context_ = context;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    open_.store(true);
    loops_.fetch_add(1);
    loops_.notify_all();
    take_items();
    // Whoever entered while the loop was open is counted in `inside_`, and nobody enters later.
    open_.store(false);
    for (int spins = 0; inside_.load() != 0; ++spins) {
      spins < kSpins ? pause() : std::this_thread::yield();
    }
    inside_loop = false;
  }

 private:
  // About 20 microseconds: longer than the pause between the kernels of a training step, so that
  // threads are not put to sleep between them, and shorter than what others would notice.
  static constexpr int kSpins = 500;

  void take_items() {
    for (;;) {
      const int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= count_) return;
      body_(context_, i);
    }
  }

  void start_threads(int wanted) {
    for (; threads_ < wanted; ++threads_) {
      std::thread([this, place = threads_] { serve(place); }).detach();
    }
  }

  void serve(int place) {
    inside_loop = true;
    for (uint64_t seen = 0;;) {
      for (int spins = 0; loops_.load() == seen && spins < kSpins; ++spins) pause();
      loops_.wait(seen);
      seen = loops_.load();
      if (place + 1 >= thread_count()) continue;
      inside_.fetch_add(1);
      if (open_.load()) take_items();
      inside_.fetch_sub(1);
    }
  }

  std::mutex busy_;
  int threads_ = 0;  // of the pool; the caller's is one more
  std::atomic<uint64_t> loops_{0};
  std::atomic<bool> open_{false};
  std::atomic<int> inside_{0};
  std::atomic<int64_t> next_{0};
  // Written before open_, read after it.
  int64_t count_ = 0;
  ParallelBody body_ = nullptr;
  void* context_ = nullptr;
};

ThreadPool& thread_pool() {
  static auto* pool = new ThreadPool;
  return *pool;
}

int initial_threads() {
  const char* wanted = std::getenv("OMP_NUM_THREADS");
  const int asked = wanted ? std::atoi(wanted) : 0;
  return asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::atomic<int>& threads_to_use() {
  static std::atomic<int> count = initial_threads();
  return count;
}

}  // namespace

void run_parallel(int64_t count, ParallelBody body, void* context) {
  thread_pool().run(count, body, context);
}

bool can_run_parallel() {
  return !inside_loop && thread_count() > 1;
}

int thread_count() {
  return threads_to_use().load(std::memory_order_relaxed);
}

void set_thread_count(int count) {
  threads_to_use().store(count, std::memory_order_relaxed);
}

}  // namespace tessera::cpu
