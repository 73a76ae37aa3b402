#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/cuda/driver.h"
#include "core/cuda/kernel_cache.h"
#include "core/cuda/print.h"

namespace tessera::cuda {

// Bytes of memory, by their addresses.
class ByteSet {
 public:
  void add(int64_t begin, int64_t end);
  bool meets(int64_t begin, int64_t end) const;
  void clear() { end_of_.clear(); }

 private:
  std::map<int64_t, int64_t> end_of_;  // of intervals that do not overlap, by their beginning
};

// Element-wise programs that wait for others of the same text, so that one launch computes many: an
// optimizer's updates of its parameters, averages of weights, gradients that are clipped. Only what
// is independent waits together: a program that reads or writes what a waiting one writes, or
// writes what it reads, comes after those. Everything else that goes to the stream, or looks at its
// results, calls flush() before. Each element is computed as it would be alone. Thread-safe.
class Batches {
 public:
  Batches(Driver& driver, KernelCache& kernels) : driver_(driver), kernels_(kernels) {}

  // What one program needs of a batch.
  struct Program {
    std::shared_ptr<PendingKernels> kernels;  // that compute it alone
    int64_t blocks = 0;
    std::vector<Touched> touched;
  };
  // To be called before `add`, with the text of the program.
  void know(const Program& program, const Printed& printed);
  void add(const Program& program, std::vector<int64_t> parameters);
  void flush();
  // Only if this thread runs the plan. What another one has waiting may be about to be recorded,
  // and uses no memory that this one can reach before that plan is done.
  void flush_own();
  // While it rehearses, kernels are compiled and nothing is computed.
  void set_rehearsing(bool rehearsing);

 private:
  struct Member {
    int64_t blocks;
    std::vector<int64_t> parameters;
  };
  struct Kind {
    std::string text;  // of the kernel for many
    int64_t most = 1;
  };
  struct Waiting {
    std::shared_ptr<PendingKernels> kernels;
    const Kind* kind;  // null: no others of this text can be known
    std::vector<Member> members;
  };

  bool conflicts(const Program& program, const std::vector<int64_t>& parameters) const;
  std::vector<Waiting> take_all();
  void launch(const std::vector<Waiting>& due, std::unique_lock<std::mutex> lock);
  void launch(const Waiting& waiting, bool many);

  Driver& driver_;
  KernelCache& kernels_;
  std::mutex mutex_;
  bool rehearsing_ = false;
  std::unordered_map<const PendingKernels*, Kind> kinds_;
  std::vector<Waiting> waiting_;
  std::thread::id owner_;  // the thread that has added them
  ByteSet read_, written_;
};

}  // namespace tessera::cuda
