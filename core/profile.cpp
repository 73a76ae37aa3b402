#include "core/profile.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <tuple>

#include "core/clock.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "core/step_text.h"

namespace tessera {

namespace {

constexpr size_t kMaxEvents = 1'000'000;

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

// "1.23 ms", with three digits.
std::string time_text(double seconds) {
  const auto [factor, unit] = seconds < 1e-3 ? std::pair(1e6, "us")
                              : seconds < 1  ? std::pair(1e3, "ms")
                                             : std::pair(1.0, "s ");
  return fmt::format("{:.3g} {}", seconds * factor, unit);
}

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 3) + "...";
}

}  // namespace

struct Profile::Record {
  struct Event {
    size_t row;
    double begin_seconds, seconds;
  };
  mutable std::mutex mutex;
  const double begin = now();
  std::map<std::tuple<std::string, std::string, std::string>, size_t> index;
  std::vector<ProfileRow> rows;
  std::vector<Event> events;
  StepObserver outer;

  void add(const StepRecord& step) {
    if (outer) outer(step);
    const Node& node = *step.values[static_cast<size_t>(step.step->outputs[0])];
    ProfileRow row;
    row.name = name_of_step(*step.step, step.values);
    row.shape = fmt::format("{} {}", node.dtype, node.shape);
    row.line = line_of(node.site);
    const StepWork work = work_of_step(*step.step, step.values);
    const double seconds = step.end_seconds - step.begin_seconds;
    const std::lock_guard lock(mutex);
    const auto [found, inserted] =
        index.emplace(std::tuple(row.name, row.shape, row.line), rows.size());
    if (inserted) rows.push_back(std::move(row));
    ProfileRow& total = rows[found->second];
    ++total.calls;
    total.seconds += seconds;
    total.bytes += work.bytes;
    total.flops += work.flops;
    if (events.size() < kMaxEvents)
      events.push_back({found->second, step.begin_seconds - begin, seconds});
  }
};

Profile::Profile() : record_(std::make_shared<Record>()) {
  record_->outer = set_step_observer([record = record_](const StepRecord& s) { record->add(s); });
}

Profile::~Profile() {
  set_step_observer(record_->outer);
}

std::vector<ProfileRow> Profile::rows() const {
  const std::lock_guard lock(record_->mutex);
  std::vector<ProfileRow> sorted = record_->rows;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return sorted;
}

std::string Profile::str(size_t most) const {
  const double elapsed = now() - record_->begin;
  const std::vector<ProfileRow> all = rows();
  ProfileRow total;
  for (const ProfileRow& row : all) {
    total.calls += row.calls;
    total.seconds += row.seconds;
  }
  size_t name = 4, shape = 5;  // widths
  for (size_t i = 0; i < std::min(all.size(), most); ++i) {
    name = std::clamp(all[i].name.size(), name, size_t{40});
    shape = std::clamp(all[i].shape.size(), shape, size_t{28});
  }
  std::string text =
      fmt::format("{:<{}}  {:<{}} {:>7} {:>9} {:>9} {:>6} {:>7} {:>8}  {}\n", "what", name,
                  "result", shape, "calls", "total", "mean", "share", "GB/s", "GFLOP/s", "line");
  for (size_t i = 0; i < std::min(all.size(), most); ++i) {
    const ProfileRow& row = all[i];
    const double seconds = std::max(row.seconds, 1e-9);
    text +=
        fmt::format("{:<{}}  {:<{}} {:>7} {:>9} {:>9} {:>5.1f}% {:>7.1f} {:>8.1f}  {}\n",
                    shortened(row.name, name), name, shortened(row.shape, shape), shape, row.calls,
                    time_text(row.seconds), time_text(row.seconds / static_cast<double>(row.calls)),
                    100 * row.seconds / std::max(total.seconds, 1e-9), row.bytes / seconds / 1e9,
                    row.flops / seconds / 1e9, row.line);
  }
  if (all.size() > most) text += fmt::format("... and {} more\n", all.size() - most);
  text += fmt::format("{} in {} calls of {} kernels, {} elapsed\n", time_text(total.seconds),
                      total.calls, all.size(), time_text(elapsed));
  return text;
}

void Profile::write_trace(const std::string& path) const {
  std::ofstream file(path);
  const std::lock_guard lock(record_->mutex);
  file << "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [";
  const char* separator = "\n";
  for (const Record::Event& event : record_->events) {
    const ProfileRow& row = record_->rows[event.row];
    const auto calls = static_cast<double>(row.calls);
    file << separator
         << fmt::format(
                "{{\"name\": {}, \"ph\": \"X\", \"ts\": {:.3f}, \"dur\": {:.3f}, \"pid\": 1, "
                "\"tid\": 1, \"args\": {{\"result\": {}, \"line\": {}, \"bytes\": {:.0f}, "
                "\"flops\": {:.0f}}}}}",
                quoted(row.name), event.begin_seconds * 1e6, event.seconds * 1e6, quoted(row.shape),
                quoted(row.line), row.bytes / calls, row.flops / calls);
    separator = ",\n";
  }
  file << "\n]}\n";
  file.close();
  require(file.good(), "profile: the trace could not be written to {}", path);
}

}  // namespace tessera
