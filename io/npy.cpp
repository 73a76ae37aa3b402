#include "io/npy.h"

#include <charconv>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/element_type.h"

namespace tessera::io {

namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr size_t kPrefix = 10;     // magic, version, length of the header
constexpr size_t kAlignment = 64;  // of the data

// Reads the header, a Python dict such as {'descr': '<f4', 'fortran_order': False, 'shape': (3,)}.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  void read() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        skip_space();
        require(!text_.empty() && text_[0] != '[', "{}: structured arrays cannot be read", name_);
        type = string();
      } else if (key == "fortran_order") {
        fortran_order = boolean();
      } else if (key == "shape") {
        shape = tuple();
        has_shape_ = true;
      } else {
        refuse();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    require(!type.empty() && has_shape_, "{}: the header must have descr, fortran_order and shape",
            name_);
  }

  std::string_view type;
  bool fortran_order = false;
  Shape shape;

 private:
  [[noreturn]] void refuse() const {
    fail(fmt::format("{}: the header is not that of an array, at \"{}\"", name_,
                     text_.substr(0, std::min<size_t>(20, text_.find('\n')))));
  }
  void skip_space() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_space();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse();
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(0, word.size()) != word) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string_view string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const size_t end = text_.find(quote);
    if (end == std::string_view::npos) refuse();
    const std::string_view result = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return result;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) refuse();
    return false;
  }
  Shape tuple() {
    Shape extents;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) refuse();
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      accept_word("L");  // Python 2
      require(extents.ndim() < kMaxDims, "{}: at most {} dimensions can be read", name_, kMaxDims);
      extents.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  const std::string& name_;
  bool has_shape_ = false;
};

std::string_view numpy_type(DType dtype) {
  switch (dtype) {
    case f64:
      return "<f8";
    case f16:
      return "<f2";
    case i32:
      return "<i4";
    case i64:
      return "<i8";
    case u8:
      return "|u1";
    case bool_:
      return "|b1";
    case f32:
    case bf16:
      break;
  }
  return "<f4";
}

std::string header_of(const Tensor& tensor) {
  std::string shape;
  for (const int64_t extent : tensor.shape()) shape += fmt::format("{}, ", extent);
  if (tensor.ndim() > 1) shape.resize(shape.size() - 2);
  if (tensor.ndim() == 1) shape.resize(shape.size() - 1);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 numpy_type(tensor.dtype()), shape);
  const size_t length = kPrefix + text.size() + 1;
  text.append((length + kAlignment - 1) / kAlignment * kAlignment - length, ' ');
  text += '\n';
  return fmt::format("{}\x01{}{}{}", kNpyMagic, '\0', bytes_of(static_cast<uint16_t>(text.size())),
                     text);
}

}  // namespace

Tensor load_npy(const std::filesystem::path& path) {
  return parse_npy(read_file(path), "load: " + path.string());
}

Tensor parse_npy(std::string_view bytes, const std::string& name) {
  require(bytes.substr(0, kNpyMagic.size()) == kNpyMagic, "{} is not an .npy file", name);
  ByteReader reader(bytes.substr(kNpyMagic.size()), name);
  const auto version = reader.number<uint8_t>();
  reader.number<uint8_t>();  // minor version
  require(1 <= version && version <= 3, "{}: .npy version {} is not known; 1 to 3 are", name,
          version);
  const uint32_t length = version == 1 ? reader.number<uint16_t>() : reader.number<uint32_t>();
  HeaderReader header(reader.take(length), name);
  header.read();
  const ElementType type = parse_numpy_type(header.type, name);
  const Layout layout =
      header.fortran_order ? Layout::column_major(header.shape) : Layout::row_major(header.shape);
  return make_tensor(reader.take(reader.left()), type, layout, name);
}

std::string npy_bytes(const Tensor& tensor) {
  tensor.eval();
  std::string bytes = header_of(tensor);
  if (tensor.dtype() == bf16) {
    for (const float value : tensor.to_vector<float>()) bytes += bytes_of(value);
  } else {
    dispatch(tensor.dtype(), [&]<class T>(T) {
      const auto values = std::as_bytes(tensor.data<T>());
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size());
    });
  }
  return bytes;
}

void save_npy(const Tensor& tensor, const std::filesystem::path& path) {
  const std::string bytes = npy_bytes(tensor);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace tessera::io
