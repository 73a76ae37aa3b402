#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "tests/onnx/wire.h"

namespace tessera::onnx {

// Something that ONNX has and this library leaves out: a reason to skip a test, not a mistake.
class Unsupported : public Error {
 public:
  using Error::Error;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// The value of an attribute; the member that counts is the one of its type.
struct Attribute {
  int64_t integer = 0;
  float real = 0;
  std::string text;
  Tensor tensor;
  std::vector<int64_t> integers;
  std::vector<float> reals;
  std::vector<std::string> texts;
};

struct Node {
  std::string op_type, domain;
  std::vector<std::string> inputs, outputs;  // names of values; an empty name is an absent one
  std::map<std::string, Attribute, std::less<>> attributes;
  int64_t opset = 0;  // version of the operator set that op_type belongs to

  bool has(std::string_view attribute) const { return attributes.contains(attribute); }
  int64_t integer(std::string_view attribute, int64_t otherwise) const;
  double real(std::string_view attribute, double otherwise) const;
  std::string text(std::string_view attribute, std::string_view otherwise) const;
  std::vector<int64_t> integers(std::string_view attribute,
                                std::vector<int64_t> otherwise = {}) const;
  bool wants(size_t output) const { return output < outputs.size() && !outputs[output].empty(); }
};

struct Graph {
  std::vector<Node> nodes;
  std::vector<NamedTensor> initializers;
  std::vector<std::string> inputs, outputs;
};

// Read from a serialized ModelProto or TensorProto. Throw Error on corrupt bytes, and Unsupported
// on what no tensor of this library can hold.
Graph read_model(Bytes bytes);
std::vector<std::string> read_op_types(Bytes model);  // of all nodes, supported or not
NamedTensor read_tensor(Bytes bytes);

// ONNX's number of an element type (TensorProto.DataType) as a dtype; throws Unsupported.
DType dtype_from(int64_t element_type);

}  // namespace tessera::onnx
