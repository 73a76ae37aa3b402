#include "core/cuda/one_format.h"

#include <numeric>

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using enum MemoryFormat;

struct AnyOp : KernelOp {
  explicit AnyOp(Formats formats) : formats_(formats) {}
  std::string_view name() const override { return "any"; }
  void run(std::span<const Array>, const Array&) const override {}
  Formats formats() const override { return formats_; }
  const Formats formats_;
};

Array array(const Shape& shape, MemoryFormat format) {
  return {nullptr, shape, f32, format};
}

}  // namespace

TEST_SUITE("core/cuda/one_format") {
  TEST_CASE("an op is computed in the format it prefers, else in that of its result") {
    const AnyOp plain(KernelOp::Formats::row_major), either(KernelOp::Formats::either),
        last(KernelOp::Formats::channels_last);
    const Array rows = array({2, 3, 4}, row_major), channels = array({2, 3, 4}, channels_last),
                same = array({2, 3, 1}, row_major);
    const auto format = [](const AnyOp& op, std::vector<Array> inputs, const Array& output) {
      return cuda::common_format(op, inputs, output);
    };
    CHECK(format(plain, {channels}, channels) == row_major);
    CHECK(format(last, {rows}, rows) == channels_last);
    CHECK(format(either, {channels}, rows) == row_major);
    CHECK(format(either, {rows}, channels) == channels_last);
    CHECK(format(either, {rows, channels}, same) == channels_last);
    CHECK(format(either, {rows, same}, same) == row_major);
  }

  TEST_CASE_TEMPLATE("arrays are copied to the other format and back", T, uint8_t, uint16_t,
                     uint32_t, uint64_t) {
    const WithHostGpu gpu;
    const DType dtype = sizeof(T) == 1 ? u8 : sizeof(T) == 2 ? bf16 : sizeof(T) == 4 ? f32 : f64;
    for (const Shape& shape : {Shape{2, 3, 5}, Shape{1, 33, 7, 9}, Shape{2, 2, 1, 1},
                               Shape{0, 3, 4}, Shape{3, 40, 33}}) {
      CAPTURE(shape.str());
      std::vector<T> values(static_cast<size_t>(shape.numel())), got(values), back(values);
      std::iota(values.begin(), values.end(), T(1));
      const auto of = [&](std::vector<T>& memory, MemoryFormat format) {
        return Array{reinterpret_cast<std::byte*>(memory.data()), shape, dtype, format};
      };
      const Array vector = array({3}, row_major);
      {
        cuda::InOneFormat arrays(gpu->stream(), channels_last,
                                 std::vector{of(values, row_major), vector}, of(back, row_major));
        CHECK(arrays.inputs()[1].format == row_major);
        const Array &input = arrays.inputs()[0], &output = arrays.output();
        CHECK(input.format == channels_last);
        CHECK((input.data == of(values, row_major).data) == same_in_both_formats(shape));
        copy_elements(input, of(got, row_major));
        copy_elements(input, output);
        arrays.deliver();
      }
      CHECK(got == values);
      CHECK(back == values);
    }
  }
}
