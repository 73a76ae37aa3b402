#include "core/cuda/faults.h"

#include <cstring>

#include <fmt/core.h>

#include "core/error.h"

namespace tessera::cuda {

static constexpr int64_t kCellBytes = 2 * sizeof(int64_t);

Faults::~Faults() {
  if (!cell_) return;
  driver_.free(cell_);
  driver_.free_pinned(pinned_);
}

Fault Faults::fault(const std::string& contract) {
  if (!cell_) {
    cell_ = driver_.allocate(kCellBytes);
    require(cell_ != nullptr, "memory: the GPU could not give {} bytes", kCellBytes);
    pinned_ = driver_.allocate_pinned(kCellBytes);
    copied_ = driver_.make_event();
    clear();
  }
  const CallSite& site = call_site();
  const auto number = static_cast<int64_t>(contracts_.size()) + 1;
  const auto [known, added] =
      known_.emplace(fmt::format("{}:{} {}", site.file, site.line, contract), number);
  if (added) contracts_.push_back({contract, site});
  return {reinterpret_cast<int64_t*>(cell_), known->second};
}

void Faults::clear() {
  std::memset(pinned_, 0, kCellBytes);
  driver_.copy_in(cell_, pinned_, kCellBytes);
  driver_.record(copied_);
  driver_.wait(copied_);
}

void Faults::check() {
  if (!cell_) return;
  driver_.copy_out(pinned_, cell_, kCellBytes);
  driver_.record(copied_);
  driver_.wait(copied_);
  int64_t number = 0, value = 0;
  std::memcpy(&number, pinned_, sizeof number);
  std::memcpy(&value, pinned_ + sizeof number, sizeof value);
  if (number == 0) return;
  clear();
  const Contract& broken = contracts_[static_cast<size_t>(number - 1)];
  const CallAt at(broken.site);
  fail(fmt::format("{}, got {}", broken.text, value));
}

}  // namespace tessera::cuda
