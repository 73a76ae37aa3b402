#include "tests/onnx/model.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

namespace tessera::onnx {

namespace {

// The lists of numbers a TensorProto can hold besides raw bytes.
struct Lists {
  std::vector<int64_t> integers;
  std::vector<float> reals;
  std::vector<double> doubles;
};

template <class T>
T element(const Lists& lists, size_t i) {
  if constexpr (std::is_same_v<T, float>) {
    return lists.reals[i];
  } else if constexpr (std::is_same_v<T, double>) {
    return lists.doubles[i];
  } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    T half;
    half.bits = static_cast<uint16_t>(lists.integers[i]);
    return half;
  } else {
    return static_cast<T>(lists.integers[i]);
  }
}

Tensor from_lists(const Lists& lists, const Shape& shape, DType dtype) {
  const size_t count = dtype == f32   ? lists.reals.size()
                       : dtype == f64 ? lists.doubles.size()
                                      : lists.integers.size();
  require(count == static_cast<size_t>(shape.numel()),
          "onnx: a tensor of shape {} must have {} elements, got {}", shape, shape.numel(), count);
  return dispatch(dtype, [&]<class T>(T) {
    const auto values = std::make_unique<T[]>(count);
    for (size_t i = 0; i < count; ++i) values[i] = element<T>(lists, i);
    return from_bytes(values.get(), shape, dtype);
  });
}

// The extents are checked against the bytes that are there before anything is allocated.
Shape checked_shape(const std::vector<int64_t>& dims) {
  if (dims.size() > kMaxDims) {
    throw Unsupported(fmt::format("tensors of {} dimensions", dims.size()));
  }
  int64_t product = 1;
  for (const int64_t extent : dims) {
    require(extent >= 0, "onnx: an extent must not be negative, got {}", extent);
    // Zeros are left out, so that no partial product overflows either.
    require(extent == 0 || !__builtin_mul_overflow(product, extent, &product),
            "onnx: the number of elements must fit in 64 bits, got extents {}",
            fmt::join(dims, ", "));
  }
  return Shape(std::span<const int64_t>(dims));
}

// Names of graph inputs and outputs; values other than tensors are not supported.
std::string read_value_info(Bytes bytes) {
  constexpr uint32_t kTensorType = 1, kSequenceType = 4, kMapType = 5, kOptionalType = 9;
  std::string name;
  Field field, kind;
  for (WireReader info(bytes); info.next(field);) {
    if (field.number == 1) name = field.text();
    if (field.number != 2) continue;
    for (WireReader type(field.message()); type.next(kind);) {
      if (kind.number == kSequenceType || kind.number == kMapType || kind.number == kOptionalType) {
        throw Unsupported("values other than tensors");
      }
      if (kind.number != kTensorType) continue;
      Field element_type;
      for (WireReader tensor(kind.message()); tensor.next(element_type);) {
        if (element_type.number == 1) dtype_from(element_type.integer());
      }
    }
  }
  return name;
}

void read_attribute(Bytes bytes, Node& node) {
  std::string name;
  Attribute attribute;
  Field field;
  for (WireReader reader(bytes); reader.next(field);) {
    switch (field.number) {
      case 1:
        name = field.text();
        break;
      case 2:
        attribute.real = field.real();
        break;
      case 3:
        attribute.integer = field.integer();
        break;
      case 4:
        attribute.text = field.text();
        break;
      case 5:
        attribute.tensor = read_tensor(field.message()).tensor;
        break;
      case 7:
        field.append_to(attribute.reals);
        break;
      case 8:
        field.append_to(attribute.integers);
        break;
      case 9:
        attribute.texts.push_back(field.text());
        break;
      default:  // graphs belong to control flow, which is not supported; the rest is documentation
        break;
    }
  }
  node.attributes.insert_or_assign(std::move(name), std::move(attribute));
}

Node read_node(Bytes bytes) {
  Node node;
  Field field;
  for (WireReader reader(bytes); reader.next(field);) {
    if (field.number == 1) node.inputs.push_back(field.text());
    if (field.number == 2) node.outputs.push_back(field.text());
    if (field.number == 4) node.op_type = field.text();
    if (field.number == 5) read_attribute(field.message(), node);
    if (field.number == 7) node.domain = field.text();
  }
  return node;
}

Graph read_graph(Bytes bytes) {
  Graph graph;
  Field field;
  for (WireReader reader(bytes); reader.next(field);) {
    if (field.number == 1) graph.nodes.push_back(read_node(field.message()));
    if (field.number == 5) graph.initializers.push_back(read_tensor(field.message()));
    if (field.number == 11) graph.inputs.push_back(read_value_info(field.message()));
    if (field.number == 12) graph.outputs.push_back(read_value_info(field.message()));
    if (field.number == 15) throw Unsupported("sparse tensors");
  }
  return graph;
}

template <class Value>
Value value_or(const Node& node, std::string_view name, Value Attribute::*member, Value otherwise) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? otherwise : found->second.*member;
}

}  // namespace

int64_t Node::integer(std::string_view attribute, int64_t otherwise) const {
  return value_or(*this, attribute, &Attribute::integer, otherwise);
}

double Node::real(std::string_view attribute, double otherwise) const {
  return has(attribute) ? value_or(*this, attribute, &Attribute::real, 0.0F) : otherwise;
}

std::string Node::text(std::string_view attribute, std::string_view otherwise) const {
  return value_or(*this, attribute, &Attribute::text, std::string(otherwise));
}

std::vector<int64_t> Node::integers(std::string_view attribute,
                                    std::vector<int64_t> otherwise) const {
  return value_or(*this, attribute, &Attribute::integers, std::move(otherwise));
}

DType dtype_from(int64_t element_type) {
  static constexpr const char* kNames[] = {
      "undefined", "f32",    "u8",     "i8",     "u16",    "i16", "i32",       "i64",
      "string",    "bool",   "f16",    "f64",    "u32",    "u64", "complex64", "complex128",
      "bf16",      "f8e4m3", "f8e4m3", "f8e5m2", "f8e5m2", "u4",  "i4",        "f4e2m1"};
  switch (element_type) {
    case 1:
      return f32;
    case 2:
      return u8;
    case 6:
      return i32;
    case 7:
      return i64;
    case 9:
      return bool_;
    case 10:
      return f16;
    case 11:
      return f64;
    case 16:
      return bf16;
    default:
      break;
  }
  const bool named = element_type >= 0 && element_type < static_cast<int64_t>(std::size(kNames));
  throw Unsupported(
      fmt::format("dtype {}", named ? kNames[element_type] : std::to_string(element_type).c_str()));
}

NamedTensor read_tensor(Bytes bytes) {
  NamedTensor named;
  std::vector<int64_t> dims;
  int64_t element_type = 0;
  Lists lists;
  Bytes raw;
  bool is_raw = false;
  Field field;
  for (WireReader reader(bytes); reader.next(field);) {
    switch (field.number) {
      case 1:
        field.append_to(dims);
        break;
      case 2:
        element_type = field.integer();
        break;
      case 4:
        field.append_to(lists.reals);
        break;
      case 5:   // int32_data: also bool, u8 and the bits of halves
      case 7:   // int64_data
      case 11:  // uint64_data
        field.append_to(lists.integers);
        break;
      case 8:
        named.name = field.text();
        break;
      case 9:
        raw = field.message();
        is_raw = true;
        break;
      case 10:
        field.append_to(lists.doubles);
        break;
      case 13:
        throw Unsupported("tensors in other files");
      default:
        break;
    }
  }
  const DType dtype = dtype_from(element_type);
  const Shape shape = checked_shape(dims);
  if (!is_raw) {
    named.tensor = from_lists(lists, shape, dtype);
    return named;
  }
  const auto size = static_cast<int64_t>(raw.size());
  require(size % size_of(dtype) == 0 && size / size_of(dtype) == shape.numel(),
          "onnx: a {} tensor of shape {} must have {} elements, got {} bytes", dtype, shape,
          shape.numel(), size);
  for (const std::byte byte : dtype == bool_ ? raw : Bytes()) {
    require(byte <= std::byte{1}, "onnx: a truth value must be 0 or 1, got {}",
            static_cast<int>(byte));
  }
  named.tensor = from_bytes(raw.data(), shape, dtype);
  return named;
}

std::vector<std::string> read_op_types(Bytes model) {
  std::vector<std::string> types;
  Field field, entry, part;
  for (WireReader reader(model); reader.next(field);) {
    if (field.number != 7) continue;
    for (WireReader graph(field.message()); graph.next(entry);) {
      if (entry.number != 1) continue;
      for (WireReader node(entry.message()); node.next(part);) {
        if (part.number == 4) types.push_back(part.text());
      }
    }
  }
  return types;
}

Graph read_model(Bytes bytes) {
  Graph graph;
  std::map<std::string, int64_t> opsets;
  bool has_graph = false;
  Field field, entry;
  for (WireReader reader(bytes); reader.next(field);) {
    if (field.number == 7) {
      graph = read_graph(field.message());
      has_graph = true;
    }
    if (field.number != 8) continue;
    std::string domain;
    int64_t version = 0;
    for (WireReader opset(field.message()); opset.next(entry);) {
      if (entry.number == 1) domain = entry.text();
      if (entry.number == 2) version = entry.integer();
    }
    opsets[domain] = version;
  }
  require(has_graph, "onnx: a model must have a graph, got none");
  for (Node& node : graph.nodes) node.opset = opsets[node.domain];
  return graph;
}

}  // namespace tessera::onnx
