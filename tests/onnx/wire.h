#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace tessera::onnx {

using Bytes = std::span<const std::byte>;

// How a field of a protobuf message is stored.
enum class WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// A field: its number and, depending on the wire type, a number or the bytes of a string, of a
// nested message or of a packed list.
struct Field {
  uint32_t number = 0;
  WireType type = WireType::varint;
  uint64_t value = 0;
  Bytes bytes = {};

  int64_t integer() const;   // throws Error unless a varint, as the next three for their types
  float real() const;        // fixed32
  std::string text() const;  // bytes
  Bytes message() const;     // bytes

  // Appends a repeated number, stored one in a field or many in a packed one.
  void append_to(std::vector<int64_t>& list) const;
  void append_to(std::vector<float>& list) const;
  void append_to(std::vector<double>& list) const;
};

// Walks over the fields of one protobuf message. Reads nothing outside of `bytes`, which must
// outlive it; throws Error on bytes that are no message.
class WireReader {
 public:
  explicit WireReader(Bytes bytes) : rest_(bytes) {}
  bool next(Field& field);  // false at the end

 private:
  Bytes rest_;
};

}  // namespace tessera::onnx
