#include "core/cuda/replays.h"

#include <algorithm>
#include <utility>

namespace tessera::cuda {

void Replays::run(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                  const std::function<void()>& work) {
  if (!replayed(plan, footprint, work)) work();
}

bool Replays::replayed(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                       const std::function<void()>& work) {
  constexpr size_t kFewestSteps = 4;  // less is launched as fast
  if (plan->steps.size() < kFewestSteps) return false;
  const std::lock_guard lock(mutex_);
  const auto of_plan = [&](const Entry& entry) {
    return !entry.plan.owner_before(plan) && !plan.owner_before(entry.plan);
  };
  const auto known = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return of_plan(entry) && entry.footprint == footprint; });
  if (known == entries_.end()) {
    entries_.push_front({plan, std::string(footprint)});
    forget_unused();
    return false;
  }
  entries_.splice(entries_.begin(), entries_, known);
  Entry& entry = entries_.front();
  if (entry.recording) return replay(entry);
  // What one footprint of a plan does that cannot be recorded, the others do, too.
  if (std::ranges::any_of(entries_, [&](const Entry& e) { return of_plan(e) && e.refused; }))
    return false;
  stream_.note_scratch(&entry.scratch);
  entry.recording = recorder_.recording_of(work);
  stream_.note_scratch(nullptr);
  if (!entry.recording) {
    entry.refused = true;
    ++stats_.refused;
    return false;
  }
  ++stats_.recorded;
  ++stats_.kept;
  std::ranges::sort(entry.scratch, {}, &PoolBlock::data);
  const auto same = [](const PoolBlock& a, const PoolBlock& b) { return a.data == b.data; };
  entry.scratch.erase(std::unique(entry.scratch.begin(), entry.scratch.end(), same),
                      entry.scratch.end());
  return replay(entry);
}

bool Replays::replay(Entry& entry) {
  if (!pool_.take_again(entry.scratch)) {
    forget(entry);
    return false;
  }
  recorder_.replay(entry.recording);
  for (const PoolBlock& block : entry.scratch) pool_.give(block.data, block.capacity);
  ++stats_.replayed;
  return true;
}

void Replays::forget(Entry& entry) {
  entry.scratch.clear();
  if (!entry.recording) return;
  recorder_.forget(std::exchange(entry.recording, nullptr));
  --stats_.kept;
}

void Replays::forget_unused() {
  size_t place = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->plan.expired() || ++place > kMost) {
      forget(*entry);
      entry = entries_.erase(entry);
    } else {
      ++entry;
    }
  }
}

void Replays::clear() {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) forget(entry);
  entries_.clear();
}

ReplayStats Replays::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace tessera::cuda
