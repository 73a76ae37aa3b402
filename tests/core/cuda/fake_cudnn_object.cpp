#include "tests/core/cuda/fake_cudnn_object.h"

#ifdef TESSERA_CUDNN

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace tessera::testing {

namespace {

using Object = CudnnFakeObject;
using Index = std::array<int64_t, 5>;

// What a graph reads and writes, by name.
struct Memory {
  std::map<int64_t, void*> arrays;
  std::map<int64_t, float> numbers;
  std::map<int64_t, std::vector<double>> between;  // intermediate results
};

double rounded(double value, int64_t type) {
  const auto narrow = static_cast<float>(value);
  if (type == CUDNN_DATA_HALF) return static_cast<float>(Half(narrow));
  if (type == CUDNN_DATA_BFLOAT16) return static_cast<float>(BFloat16(narrow));
  return value;
}

// An array of up to 5 axes as its descriptor says; the missing ones have extent 1.
struct View {
  Index extent{1, 1, 1, 1, 1}, stride{};
  int64_t name, type, count = 1;
  bool is_virtual, by_value;
  std::byte* data = nullptr;
  double* between = nullptr;
  double number = 0;

  explicit View(const Object& tensor)
      : name(tensor.integer(CUDNN_ATTR_TENSOR_UNIQUE_ID)),
        type(tensor.integer(CUDNN_ATTR_TENSOR_DATA_TYPE)),
        is_virtual(tensor.integer(CUDNN_ATTR_TENSOR_IS_VIRTUAL) != 0),
        by_value(tensor.integer(CUDNN_ATTR_TENSOR_IS_BY_VALUE) != 0) {
    const auto& dims = tensor.integers.at(CUDNN_ATTR_TENSOR_DIMENSIONS);
    const auto& steps = tensor.integers.at(CUDNN_ATTR_TENSOR_STRIDES);
    for (size_t i = 0; i < dims.size(); ++i) {
      const size_t axis = i < 2 ? i : i + 5 - dims.size();
      extent[axis] = dims[i];
      stride[axis] = steps[i];
      count *= dims[i];
    }
  }
  View(const Object& tensor, Memory& memory) : View(tensor) {
    if (is_virtual) {
      auto& values = memory.between[name];
      values.resize(static_cast<size_t>(count));
      between = values.data();
    } else if (by_value) {
      number = memory.numbers.at(name);
    } else {
      data = static_cast<std::byte*>(memory.arrays.at(name));
    }
  }

  int64_t at(const Index& index) const {
    int64_t offset = 0;
    for (size_t i = 0; i < 5; ++i) offset += extent[i] == 1 ? 0 : index[i] * stride[i];
    return offset;
  }
  double read(int64_t i) const {
    if (by_value) return number;
    if (between) return between[i];
    if (type == CUDNN_DATA_DOUBLE) return reinterpret_cast<const double*>(data)[i];
    if (type == CUDNN_DATA_HALF) return static_cast<float>(reinterpret_cast<const Half*>(data)[i]);
    if (type == CUDNN_DATA_BFLOAT16)
      return static_cast<float>(reinterpret_cast<const BFloat16*>(data)[i]);
    return reinterpret_cast<const float*>(data)[i];
  }
  double operator[](const Index& index) const { return read(at(index)); }
  void write(int64_t i, double value) const {
    const auto narrow = static_cast<float>(value);
    if (between) {
      between[i] = rounded(value, type);
    } else if (type == CUDNN_DATA_DOUBLE) {
      reinterpret_cast<double*>(data)[i] = value;
    } else if (type == CUDNN_DATA_HALF) {
      reinterpret_cast<Half*>(data)[i] = Half(narrow);
    } else if (type == CUDNN_DATA_BFLOAT16) {
      reinterpret_cast<BFloat16*>(data)[i] = BFloat16(narrow);
    } else {
      reinterpret_cast<float*>(data)[i] = narrow;
    }
  }
};

// Calls f(index) for every index below the extents.
template <class F>
void for_each(const Index& extent, F&& f) {
  Index i{};
  for (i[0] = 0; i[0] < extent[0]; ++i[0])
    for (i[1] = 0; i[1] < extent[1]; ++i[1])
      for (i[2] = 0; i[2] < extent[2]; ++i[2])
        for (i[3] = 0; i[3] < extent[3]; ++i[3])
          for (i[4] = 0; i[4] < extent[4]; ++i[4]) f(i);
}

// Adds up all products, each into where it belongs.
void convolve(const Object& convolution, const View& x, const View& w, const View& y,
              const View& result) {
  const auto setting = [&](int name, int64_t missing) {
    std::array<int64_t, 3> values{missing, missing, missing};
    const auto& given = convolution.integers.at(name);
    for (size_t i = 0; i < given.size(); ++i) values[i + 3 - given.size()] = given[i];
    return values;
  };
  const auto before = setting(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 0),
             stride = setting(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 1),
             dilation = setting(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1);
  const int64_t groups = x.extent[1] / w.extent[1], own = w.extent[0] / groups;
  std::map<int64_t, double> sums;
  for_each(result.extent, [&](const auto& i) { sums[result.at(i)] = 0; });
  for_each(y.extent, [&](const Index& o) {
    for_each({1, w.extent[1], w.extent[2], w.extent[3], w.extent[4]}, [&](const auto& k) {
      Index from{o[0], o[1] / own * w.extent[1] + k[1]};
      for (size_t a = 0; a < 3; ++a) {
        from[a + 2] = o[a + 2] * stride[a] - before[a] + k[a + 2] * dilation[a];
        if (from[a + 2] < 0 || from[a + 2] >= x.extent[a + 2]) return;
      }
      const int64_t at_x = x.at(from), at_y = y.at(o), at_w = w.at({o[1], k[1], k[2], k[3], k[4]});
      if (&result == &y) sums[at_y] += x.read(at_x) * w.read(at_w);
      if (&result == &x) sums[at_x] += y.read(at_y) * w.read(at_w);
      if (&result == &w) sums[at_w] += x.read(at_x) * y.read(at_y);
    });
  });
  for (const auto& [i, sum] : sums) result.write(i, sum);
}

// Which attributes of an operation are its arguments; the last one is the result.
struct Names {
  int kind;
  std::vector<int> arrays;
};
Names names_of(const Object& operation) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y}};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX}};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW}};
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_MATMUL_DESC,
              {CUDNN_ATTR_OPERATION_MATMUL_ADESC, CUDNN_ATTR_OPERATION_MATMUL_BDESC,
               CUDNN_ATTR_OPERATION_MATMUL_CDESC}};
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_REDUCTION_DESC,
              {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_ATTR_OPERATION_REDUCTION_YDESC}};
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      return {-1, {CUDNN_ATTR_OPERATION_RESHAPE_XDESC, CUDNN_ATTR_OPERATION_RESHAPE_YDESC}};
    default: {
      Names names{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
                  {CUDNN_ATTR_OPERATION_POINTWISE_XDESC}};
      for (const int more :
           {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_ATTR_OPERATION_POINTWISE_TDESC})
        if (operation.parts.contains(more)) names.arrays.push_back(more);
      names.arrays.push_back(CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
      return names;
    }
  }
}

double pointwise(int64_t mode, const std::vector<double>& x) {
  switch (mode) {
    case CUDNN_POINTWISE_ADD:
      return x.at(0) + x.at(1);
    case CUDNN_POINTWISE_SUB:
      return x.at(0) - x.at(1);
    case CUDNN_POINTWISE_MUL:
      return x.at(0) * x.at(1);
    case CUDNN_POINTWISE_DIV:
      return x.at(0) / x.at(1);
    case CUDNN_POINTWISE_EXP:
      return std::exp(x.at(0));
    case CUDNN_POINTWISE_LOG:
      return std::log(x.at(0));
    case CUDNN_POINTWISE_CMP_GE:
      return x.at(0) >= x.at(1) ? 1 : 0;
    case CUDNN_POINTWISE_BINARY_SELECT:
      return x.at(2) != 0 ? x.at(0) : x.at(1);
    default:
      return NAN;
  }
}

void compute(const Object& operation, Memory& memory) {
  const Names names = names_of(operation);
  std::vector<View> x;
  for (const int name : names.arrays) x.emplace_back(operation.part(name), memory);
  const View result = x.back();
  x.pop_back();
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return convolve(operation.part(names.kind), x[0], x[1], result, result);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return convolve(operation.part(names.kind), result, x[0], x[1], result);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return convolve(operation.part(names.kind), x[0], result, x[1], result);
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return for_each(result.extent, [&](const Index& i) {
        double sum = 0;
        for (int64_t k = 0; k < x[0].extent[4]; ++k)
          sum += x[0][{i[0], i[1], 0, i[3], k}] * x[1][{i[0], i[1], 0, k, i[4]}];
        result.write(result.at(i), sum);
      });
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
      return for_each(result.extent, [&](const Index& i) {
        const bool sum = operation.part(names.kind).integer(CUDNN_ATTR_REDUCTION_OPERATOR) ==
                         CUDNN_REDUCE_TENSOR_ADD;
        double all = sum ? 0 : -INFINITY;
        for (int64_t k = 0; k < x[0].extent[4]; ++k) {
          const double value = x[0][{i[0], i[1], i[2], i[3], k}];
          all = sum ? all + value : std::max(all, value);
        }
        result.write(result.at(i), all);
      });
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      // The same memory under other extents.
      return for_each(result.extent,
                      [&](const Index& i) { result.write(result.at(i), x[0].read(result.at(i))); });
    default: {
      const Object& kind = operation.part(names.kind);
      const int64_t mode = kind.integer(CUDNN_ATTR_POINTWISE_MODE);
      return for_each(result.extent, [&](const Index& i) {
        if (mode == CUDNN_POINTWISE_GEN_INDEX) {
          const auto axis = static_cast<size_t>(kind.integer(CUDNN_ATTR_POINTWISE_AXIS));
          return result.write(result.at(i), static_cast<double>(i[axis < 2 ? axis : axis + 1]));
        }
        std::vector<double> values;
        for (const View& each : x) values.push_back(each[i]);
        result.write(result.at(i), pointwise(mode, values));
      });
    }
  }
}

bool extents_fit(const Object& operation, const std::vector<View>& x, const View& result) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA)[0] == 1 &&
             operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA)[0] == 0;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA)[0] == 1 &&
             operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA)[0] == 0;
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA)[0] == 1 &&
             operation.reals.at(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA)[0] == 0;
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
      return x[0].extent[4] == x[1].extent[3] && x[0].extent[1] == x[1].extent[1] &&
             result.extent[1] == x[0].extent[1] && result.extent[3] == x[0].extent[3] &&
             result.extent[4] == x[1].extent[4];
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
      return result.extent[4] == 1 && result.extent[3] == x[0].extent[3];
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
      return result.count == x[0].count;
    default:
      return std::ranges::all_of(x, [&](const View& each) {
        for (size_t i = 0; i < 5; ++i)
          if (each.extent[i] != 1 && each.extent[i] != result.extent[i]) return false;
        return true;
      });
  }
}

}  // namespace

bool fits_together(const CudnnFakeObject& graph) {
  std::set<int64_t> written;
  std::map<int64_t, const Object*> named;
  for (const auto& operation : graph.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS)) {
    std::vector<View> x;
    for (const int name : names_of(*operation).arrays) {
      if (!operation->parts.contains(name)) return false;
      x.emplace_back(operation->part(name));
      const Object*& known = named[x.back().name];
      if (known && known != &operation->part(name)) return false;
      known = &operation->part(name);
    }
    const View result = x.back();
    x.pop_back();
    for (const View& each : x)
      if (each.is_virtual && !written.contains(each.name)) return false;
    if (result.by_value || !written.insert(result.name).second) return false;
    if (!extents_fit(*operation, x, result)) return false;
  }
  return true;
}

std::function<void()> work_of(const CudnnFakeObject& graph, std::map<int64_t, void*> arrays) {
  const auto operations = graph.parts.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  std::map<int64_t, float> numbers;
  for (const auto& operation : operations) {
    for (const int name : names_of(*operation).arrays) {
      const View view(operation->part(name));
      if (!view.is_virtual && view.by_value)
        numbers[view.name] = *static_cast<const float*>(arrays.at(view.name));
    }
  }
  return [operations, arrays = std::move(arrays), numbers] {
    Memory memory{arrays, numbers, {}};
    for (const auto& operation : operations) compute(*operation, memory);
  };
}

}  // namespace tessera::testing

#endif
