#include "core/cuda/library.h"

#include <dlfcn.h>

#include "core/error.h"

namespace tessera::cuda {

Library::Library(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      name_ = name;
      return;
    }
    error_ = dlerror();
  }
}

void* Library::function(const char* name) const {
  void* found = handle_ ? dlsym(handle_, name) : nullptr;
  require(found != nullptr, "cuda: {} must have the function {}; install a newer one",
          name_.empty() ? error_ : name_, name);
  return found;
}

}  // namespace tessera::cuda
