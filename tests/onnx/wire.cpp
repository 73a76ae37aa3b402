#include "tests/onnx/wire.h"

#include <bit>

namespace tessera::onnx {

namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

Bytes take(Bytes& rest, uint64_t count) {
  require(count <= rest.size(), "onnx: a field must end inside its message, got {} of {} bytes",
          rest.size(), count);
  const Bytes taken = rest.first(static_cast<size_t>(count));
  rest = rest.subspan(static_cast<size_t>(count));
  return taken;
}

uint64_t take_varint(Bytes& rest) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<uint64_t>(take(rest, 1)[0]);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("onnx: a varint must have at most 10 bytes, got more");
}

template <class T>
T take_fixed(Bytes& rest) {
  T value;
  std::memcpy(&value, take(rest, sizeof(T)).data(), sizeof(T));
  return value;
}

template <class T>
void append_fixed(Bytes bytes, std::vector<T>& list) {
  require(bytes.size() % sizeof(T) == 0,
          "onnx: a packed list must hold whole elements of {} bytes, got {} bytes", sizeof(T),
          bytes.size());
  list.reserve(list.size() + bytes.size() / sizeof(T));
  while (!bytes.empty()) list.push_back(take_fixed<T>(bytes));
}

void expect(const Field& field, WireType type) {
  require(field.type == type, "onnx: field {} must have wire type {}, got {}", field.number,
          static_cast<int>(type), static_cast<int>(field.type));
}

}  // namespace

int64_t Field::integer() const {
  expect(*this, WireType::varint);
  return static_cast<int64_t>(value);
}

float Field::real() const {
  expect(*this, WireType::fixed32);
  return std::bit_cast<float>(static_cast<uint32_t>(value));
}

std::string Field::text() const {
  expect(*this, WireType::bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes Field::message() const {
  expect(*this, WireType::bytes);
  return bytes;
}

void Field::append_to(std::vector<int64_t>& list) const {
  if (type != WireType::bytes) return list.push_back(integer());
  Bytes rest = bytes;
  while (!rest.empty()) list.push_back(static_cast<int64_t>(take_varint(rest)));
}

void Field::append_to(std::vector<float>& list) const {
  if (type != WireType::bytes) return list.push_back(real());
  append_fixed(bytes, list);
}

void Field::append_to(std::vector<double>& list) const {
  if (type == WireType::fixed64) return list.push_back(std::bit_cast<double>(value));
  append_fixed(message(), list);
}

bool WireReader::next(Field& field) {
  if (rest_.empty()) return false;
  const uint64_t tag = take_varint(rest_);
  require(tag >> 3 != 0 && tag >> 32 == 0, "onnx: a field number must be positive, got tag {}",
          tag);
  field = {.number = static_cast<uint32_t>(tag >> 3), .type = static_cast<WireType>(tag & 7)};
  switch (field.type) {
    case WireType::varint:
      field.value = take_varint(rest_);
      return true;
    case WireType::fixed64:
      field.value = take_fixed<uint64_t>(rest_);
      return true;
    case WireType::fixed32:
      field.value = take_fixed<uint32_t>(rest_);
      return true;
    case WireType::bytes:
      field.bytes = take(rest_, take_varint(rest_));
      return true;
  }
  fail(fmt::format("onnx: a wire type must be 0, 1, 2 or 5, got {}", tag & 7));
}

}  // namespace tessera::onnx
