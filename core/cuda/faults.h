#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/call.h"
#include "core/cuda/driver.h"
#include "core/cuda/kernel.h"

namespace tessera::cuda {

// Broken contracts that only a kernel can see, such as an index out of range. Kernels run later
// than the call that asked for them, so what they report is an Error of the next read.
class Faults {
 public:
  explicit Faults(Driver& driver) : driver_(driver) {}
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // What a kernel is given to report a value against `contract`, "<function>: <what must hold>",
  // on behalf of the current call site.
  Fault fault(const std::string& contract);

  // Waits for the stream, and throws if a kernel has reported something. Does nothing where no
  // kernel can have.
  void check();

 private:
  struct Contract {
    std::string text;
    CallSite site;
  };
  void clear();

  Driver& driver_;
  std::byte* cell_ = nullptr;    // the number of a contract, from 1, and the value
  std::byte* pinned_ = nullptr;  // its copy
  Event copied_ = nullptr;
  std::vector<Contract> contracts_;
  std::unordered_map<std::string, int64_t> known_;
};

}  // namespace tessera::cuda
