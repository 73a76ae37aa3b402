#include "tests/io/volume_samples.h"

#include <doctest/doctest.h>

#include "io/json_file.h"
#include "tests/io/damage.h"

namespace tessera::testing {

using io::Volume;

namespace {

using Kind = io::ElementType::Kind;

const Shape shapes[] = {{4, 3}, {2, 3, 2}, {2, 2, 3, 1}, {3, 1, 2, 2}, {2, 1, 1, 1, 1}};

Tensor counted(const Shape& shape, DType dtype) {
  const auto values = tensor<double>(count(static_cast<size_t>(shape.numel())), shape);
  Tensor result;
  dispatch(dtype, [&]<class T>(T) {
    const std::vector<double> numbers = values.to_vector<double>();
    const auto typed = std::make_unique<T[]>(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i) typed[i] = T(static_cast<float>(numbers[i]));
    result = from_bytes(typed.get(), shape, dtype);
  });
  return result;
}

}  // namespace

std::vector<double> count(size_t n, double shift) {
  std::vector<double> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<double>(i) + shift;
  return values;
}

Volume example_volume(DType dtype) {
  Volume volume{counted({2, 3, 2}, dtype)};
  volume.geometry.spacing = {3, 2, 1.5};
  volume.geometry.affine = {0, 0, -1.5, 90, 0, 2, 0, -126, 3, 0, 0, -72, 0, 0, 0, 1};
  return volume;
}

void check_affine(const Volume& volume, const std::string& facts, const std::string& name) {
  io::Json affine = io::load_json(fixture(facts))[name];
  if (affine.is_object()) affine = affine["affine"];
  for (size_t i = 0; i < 16; ++i) {
    CAPTURE(i);
    const size_t column = i % 4 == 3 ? 3 : 2 - i % 4;
    const double difference = volume.geometry.affine[i] - affine[i / 4][column].get<double>();
    CHECK(std::abs(difference) < 1e-5);
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_equal(const Volume& got, const Volume& expected) {
  CHECK(got.voxels.dtype() == expected.voxels.dtype());
  CHECK(got.voxels.shape() == expected.voxels.shape());
  CHECK(got.voxels.to_vector<double>() == expected.voxels.to_vector<double>());
  CHECK(got.geometry == expected.geometry);
}

void check_round_trip(const std::string& file_name, bool compress) {
  const TemporaryFile file(file_name);
  for (const DType dtype : {f32, f64, bf16, f16, i32, i64, u8, bool_}) {
    CAPTURE(dtype);
    const Volume saved = example_volume(dtype);
    io::save_volume(saved, file.path(), compress);
    const Volume loaded = io::load_volume(file.path());
    CHECK(loaded.voxels.dtype() == (is_half(dtype) ? f32 : dtype == bool_ ? u8 : dtype));
    CHECK(loaded.voxels.shape() == saved.voxels.shape());
    CHECK(loaded.voxels.to_vector<double>() == saved.voxels.to_vector<double>());
    CHECK(loaded.geometry == saved.geometry);
  }
  for (const Shape& shape : shapes) {
    CAPTURE(shape.str());
    const Volume saved{counted(shape, i32)};
    io::save_volume(saved, file.path(), compress);
    check_equal(io::load_volume(file.path()), saved);
  }
}

void check_stored_types(const std::string& file_name) {
  const TemporaryFile file(file_name);
  for (const Kind kind : {Kind::signed_integer, Kind::unsigned_integer}) {
    for (const uint8_t size : {1, 2, 4, 8}) {
      const io::ElementType type{kind, size};
      CAPTURE(static_cast<int>(size));
      Volume saved = example_volume(io::dtype_of(type));
      saved.stored = type;
      io::save_volume(saved, file.path(), false);
      const Volume loaded = io::load_volume(file.path());
      check_equal(loaded, saved);
      const bool narrow = type != io::ElementType::of(loaded.voxels.dtype());
      CHECK(loaded.stored == (narrow ? std::optional(type) : std::nullopt));
    }
  }
  const io::ElementType i16{Kind::signed_integer, 2};
  const Volume wide{tensor({1, 40000}, {1, 2}, i32), {}, i16};
  io::save_volume(wide, file.path());
  check_equal(io::load_volume(file.path()), wide);
}

}  // namespace tessera::testing
