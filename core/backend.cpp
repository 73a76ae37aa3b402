#include "core/backend.h"

#include <map>
#include <mutex>

#include "core/cpu/backend.h"
#include "core/cuda/backend.h"

namespace tessera {

namespace {

// Backends of the GPUs in use. Never destroyed: tensors with static lifetime give memory back.
struct Gpus {
  std::mutex mutex;
  std::map<int, std::shared_ptr<Backend>> by_index;
};

Gpus& gpus() {
  static Gpus* all = new Gpus;
  return *all;
}

}  // namespace

std::unique_ptr<Parcel> Backend::pack(const void* from, int64_t bytes) {
  struct Copied final : Parcel {
    void send(std::byte* to) override {
      owner->write(to, values.data(), static_cast<int64_t>(values.size()));
    }
    Backend* owner = nullptr;
    std::vector<std::byte> values;
  };
  auto parcel = std::make_unique<Copied>();
  parcel->owner = this;
  const auto* first = static_cast<const std::byte*>(from);
  parcel->values.assign(first, first + bytes);
  return parcel;
}

std::vector<Device> devices_in_use() {
  std::vector<Device> devices{Device::cpu()};
  const std::lock_guard lock(gpus().mutex);
  for (const auto& [index, gpu] : gpus().by_index) {
    if (gpu) devices.push_back(Device::cuda(index));
  }
  return devices;
}

Backend& backend(Device device) {
  if (device.kind == Device::Kind::cpu) return cpu::backend();
  const std::lock_guard lock(gpus().mutex);
  std::shared_ptr<Backend>& gpu = gpus().by_index[device.index];
  if (!gpu) gpu = cuda::make_backend(device.index);
  return *gpu;
}

void set_backend(Device device, std::shared_ptr<Backend> replacement) {
  const std::lock_guard lock(gpus().mutex);
  gpus().by_index[device.index] = std::move(replacement);
}

}  // namespace tessera
