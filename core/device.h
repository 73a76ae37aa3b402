#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera {

// Where values are and where they are computed: the processor, or one of the machine's NVIDIA
// GPUs. Only a name: asking for work on a device that is not there is an error.
struct Device {
  enum class Kind : uint8_t { cpu, cuda };
  Kind kind = Kind::cpu;
  uint8_t index = 0;

  static constexpr Device cpu() { return {}; }
  static constexpr Device cuda(int index = 0) { return {Kind::cuda, static_cast<uint8_t>(index)}; }
  bool operator==(const Device&) const = default;

  std::string str() const;  // "cpu", "cuda:0"
};

// The device called "cpu", "cuda" (the first GPU) or "cuda:1". Throws Error for any other text.
Device device_of_name(std::string_view name);

}  // namespace tessera
