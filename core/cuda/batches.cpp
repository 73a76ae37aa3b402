#include "core/cuda/batches.h"

#include <algorithm>
#include <limits>

#include "core/cuda/launch.h"

namespace tessera::cuda {

void ByteSet::add(int64_t begin, int64_t end) {
  auto next = end_of_.upper_bound(begin);
  if (next != end_of_.begin() && std::prev(next)->second >= begin) --next;
  while (next != end_of_.end() && next->first <= end) {
    begin = std::min(begin, next->first);
    end = std::max(end, next->second);
    next = end_of_.erase(next);
  }
  end_of_[begin] = end;
}

bool ByteSet::meets(int64_t begin, int64_t end) const {
  const auto next = end_of_.lower_bound(end);
  return next != end_of_.begin() && std::prev(next)->second > begin;
}

void Batches::know(const Program& program, const Printed& printed) {
  const std::lock_guard lock(mutex_);
  const PendingKernels* const kernels = program.kernels.get();
  if (printed.most > 1 && !kinds_.contains(kernels))
    kinds_[kernels] = {printed.text_for_many, printed.most};
}

void Batches::set_rehearsing(bool rehearsing) {
  const std::lock_guard lock(mutex_);
  rehearsing_ = rehearsing;
}

bool Batches::conflicts(const Program& program, const std::vector<int64_t>& parameters) const {
  return std::ranges::any_of(program.touched, [&](const Touched& t) {
    const int64_t at = parameters[static_cast<size_t>(t.slot)];
    return written_.meets(at + t.begin, at + t.end) ||
           (t.written && read_.meets(at + t.begin, at + t.end));
  });
}

void Batches::add(const Program& program, std::vector<int64_t> parameters) {
  const std::lock_guard lock(mutex_);
  owner_ = std::this_thread::get_id();
  if (conflicts(program, parameters)) flush_locked();
  for (const Touched& t : program.touched) {
    const int64_t at = parameters[static_cast<size_t>(t.slot)];
    (t.written ? written_ : read_).add(at + t.begin, at + t.end);
  }
  auto waiting = std::ranges::find(waiting_, program.kernels, &Waiting::kernels);
  if (waiting == waiting_.end())
    waiting = waiting_.insert(waiting, {program.kernels, std::vector<Member>()});
  waiting->members.push_back({program.blocks, std::move(parameters)});
  const auto kind = kinds_.find(program.kernels.get());
  const int64_t most = kind == kinds_.end() ? 1 : kind->second.most;
  if (static_cast<int64_t>(waiting->members.size()) < most) return;
  launch(*waiting);
  waiting->members.clear();
}

void Batches::flush() {
  const std::lock_guard lock(mutex_);
  flush_locked();
}

void Batches::flush_own() {
  const std::lock_guard lock(mutex_);
  if (owner_ == std::this_thread::get_id()) flush_locked();
}

void Batches::flush_locked() {
  // Also when a launch fails, nothing is left waiting.
  const std::vector<Waiting> all = std::exchange(waiting_, {});
  read_.clear();
  written_.clear();
  for (const Waiting& waiting : all) launch(waiting);
}

void Batches::launch(const Waiting& waiting) {
  const std::vector<Member>& members = waiting.members;
  if (members.empty()) return;
  const bool many = members.size() > 1;
  const Kind* const kind = many ? &kinds_.at(waiting.kernels.get()) : nullptr;
  if (rehearsing_) {
    if (many) kernels_.request(kind->text);
    return;
  }
  Launch all;
  all.threads = kThreads;
  if (!many) {
    all.function = waiting.kernels->get().program;
    all.blocks_x = static_cast<unsigned>(members[0].blocks);
    all.parameters = members[0].parameters.data();
    all.parameter_bytes = members[0].parameters.size() * sizeof(int64_t);
    driver_.launch(all);
    return;
  }
  // struct Many of the text: the first block of each member, then what each would get alone.
  std::vector<int64_t> parameters(static_cast<size_t>(kind->most),
                                  std::numeric_limits<int64_t>::max());
  int64_t blocks = 0;
  for (size_t m = 0; m < members.size(); ++m) {
    parameters[m] = blocks;
    blocks += members[m].blocks;
    parameters.insert(parameters.end(), members[m].parameters.begin(), members[m].parameters.end());
  }
  parameters.resize(static_cast<size_t>(kind->most) * (1 + members[0].parameters.size()));
  all.function = kernels_.find(kind->text).program;
  all.blocks_x = static_cast<unsigned>(blocks);
  all.parameters = parameters.data();
  all.parameter_bytes = parameters.size() * sizeof(int64_t);
  driver_.launch(all);
}

}  // namespace tessera::cuda
