#include "io/pickle_calls.h"

#include <algorithm>

#include "core/error.h"

namespace tessera::io {

namespace {

using Index = Pickle::Index;
using PickleKind = PickleValue::Kind;
using Number = ElementType::Kind;

constexpr size_t kMaxKey = 100;  // keys are short numbers

// A call: where the values are, and the tuple of arguments.
struct Arguments {
  Pickle& pickle;
  const PickleValue& tuple;
  const char* function;

  size_t count() const { return tuple.items.size(); }
  Index index(size_t i) const {
    require(i < count(), "{}: {} has too few arguments", pickle.name(), function);
    return tuple.items[i];
  }
  const PickleValue& operator[](size_t i) const { return pickle[index(i)]; }
  const PickleValue& get(size_t i, PickleKind kind) const {
    return pickle.item(tuple, i, kind, function);
  }
  // Python 2 has one type for text and bytes.
  std::string_view bytes(size_t i) const {
    return (*this)[i].kind == PickleKind::text ? (*this)[i].text : get(i, PickleKind::bytes).text;
  }
};

Index add_text(Pickle& pickle, PickleKind kind, std::string_view text) {
  PickleValue value;
  value.kind = kind;
  value.text = text;
  return pickle.add(std::move(value));
}

Index add_array(Pickle& pickle, ElementType type, Index shape, Index bytes, bool column_major) {
  PickleValue array;
  array.kind = PickleKind::array;
  array.type = type;
  array.items = {shape, bytes};
  array.integer = column_major ? 1 : 0;
  return pickle.add(std::move(array));
}

// dict(), dict([(key, value), ...])
Index make_dict(const Arguments& in) {
  const Index dict = in.pickle.add(PickleKind::dict);
  if (in.count() == 0) return dict;
  for (const Index pair : in.get(0, PickleKind::list).items) {
    require(in.pickle[pair].items.size() == 2, "{}: {} needs pairs", in.pickle.name(), in.function);
    for (size_t i = 0; i < 2; ++i) in.pickle.append(dict, in.pickle[pair].items[i]);
  }
  return dict;
}

// codecs.encode(text, "latin1"): how Python 3 writes bytes for Python 2.
Index encode(const Arguments& in) {
  const std::string_view coding = in.get(1, PickleKind::text).text;
  require(coding == "latin1" || coding == "latin-1", "{}: encoding \"{}\" is not known",
          in.pickle.name(), coding);
  const std::string_view text = in.get(0, PickleKind::text).text;
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x80) {  // U+0080 to U+00FF take two bytes: 110000xx 10xxxxxx
      require((c & 0xfc) == 0xc0 && i + 1 < text.size(), "{}: a text is not latin1",
              in.pickle.name());
      c = static_cast<uint8_t>((c << 6) | (static_cast<uint8_t>(text[++i]) & 0x3f));
    }
    bytes += static_cast<char>(c);
  }
  return add_text(in.pickle, PickleKind::bytes, in.pickle.keep(std::move(bytes)));
}

// bytes(), bytearray(bytes)
Index make_bytes(const Arguments& in) {
  return add_text(in.pickle, PickleKind::bytes, in.count() == 0 ? "" : in.bytes(0));
}

Index first_argument(const Arguments& in) {
  return in.index(0);
}

// torch.Size(tuple)
Index make_size(const Arguments& in) {
  in.pickle.shape(in[0]);
  return in.index(0);
}

// numpy.dtype("f4", False, True); its order of bytes comes with the state.
Index make_dtype(const Arguments& in) {
  PickleValue value;
  value.kind = PickleKind::element_type;
  value.type = parse_numpy_type(in.bytes(0), in.pickle.name());
  return in.pickle.add(std::move(value));
}

// numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b"b"): an array whose state follows.
Index make_array(const Arguments& in) {
  return add_array(in.pickle, {},
                   in.pickle.add(PickleKind::tuple, {in.pickle.add(PickleKind::none)}),
                   in.pickle.add(PickleKind::none), false);
}

// numpy.core.multiarray.scalar(dtype, bytes)
Index make_scalar(const Arguments& in) {
  in.bytes(1);
  return add_array(in.pickle, in.get(0, PickleKind::element_type).type,
                   in.pickle.add(PickleKind::tuple), in.index(1), false);
}

// numpy.core.numeric._frombuffer(bytes, dtype, shape, order, axes): order is C, F, or K when the
// axes of the row-major array are to be permuted.
Index array_from_buffer(const Arguments& in) {
  in.bytes(0);
  in.pickle.shape(in[2]);
  const std::string_view order = in.get(3, PickleKind::text).text;
  const Index array = add_array(in.pickle, in.get(1, PickleKind::element_type).type, in.index(2),
                                in.index(0), order == "F");
  if (order == "K") {
    in.pickle.shape(in[4]);
    in.pickle.append(array, in.index(4));
  }
  return array;
}

// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...). Version 3 has the dtype in
// place 6, because its storages are bytes.
Index make_tensor_value(const Arguments& in, bool typed) {
  PickleValue tensor;
  tensor.kind = PickleKind::tensor;
  tensor.type =
      typed ? in.get(6, PickleKind::element_type).type : in.get(0, PickleKind::storage).type;
  tensor.integer = in.get(1, PickleKind::integer).integer;
  in.get(0, PickleKind::storage);
  in.pickle.shape(in[2]);
  in.pickle.shape(in[3]);
  tensor.items = {in.index(0), in.index(2), in.index(3)};
  return in.pickle.add(std::move(tensor));
}
Index make_tensor_2(const Arguments& in) {
  return make_tensor_value(in, false);
}
Index make_tensor_3(const Arguments& in) {
  return make_tensor_value(in, true);
}

struct Function {
  const char* name;
  Index (*call)(const Arguments&);  // null: a name that is only mentioned
};

constexpr Function functions[] = {
    {"collections.OrderedDict", make_dict},
    {"builtins.dict", make_dict},
    {"__builtin__.dict", make_dict},
    {"builtins.bytes", make_bytes},
    {"__builtin__.bytes", make_bytes},
    {"builtins.bytearray", make_bytes},
    {"__builtin__.bytearray", make_bytes},
    {"_codecs.encode", encode},
    {"numpy.ndarray", nullptr},
    {"numpy.dtype", make_dtype},
    {"numpy.core.multiarray._reconstruct", make_array},
    {"numpy._core.multiarray._reconstruct", make_array},
    {"numpy.core.multiarray.scalar", make_scalar},
    {"numpy._core.multiarray.scalar", make_scalar},
    {"numpy.core.numeric._frombuffer", array_from_buffer},
    {"numpy._core.numeric._frombuffer", array_from_buffer},
    {"torch._utils._rebuild_tensor", make_tensor_2},
    {"torch._utils._rebuild_tensor_v2", make_tensor_2},
    {"torch._utils._rebuild_tensor_v3", make_tensor_3},
    {"torch._utils._rebuild_parameter", first_argument},
    {"torch._utils._rebuild_parameter_with_state", first_argument},
    {"torch.Size", make_size},
    {"torch.device", first_argument},
};

struct Type {
  const char* name;
  ElementType type;
};

constexpr Type storage_types[] = {
    {"torch.FloatStorage", {Number::floating, 4}},
    {"torch.DoubleStorage", {Number::floating, 8}},
    {"torch.HalfStorage", {Number::floating, 2}},
    {"torch.BFloat16Storage", {Number::brain_floating, 2}},
    {"torch.LongStorage", {Number::signed_integer, 8}},
    {"torch.IntStorage", {Number::signed_integer, 4}},
    {"torch.ShortStorage", {Number::signed_integer, 2}},
    {"torch.CharStorage", {Number::signed_integer, 1}},
    {"torch.ByteStorage", {Number::unsigned_integer, 1}},
    {"torch.BoolStorage", {Number::boolean, 1}},
    {"torch.storage.UntypedStorage", {Number::unsigned_integer, 1}},
    {"torch.float32", {Number::floating, 4}},
    {"torch.float64", {Number::floating, 8}},
    {"torch.float16", {Number::floating, 2}},
    {"torch.bfloat16", {Number::brain_floating, 2}},
    {"torch.int64", {Number::signed_integer, 8}},
    {"torch.int32", {Number::signed_integer, 4}},
    {"torch.int16", {Number::signed_integer, 2}},
    {"torch.int8", {Number::signed_integer, 1}},
    {"torch.uint8", {Number::unsigned_integer, 1}},
    {"torch.uint16", {Number::unsigned_integer, 2}},
    {"torch.uint32", {Number::unsigned_integer, 4}},
    {"torch.uint64", {Number::unsigned_integer, 8}},
    {"torch.bool", {Number::boolean, 1}},
};

template <class Row, size_t N>
const Row* find(const Row (&table)[N], std::string_view name) {
  const Row* row = std::find_if(std::begin(table), std::end(table),
                                [&](const Row& candidate) { return candidate.name == name; });
  return row == std::end(table) ? nullptr : row;
}

}  // namespace

Index pickle_global(Pickle& pickle, std::string_view module, std::string_view name) {
  const std::string full = fmt::format("{}.{}", module, name);
  if (const Function* function = find(functions, full)) {
    return add_text(pickle, PickleKind::global, function->name);
  }
  const Type* type = find(storage_types, full);
  require(type != nullptr,
          "{}: the pickle wants to use {}, which is refused; only numbers, texts, containers, "
          "arrays and tensors are read: save a state dict",
          pickle.name(), full.substr(0, 100));
  PickleValue value;
  value.kind = PickleKind::element_type;
  value.type = type->type;
  return pickle.add(std::move(value));
}

Index pickle_call(Pickle& pickle, Index callable, Index arguments) {
  const Function* function = pickle[callable].kind == PickleKind::global
                                 ? find(functions, pickle[callable].text)
                                 : nullptr;
  require(function != nullptr && function->call != nullptr, "{}: {} cannot be called",
          pickle.name(), function ? function->name : name_of(pickle[callable].kind));
  require(pickle[arguments].kind == PickleKind::tuple, "{}: {} is called without arguments",
          pickle.name(), function->name);
  return function->call({pickle, pickle[arguments], function->name});
}

void pickle_build(Pickle& pickle, Index object, Index state) {
  const Arguments in{pickle, pickle[state], "a state"};
  PickleValue& value = pickle[object];
  if (value.kind == PickleKind::dict) return;
  if (value.kind == PickleKind::element_type) {  // (3, "<", ...)
    value.type.big_endian = in.bytes(1) == ">";
    return;
  }
  require(value.kind == PickleKind::array, "{}: {} cannot have a state", pickle.name(),
          name_of(value.kind));
  // (version, shape, dtype, whether in column-major order, bytes)
  value.type = in.get(2, PickleKind::element_type).type;
  value.integer = in.get(3, PickleKind::boolean).integer;
  pickle.shape(in[1]);
  in.bytes(4);
  value.items = {in.index(1), in.index(4)};
}

Index pickle_storage(Pickle& pickle, Index reference) {
  const Arguments in{pickle, pickle[reference], "a reference to a storage"};
  require(in.get(0, PickleKind::text).text == "storage", "{}: the reference \"{}\" is not known",
          pickle.name(), in[0].text.substr(0, 100));
  require(in.count() < 6 || in[5].kind == PickleKind::none,
          "{}: a view of a storage cannot be read", pickle.name());
  PickleValue storage;
  storage.kind = PickleKind::storage;
  storage.type = in.get(1, PickleKind::element_type).type;
  storage.text = in.get(2, PickleKind::text).text;
  require(storage.text.size() <= kMaxKey, "{}: the key of a storage has {} bytes", pickle.name(),
          storage.text.size());
  storage.integer = in.get(4, PickleKind::integer).integer;
  return pickle.add(std::move(storage));
}

}  // namespace tessera::io
