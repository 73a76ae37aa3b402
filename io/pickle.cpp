#include "io/pickle.h"

#include "core/error.h"

namespace tessera::io {

Pickle::Index Pickle::add(PickleValue value) {
  charge(sizeof(PickleValue) + value.items.size() * sizeof(Index));
  values_.push_back(std::move(value));
  return static_cast<Index>(values_.size() - 1);
}

Pickle::Index Pickle::add(Kind kind, std::vector<Index> items) {
  PickleValue value;
  value.kind = kind;
  value.items = std::move(items);
  return add(std::move(value));
}

void Pickle::append(Index container, Index item) {
  charge(2 * sizeof(Index));  // a vector may hold twice what it needs
  values_[container].items.push_back(item);
}

std::string_view Pickle::keep(std::string text) {
  charge(sizeof(std::string) + text.size());
  texts_.push_back(std::move(text));
  return texts_.back();
}

void Pickle::charge(uint64_t bytes) {
  require(bytes <= limit_ - used_, "{}: its values need more than {} MiB", name_, limit_ >> 20);
  used_ += bytes;
}

const PickleValue* Pickle::find(const PickleValue& dict, std::string_view key) const {
  const PickleValue* found = nullptr;
  for (size_t i = 0; dict.kind == Kind::dict && i + 1 < dict.items.size(); i += 2) {
    const PickleValue& candidate = values_[dict.items[i]];
    if (candidate.kind == Kind::text && candidate.text == key) found = &values_[dict.items[i + 1]];
  }
  return found;
}

const PickleValue& Pickle::item(const PickleValue& container, size_t i, Kind kind,
                                const char* what) const {
  require((container.kind == Kind::tuple || container.kind == Kind::list) &&
              i < container.items.size() && values_[container.items[i]].kind == kind,
          "{}: {} must be {} in place {}", name_, what, io::name_of(kind), i);
  return values_[container.items[i]];
}

Shape Pickle::shape(const PickleValue& tuple) const {
  require(tuple.kind == Kind::tuple || tuple.kind == Kind::list,
          "{}: a shape must be a tuple, got {}", name_, io::name_of(tuple.kind));
  require(tuple.items.size() <= static_cast<size_t>(kMaxDims),
          "{}: a shape may have {} dimensions, got {}", name_, kMaxDims, tuple.items.size());
  Shape shape;
  for (size_t i = 0; i < tuple.items.size(); ++i) {
    shape.push_back(item(tuple, i, Kind::integer, "a shape").integer);
  }
  return shape;
}

const char* name_of(PickleValue::Kind kind) {
  constexpr const char* names[] = {"None",    "a truth value", "an integer", "a large integer",
                                   "a float", "a text",        "bytes",      "a list",
                                   "a tuple", "a dict",        "a function", "a dtype",
                                   "storage", "a tensor",      "an array"};
  return names[static_cast<size_t>(kind)];
}

}  // namespace tessera::io
