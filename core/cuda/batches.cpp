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
  std::unique_lock lock(mutex_);
  owner_ = std::this_thread::get_id();
  std::vector<Waiting> due;
  if (conflicts(program, parameters)) due = take_all();
  for (const Touched& t : program.touched) {
    const int64_t at = parameters[static_cast<size_t>(t.slot)];
    (t.written ? written_ : read_).add(at + t.begin, at + t.end);
  }
  auto waiting = std::ranges::find(waiting_, program.kernels, &Waiting::kernels);
  if (waiting == waiting_.end()) {
    const auto kind = kinds_.find(program.kernels.get());
    waiting = waiting_.insert(
        waiting,
        {program.kernels, kind == kinds_.end() ? nullptr : &kind->second, std::vector<Member>()});
  }
  waiting->members.push_back({program.blocks, std::move(parameters)});
  if (std::ssize(waiting->members) >= (waiting->kind ? waiting->kind->most : 1)) {
    due.push_back(std::move(*waiting));
    waiting_.erase(waiting);
  }
  launch(due, std::move(lock));
}

void Batches::flush() {
  std::unique_lock lock(mutex_);
  const std::vector<Waiting> all = take_all();
  launch(all, std::move(lock));
}

void Batches::flush_own() {
  std::unique_lock lock(mutex_);
  if (owner_ != std::this_thread::get_id()) return;
  const std::vector<Waiting> all = take_all();
  launch(all, std::move(lock));
}

// Also when a launch fails, nothing of this is left waiting.
std::vector<Batches::Waiting> Batches::take_all() {
  read_.clear();
  written_.clear();
  return std::exchange(waiting_, {});
}

void Batches::launch(const std::vector<Waiting>& due, std::unique_lock<std::mutex> lock) {
  const bool rehearsing = rehearsing_;
  // A thread that records holds the stream while it adds programs, so nobody may wait for the
  // stream with this lock. The order is kept: only the thread that runs a plan has any waiting.
  lock.unlock();
  for (const Waiting& waiting : due) {
    const bool many = waiting.members.size() > 1;
    if (!rehearsing) {
      launch(waiting, many);
    } else if (many) {
      kernels_.request(waiting.kind->text);
    }
  }
}

void Batches::launch(const Waiting& waiting, bool many) {
  const std::vector<Member>& members = waiting.members;
  const Kind* const kind = waiting.kind;
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
