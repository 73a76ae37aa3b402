#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/cuda/driver.h"

namespace tessera::cuda {

// Constants of ops that only the processor can compute, in the memory of a GPU, such as the weights
// of a resampling. They stay there: a network has few, and they are small.
class Tables {
 public:
  explicit Tables(Driver& driver) : driver_(driver) {}
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  // The table called `key`. The first time its bytes are made and copied, which waits for that.
  const std::byte* find(std::string_view key, const std::function<std::string()>& make);

 private:
  Driver& driver_;
  std::unordered_map<std::string, std::byte*> tables_;
};

}  // namespace tessera::cuda
