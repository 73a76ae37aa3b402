#include "core/schedule.h"

#include <algorithm>
#include <map>

#include "core/index.h"

namespace tessera {

using detail::at;

void hasten(std::vector<Group>& steps, int earliest, const std::function<bool(int)>& outlives,
            const std::function<int(int)>& storage) {
  const auto count = static_cast<int>(steps.size());
  struct Turn {
    int behind;  // the step of the order before, or itself
    int step;
  };
  std::vector<Turn> turns;
  std::map<int, int> touched;  // by value: behind which step the last one goes that made or read it
  for (int s = 0; s < count; ++s) {
    const Group& step = steps[at(s)];
    // Two that are joined stay neighbours.
    const int end = s + 1 < count && steps[at(s + 1)].joined ? s + 1 : s;
    int behind = end;
    const bool moves = step.kind == Group::Kind::program && !step.joined &&
                       std::ranges::all_of(step.outputs, outlives);
    if (moves) {
      int after = earliest;
      for (const int v : step.inputs) {
        const auto found = touched.find(storage(v));
        if (found != touched.end()) after = std::max(after, found->second);
      }
      behind = std::min(after, s);
    }
    turns.push_back({behind, s});
    const auto touch = [&](int v) {
      const auto found = touched.emplace(storage(v), behind).first;
      found->second = std::max(found->second, behind);
    };
    // What several updates read, such as whether the loss is finite, shall not make them wait for
    // each other.
    if (!moves) std::ranges::for_each(step.inputs, touch);
    std::ranges::for_each(step.outputs, touch);
  }
  // Of those behind the same step the first is that step itself, or the two that are joined.
  std::ranges::stable_sort(turns, {}, &Turn::behind);
  std::vector<Group> ordered;
  ordered.reserve(steps.size());
  for (const Turn& turn : turns) ordered.push_back(std::move(steps[at(turn.step)]));
  steps = std::move(ordered);
}

}  // namespace tessera
