#include "io/state_dict.h"

#include <algorithm>
#include <set>

#include "core/error.h"

namespace tessera::io {

namespace {

using PickleKind = PickleValue::Kind;

// What training programs call the state dict in their checkpoints, the most likely first.
constexpr const char* kWrappers[] = {
    "state_dict", "model_state_dict", "model_state", "model", "network_weights",
    "net",        "network",          "module"};
constexpr size_t kMaxName = 1000;  // bytes of a name, and of a text that becomes metadata
constexpr int kMaxDictDepth = 16;  // of dicts within dicts
constexpr int64_t kSharing = 4;    // how often all bytes of the file may be used
constexpr size_t kListed = 20;     // entries that an error lists

bool is_tensor(const PickleValue& value) {
  return value.kind == PickleKind::tensor || value.kind == PickleKind::array;
}

// A number or a short text as metadata; "" for all else.
std::string scalar_text(const PickleValue& value) {
  switch (value.kind) {
    case PickleKind::text:
      return std::string(value.text.size() <= kMaxName ? value.text : "");
    case PickleKind::integer:
      return std::to_string(value.integer);
    case PickleKind::real:
      return fmt::format("{}", value.real);
    case PickleKind::boolean:
      return value.integer != 0 ? "true" : "false";
    default:
      return "";
  }
}

// The axes of `layout` in another order.
Layout transposed(const Layout& layout, const Shape& axes, const std::string& where) {
  Layout result = layout;
  uint32_t used = 0;
  for (int i = 0; i < layout.shape.ndim(); ++i) {
    const int64_t axis = i < axes.ndim() ? axes[i] : -1;
    require(0 <= axis && axis < layout.shape.ndim() && (used >> axis & 1) == 0,
            "{}: {} is no order of {} axes", where, axes, layout.shape.ndim());
    used |= 1u << axis;
    result.shape[i] = layout.shape[static_cast<int>(axis)];
    result.strides[i] = layout.strides[static_cast<int>(axis)];
  }
  return result;
}

class Collector {
 public:
  Collector(const Pickle& pickle, const StorageReader& storage, bool big_endian)
      : pickle_(pickle),
        storage_(storage),
        big_endian_(big_endian),
        available_(static_cast<int64_t>(pickle.length)) {}

  Archive collect() {
    const PickleValue& root = pickle_[pickle_.root];
    require(root.kind == PickleKind::dict, "{}: a checkpoint must be a dict of tensors, got {}",
            pickle_.name(), name_of(root.kind));
    add_metadata(root);
    add(state_dict(root), "", 0);
    require(!archive_.tensors.empty(), "{}: no tensors are found; it has {}", pickle_.name(),
            entries(root));
    return std::move(archive_);
  }

 private:
  // Calls f(key, value) for the entries of a dict that have a text as key.
  template <class F>
  void for_each(const PickleValue& dict, F&& f) const {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& key = pickle_[dict.items[i]];
      if (key.kind == PickleKind::text) f(key.text, pickle_[dict.items[i + 1]]);
    }
  }

  // Follows the usual names inwards. Tensors beside them are no weights but scores and the like.
  const PickleValue& state_dict(const PickleValue& root) const {
    const PickleValue* dict = &root;
    for (int depth = 0; depth < kMaxDictDepth; ++depth) {
      const PickleValue* inner = nullptr;
      for (const char* name : kWrappers) {
        const PickleValue* found = inner ? nullptr : pickle_.find(*dict, name);
        if (found != nullptr && found->kind == PickleKind::dict) inner = found;
      }
      if (inner == nullptr) break;
      dict = inner;
    }
    return *dict;
  }

  void add_metadata(const PickleValue& dict) {
    for_each(dict, [&](std::string_view key, const PickleValue& value) {
      const std::string text = scalar_text(value);
      if (!text.empty() && key.size() <= kMaxName) archive_.metadata[std::string(key)] = text;
    });
  }

  void add(const PickleValue& dict, const std::string& prefix, int depth) {
    require(depth < kMaxDictDepth, "{}: dicts are nested more than {} deep", pickle_.name(),
            kMaxDictDepth);
    for_each(dict, [&](std::string_view key, const PickleValue& value) {
      // A dict may be met by many ways, and each of those again.
      require(++visits_ / kSharing <= pickle_.size(), "{}: dicts are used too often",
              pickle_.name());
      require(prefix.size() + key.size() <= kMaxName, "{}: a name is longer than {} bytes",
              pickle_.name(), kMaxName);
      const std::string name = prefix + std::string(key);
      if (is_tensor(value)) archive_.tensors[name] = make(value, name);
      if (value.kind == PickleKind::dict) add(value, name + ".", depth + 1);
    });
  }

  Tensor make(const PickleValue& value, const std::string& name) {
    const std::string where = fmt::format("{}: tensor \"{}\"", pickle_.name(), name);
    return value.kind == PickleKind::array ? make_array(value, where) : make_tensor(value, where);
  }

  Tensor make_array(const PickleValue& array, const std::string& where) {
    const PickleValue& data = pickle_[array.items[1]];
    require(data.kind == PickleKind::bytes || data.kind == PickleKind::text,
            "{}: its bytes are missing", where);
    const Shape shape = pickle_.shape(pickle_[array.items[0]]);
    Layout layout = array.integer != 0 ? Layout::column_major(shape) : Layout::row_major(shape);
    if (array.items.size() > 2) {
      layout = transposed(layout, pickle_.shape(pickle_[array.items[2]]), where);
    }
    Tensor made = io::make_tensor(data.text, array.type, layout, where);
    count(made, where);
    return made;
  }

  Tensor make_tensor(const PickleValue& tensor, const std::string& where) {
    const PickleValue& storage = pickle_[tensor.items[0]];
    const Layout layout{pickle_.shape(pickle_[tensor.items[1]]),
                        pickle_.shape(pickle_[tensor.items[2]]), tensor.integer};
    ElementType type = tensor.type;
    type.big_endian = big_endian_;
    Tensor& made = made_[fmt::format("{} {} {} {} {}", static_cast<int>(type.kind), type.size,
                                     layout.shape, layout.strides, layout.offset) +
                         std::string(storage.text)];
    if (made.defined()) return made;
    const std::string_view bytes = storage_(storage.text);
    if (storages_.insert(storage.text).second) available_ += static_cast<int64_t>(bytes.size());
    made = io::make_tensor(bytes, type, layout, where);
    count(made, where);
    return made;
  }

  // Many views of the same bytes could fill the memory.
  void count(const Tensor& tensor, const std::string& where) {
    taken_ += tensor.node()->bytes();
    require(taken_ / kSharing <= available_,
            "{}: tensors overlap too often; more than {} times the bytes of the file", where,
            kSharing);
  }

  std::string entries(const PickleValue& dict) const {
    std::string text;
    size_t count = 0;
    for_each(dict, [&](std::string_view key, const PickleValue& value) {
      if (count++ >= kListed) return;
      text += fmt::format("{}\"{}\" ({})", text.empty() ? "" : ", ", key.substr(0, 40),
                          name_of(value.kind));
    });
    if (count > kListed) text += fmt::format(" and {} more", count - kListed);
    return text.empty() ? "no entries" : text;
  }

  const Pickle& pickle_;
  const StorageReader& storage_;
  bool big_endian_;
  Archive archive_;
  std::map<std::string, Tensor> made_;
  std::set<std::string_view> storages_;
  int64_t available_, taken_ = 0;  // bytes
  int64_t visits_ = 0;
};

}  // namespace

Archive state_dict_of(const Pickle& pickle, const StorageReader& storage, bool big_endian) {
  return Collector(pickle, storage, big_endian).collect();
}

}  // namespace tessera::io
