#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/cuda/compiler.h"
#include "core/cuda/driver.h"

namespace tessera::cuda {

// The kernels of one text.
struct Kernels {
  Function program = nullptr;
  Function join = nullptr;  // null where the text defines none
};

// Kernels that were asked for and may still be compiled.
class PendingKernels {
 public:
  // Waits for them; throws what the compiler threw.
  const Kernels& get();

 private:
  friend class KernelCache;
  Driver* driver_ = nullptr;
  bool has_join_ = false;
  std::mutex mutex_;
  std::shared_future<std::string> code_;  // valid until it is loaded
  Kernels kernels_;
};

// Kernels by text: in memory, and their code in files, so that only the first process that needs a
// kernel waits for the compiler. A file is named after text, architecture and version of the
// compiler; one that is damaged is written again, and a folder that cannot be written is done
// without. Threads of its own compile, as many texts at a time as there are processors, up to 16.
// Thread-safe.
class KernelCache {
 public:
  // An empty `folder` keeps nothing on disk.
  KernelCache(Driver& driver, const Compiler& compiler, std::string folder);
  ~KernelCache();
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  // Has the text compiled if it is new. Does not wait.
  std::shared_ptr<PendingKernels> request(const std::string& text);
  const Kernels& find(const std::string& text) { return request(text)->get(); }

  void finish();  // waits until nothing is being compiled

  int64_t compiled() const { return compiled_; }  // texts that no file was found for

 private:
  std::string code_for(const std::string& text);
  void work();

  Driver& driver_;
  const Compiler& compiler_;
  const std::string folder_;
  std::atomic<int64_t> compiled_ = 0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::unordered_map<std::string, std::shared_ptr<PendingKernels>> by_text_;
  std::deque<std::packaged_task<std::string()>> waiting_;
  size_t busy_ = 0;  // threads that compile
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

// The folder for kernels: $TESSERA_KERNEL_CACHE if it is set (empty: none), else tessera/kernels in
// $XDG_CACHE_HOME or ~/.cache.
std::string kernel_folder();

}  // namespace tessera::cuda
