#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "io/element_type.h"

namespace tessera::io {

// One value of a pickle. Values name each other by their number in the Pickle that holds them:
// they may be shared, nested without end, and even contain themselves.
struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,       // integer
    integer,       // integer
    big_integer,   // text: little-endian two's complement of more than 8 bytes
    real,          // real
    text,          // text: UTF-8
    bytes,         // text
    list,          // items
    tuple,         // items
    dict,          // items: key, value, key, value, ...
    global,        // text: "module.name" of a known class or function
    element_type,  // type: numpy.dtype or torch.dtype
    storage,       // type, text: the key under which the file has its bytes, integer: elements
    tensor,        // type, items: storage, size, stride; integer: offset in elements
    array,         // type, items: shape, bytes [, axes]; integer: 1 when in column-major order
  };
  Kind kind = Kind::none;
  ElementType type;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::vector<uint32_t> items;
};

// The values that a pickle describes: numbers, texts, containers, arrays of NumPy and tensors of
// PyTorch, and nothing else. Texts are views of the bytes it was read from, which must outlive it.
class Pickle {
 public:
  using Index = uint32_t;
  using Kind = PickleValue::Kind;

  // Errors begin with `name`; the values may take `limit` bytes.
  Pickle(std::string name, uint64_t limit) : name_(std::move(name)), limit_(limit) {}

  const std::string& name() const { return name_; }
  Index size() const { return static_cast<Index>(values_.size()); }
  const PickleValue& operator[](Index index) const { return values_[index]; }
  PickleValue& operator[](Index index) { return values_[index]; }

  Index add(PickleValue value);
  Index add(Kind kind, std::vector<Index> items = {});
  void append(Index container, Index item);
  std::string_view keep(std::string text);  // makes the text live as long as this
  void charge(uint64_t bytes);              // throws Error when the limit is passed

  // The value of a dict under a key that is a text; null when there is none. The last one counts.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;
  // Item i of a tuple or list, which must be of this kind; `what` names it in the error.
  const PickleValue& item(const PickleValue& container, size_t i, Kind kind,
                          const char* what) const;
  // The integers of a tuple or list as extents.
  Shape shape(const PickleValue& tuple) const;

  Index root = 0;     // the value that was pickled
  size_t length = 0;  // bytes of the pickle

 private:
  std::string name_;
  uint64_t limit_, used_ = 0;
  std::deque<PickleValue> values_;
  std::deque<std::string> texts_;
};

// What a kind is called in errors.
const char* name_of(PickleValue::Kind kind);

}  // namespace tessera::io
