#include "core/device.h"

#include <charconv>

#include "core/error.h"

namespace tessera {

std::string Device::str() const {
  return kind == Kind::cpu ? "cpu" : "cuda:" + std::to_string(index);
}

Device device_of_name(std::string_view name) {
  constexpr std::string_view prefix = "cuda:";
  if (name == "cpu") return Device::cpu();
  if (name == "cuda") return Device::cuda();
  if (name.starts_with(prefix)) {
    const std::string_view number = name.substr(prefix.size());
    uint8_t index = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
    if (error == std::errc() && end == number.data() + number.size()) return Device::cuda(index);
  }
  fail(fmt::format("device: must be cpu, cuda or cuda:N, got '{}'", name));
}

}  // namespace tessera
