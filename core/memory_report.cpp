#include "core/memory_report.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/backend.h"
#include "core/step_text.h"

namespace tessera {

std::string bytes_text(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.2f} kB", value / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.2f} MB", value / 1e6);
  return fmt::format("{:.2f} GB", value / 1e9);
}

static bool in_use(Device device) {
  return std::ranges::count(devices_in_use(), device) > 0;
}

MemoryStats memory_stats(Device device) {
  return in_use(device) ? backend(device).memory() : MemoryStats();
}

void reset_peak_memory(Device device) {
  if (in_use(device)) backend(device).reset_peak();
}

void empty_cache(Device device) {
  if (in_use(device)) backend(device).trim();
}

std::vector<LiveTensor> live_tensors() {
  std::vector<LiveTensor> tensors;
  for_each_buffer([&](const Buffer& b) {
    if (!b.op.empty())
      tensors.push_back({b.bytes, b.shape, b.dtype, b.op, line_of(b.site), b.device});
  });
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const LiveTensor& a, const LiveTensor& b) { return a.bytes > b.bytes; });
  return tensors;
}

std::string memory_report(size_t most) {
  const std::vector<LiveTensor> all = live_tensors();
  const size_t shown = std::min(all.size(), most);
  std::vector<std::string> values;
  size_t value_width = 5, op_width = 2;
  for (size_t i = 0; i < shown; ++i) {
    const Device device = all[i].device;
    values.push_back(fmt::format("{} {}{}", name_of(all[i].dtype), all[i].shape.str(),
                                 device == Device::cpu() ? "" : " on " + device.str()));
    value_width = std::max(value_width, values[i].size());
    op_width = std::max(op_width, all[i].op.size());
  }
  std::string text =
      fmt::format("{:>10}  {:<{}}  {:<{}}  line\n", "bytes", "value", value_width, "op", op_width);
  for (size_t i = 0; i < shown; ++i) {
    text += fmt::format("{:>10}  {:<{}}  {:<{}}  {}\n", bytes_text(all[i].bytes), values[i],
                        value_width, all[i].op, op_width, all[i].line);
  }
  if (all.size() > shown) text += fmt::format("{:>10}  and {} more\n", "...", all.size() - shown);
  const MemoryStats stats = memory_stats();
  text += fmt::format("{} in use by {} tensors, {} at peak, {} cached, {} nodes\n",
                      bytes_text(stats.live), all.size(), bytes_text(stats.peak),
                      bytes_text(stats.cached), stats.nodes);
  for (const Device device : devices_in_use()) {
    if (device == Device::cpu()) continue;
    const MemoryStats gpu = memory_stats(device);
    text += fmt::format("{}: {} in use, {} at peak, {} cached\n", device.str(),
                        bytes_text(gpu.live), bytes_text(gpu.peak), bytes_text(gpu.cached));
  }
  return text;
}

}  // namespace tessera
