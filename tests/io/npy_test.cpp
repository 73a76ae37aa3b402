#include "io/npy.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_npy(path); };

// Version 1 of the format around a header.
std::string npy(const std::string& header, const std::string& data = {}) {
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

}  // namespace

TEST_SUITE("io/npy") {
  TEST_CASE("files of all versions by NumPy are read") {
    for (const std::string name : {"numpy_v1.npy", "numpy_v2.npy", "numpy_v3.npy"}) {
      CAPTURE(name);
      const Tensor x = io::load_npy(testing::fixture(name));
      CHECK(x.shape() == Shape{2, 3});
      CHECK(x.dtype() == f32);
      CHECK(x.to_vector<double>() == std::vector<double>{-2, -1, 0, 1, 2, 3});
    }
  }

  TEST_CASE("what is saved is loaded again") {
    const TemporaryFile file("x.npy");
    for (const DType dtype : {f32, f64, bf16, f16, i32, i64, u8, bool_}) {
      for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 1, 1, 1, 1, 1, 2, 3}}) {
        const Tensor x = tensor({0, 1, 1, 0, 3, 5}, shape, dtype);
        io::save_npy(x, file.path());
        const Tensor y = io::load_npy(file.path());
        CHECK(y.dtype() == (dtype == bf16 ? f32 : dtype));
        CHECK(y.shape() == shape);
        CHECK(y.to_vector<double>() == x.to_vector<double>());
      }
    }
    io::save_npy(tensor({0.5}, {}), file.path());
    CHECK(io::load_npy(file.path()).item() == 0.5);
    io::save_npy(tensor({}, {0, 4}), file.path());
    CHECK(io::load_npy(file.path()).shape() == Shape{0, 4});
  }

  TEST_CASE("the bytes are those that NumPy writes") {
    const Tensor x = tensor({-2, -1, 0, 1, 2, 3}, {2, 3});
    CHECK(io::npy_bytes(x) == testing::bytes_of_file(testing::fixture("numpy_v1.npy")));
  }

  TEST_CASE("headers of other programs") {
    const auto read = [](const std::string& header) {
      return io::parse_npy(npy(header, std::string(24, '\0')), "x").shape();
    };
    CHECK(read(R"({"shape":(2L,3L),"descr":"<f4","fortran_order":True})") == Shape{2, 3});
    CHECK(read("{'shape': (6,), 'fortran_order': False, 'descr': '<f4'}\n\n") == Shape{6});
    CHECK(read("{'shape': (), 'descr': '|u1', }") == Shape{});
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.npy");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    const auto header = [](const std::string& type, const std::string& shape) {
      return npy("{'descr': " + type + ", 'fortran_order': False, 'shape': " + shape + ", }\n",
                 "12345678");
    };
    refused("", "is not an .npy file");
    refused("hello", "is not an .npy file");
    refused("\x93NUMPY\x04" + std::string(100, '\0'), "version 4");
    refused("\x93NUMPY\x02" + std::string(100, '\xff'), "truncated");
    refused(npy("").substr(0, 8), "truncated");
    refused(npy(""), "the header");
    refused(npy("{}"), "must have descr");
    refused(npy("{'descr': '<f4'"), "the header");
    refused(npy("{'descr"), "the header");
    refused(npy("{'evil': '<f4', 'shape': (1,)}", "1234"), "the header");
    refused(header("'<f4'", "(3,)"), "needs more than the 2 elements");
    refused(header("'<f4'", "(4611686018427387904, 4611686018427387904)"), "needs more");
    refused(header("'<f4'", "(9223372036854775807, 9223372036854775807, 0)"), "needs more");
    refused(header("'<f4'", "(9223372036854775808,)"), "the header");
    refused(header("'<f4'", "(-1,)"), "the header");
    refused(header("'<f4'", "(1,1,1,1,1,1,1,1,1)"), "at most 8 dimensions");
    refused(header("'<f4'", "(1"), "the header");
    refused(header("'|O'", "(1,)"), "elements of type '|O' cannot be read");
    refused(header("'<U2'", "(1,)"), "elements of type '<U2' cannot be read");
    refused(header("[('a', '<f4')]", "(1,)"), "structured");
    refused(header("'<c8'", "(1,)"), "elements of type '<c8' cannot be read");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.npy");
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("numpy_v1.npy")), file,
                                   load);
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("numpy_v2.npy")), file,
                                   load);
  }
}
