#pragma once

#include <initializer_list>
#include <string>

namespace tessera::cuda {

// A shared library that is loaded when it is needed, so that one program runs on machines with and
// without it. Loaded for the rest of the program's life.
class Library {
 public:
  // The first of `names` that can be loaded; if none can, found() is false and error() says why.
  Library(std::initializer_list<const char*> names);

  bool found() const { return handle_ != nullptr; }
  const std::string& error() const { return error_; }

  // The function of that name. Throws Error when the library has none, which means that it is too
  // old.
  void* function(const char* name) const;

 private:
  void* handle_ = nullptr;
  std::string name_, error_;
};

}  // namespace tessera::cuda
