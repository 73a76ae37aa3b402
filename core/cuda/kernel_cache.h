#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "core/cuda/compiler.h"
#include "core/cuda/driver.h"

namespace tessera::cuda {

// The kernels of one text.
struct Kernels {
  Function program = nullptr;
  Function join = nullptr;  // null where the text defines none
};

// Kernels by text: in memory, and their code in files, so that only the first process that needs a
// kernel waits for the compiler. A file is named after text, architecture and version of the
// compiler; one that is damaged is written again, and a folder that cannot be written is done
// without. Thread-safe.
class KernelCache {
 public:
  // An empty `folder` keeps nothing on disk.
  KernelCache(Driver& driver, const Compiler& compiler, std::string folder);

  Kernels find(const std::string& text);

  int64_t compiled() const { return compiled_; }  // texts that no file was found for

 private:
  std::string code_for(const std::string& text);

  Driver& driver_;
  const Compiler& compiler_;
  const std::string folder_;
  std::mutex mutex_;
  std::unordered_map<std::string, Kernels> by_text_;
  int64_t compiled_ = 0;
};

// The folder for kernels: $TESSERA_KERNEL_CACHE if it is set (empty: none), else tessera/kernels in
// $XDG_CACHE_HOME or ~/.cache.
std::string kernel_folder();

}  // namespace tessera::cuda
