#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace tessera::optim {

// Takes the entries of a saved state one by one, and says at the end all that is wrong with it.
class StateReader {
 public:
  explicit StateReader(const std::map<std::string, Tensor>& state) : rest_(state) {}

  // The entry of that name; undefined when it does not fit, or is not there.
  Tensor tensor(const std::string& name, const Shape& shape, DType dtype, bool needed = true);
  // A finite number >= 0, kept as a 0-dimensional tensor; 0 when it does not fit.
  double number(const std::string& name, DType dtype);

  // Throws Error "<function>: <rule>: <problems>" when an entry was missing or did not fit, or one
  // is left that nobody has taken.
  void finish(const char* function, const char* rule) const;

 private:
  std::map<std::string, Tensor> rest_;
  std::vector<std::string> problems_;
};

}  // namespace tessera::optim
