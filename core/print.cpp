#include "core/print.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "core/cpu/tile.h"
#include "core/error.h"
#include "core/node.h"
#include "core/transfer.h"

namespace tessera {

namespace {

PrintOptions& current_options() {
  static thread_local PrintOptions options;
  return options;
}

const PrintOptions& checked(const PrintOptions& o) {
  require(o.precision >= 0 && o.precision <= 17, "print: precision must lie in [0, 17], got {}",
          o.precision);
  require(o.threshold >= 0 && o.edge_items >= 1 && o.line_width >= 1,
          "print: threshold must be at least 0, edge_items and line_width at least 1, got {}, {}, "
          "{}",
          o.threshold, o.edge_items, o.line_width);
  return o;
}

// The indices shown along an axis; -1 stands for what is left out.
std::vector<int64_t> shown(int64_t extent, bool shorten) {
  const int64_t edge = print_options().edge_items;
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < extent; ++i) {
    if (shorten && extent > 2 * edge && i == edge) {
      indices.push_back(-1);
      i = extent - edge;
    }
    indices.push_back(i);
  }
  return indices;
}

// Positions in the row-major array of the elements shown, in order.
void collect_positions(const Shape& shape, bool shorten, int axis, int64_t position,
                       std::vector<int64_t>& out) {
  if (axis == shape.ndim()) {
    out.push_back(position);
    return;
  }
  for (const int64_t i : shown(shape[axis], shorten)) {
    if (i >= 0) collect_positions(shape, shorten, axis + 1, position * shape[axis] + i, out);
  }
}

template <class T>
std::vector<T> gather(const Tensor& x, const std::vector<int64_t>& positions) {
  const std::byte* data = host_data(*x.eval().value_node());
  std::vector<T> values(positions.size());
  for (size_t i = 0; i < values.size(); ++i) {
    cpu::convert(data + positions[i] * size_of(x.dtype()), x.dtype(),
                 reinterpret_cast<std::byte*>(&values[i]), dtype_of<T>, 1);
  }
  return values;
}

bool needs_exponent(const std::vector<double>& values) {
  double low = HUGE_VAL, high = 0;
  bool whole = true;
  for (const double v : values) {
    if (!std::isfinite(v) || v == 0) continue;
    low = std::min(low, std::abs(v));
    high = std::max(high, std::abs(v));
    whole = whole && v == std::trunc(v);
  }
  if (high == 0) return false;
  return high >= 1e8 || (!whole && (low < 1e-4 || high / low > 1000));
}

// `value` with `digits` digits behind the point, which is always there without an exponent.
std::string number_text(double value, int digits, bool exponent) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (exponent) return fmt::format("{:.{}e}", value, digits);
  return fmt::format("{:.{}f}{}", value, digits, digits == 0 ? "." : "");
}

// Digits behind the point that are not trailing zeros.
int digits_needed(double value, int precision, bool exponent) {
  if (!std::isfinite(value)) return 0;
  const std::string text = number_text(value, precision, exponent);
  const size_t point = text.find('.');
  if (point == std::string::npos) return 0;
  const size_t end = std::min(text.find('e'), text.size());
  const size_t last = text.find_last_not_of('0', end - 1);
  return static_cast<int>(last - point);
}

std::vector<std::string> real_texts(const std::vector<double>& values) {
  const bool exponent = needs_exponent(values);
  int digits = 0;
  for (const double v : values)
    digits = std::max(digits, digits_needed(v, print_options().precision, exponent));
  std::vector<std::string> texts(values.size());
  std::transform(values.begin(), values.end(), texts.begin(),
                 [&](double v) { return number_text(v, digits, exponent); });
  return texts;
}

std::vector<std::string> element_texts(const Tensor& x, const std::vector<int64_t>& positions) {
  if (is_floating(x.dtype())) return real_texts(gather<double>(x, positions));
  std::vector<std::string> texts;
  for (const int64_t v : gather<int64_t>(x, positions)) {
    texts.push_back(x.dtype() == bool_ ? v != 0 ? "true" : "false" : std::to_string(v));
  }
  return texts;
}

// Puts the texts of the shown elements, in order, between brackets.
class Layout {
 public:
  Layout(const Shape& shape, bool shorten, const std::vector<std::string>& texts)
      : shape_(shape), shorten_(shorten), texts_(texts) {
    for (const std::string& text : texts) width_ = std::max(width_, text.size());
  }

  std::string str() {
    write(0);
    return std::move(text_);
  }

 private:
  void write(int axis) {
    if (axis == shape_.ndim()) {
      const std::string& element = texts_[next_++];
      text_.append(width_ - element.size(), ' ').append(element);
      return;
    }
    text_ += '[';
    bool first = true;
    for (const int64_t i : shown(shape_[axis], shorten_)) {
      if (!first) separate(axis);
      first = false;
      if (i < 0) {
        text_ += "...";
      } else {
        write(axis + 1);
      }
    }
    text_ += ']';
  }

  // Rows stand below each other, with an empty line more for each axis further out.
  void separate(int axis) {
    text_ += ',';
    const size_t column = text_.size() - (text_.rfind('\n') + 1);  // npos + 1 is 0
    const int lines = shape_.ndim() - 1 - axis;
    if (lines > 0 || column + 2 + width_ > static_cast<size_t>(print_options().line_width)) {
      text_.append(static_cast<size_t>(std::max(lines, 1)), '\n');
      text_.append(static_cast<size_t>(axis + 1), ' ');
    } else {
      text_ += ' ';
    }
  }

  const Shape& shape_;
  const bool shorten_;
  const std::vector<std::string>& texts_;
  size_t width_ = 0, next_ = 0;
  std::string text_;
};

}  // namespace

const PrintOptions& print_options() {
  return current_options();
}

Print::Print(const PrintOptions& options) : Scoped(current_options(), checked(options)) {}

std::string Tensor::str() const {
  if (!defined()) return "undefined";
  const bool empty = numel() == 0, shorten = numel() > print_options().threshold;
  std::string text = "[]";
  if (!empty) {
    std::vector<int64_t> positions;
    collect_positions(shape(), shorten, 0, 0, positions);
    text = Layout(shape(), shorten, element_texts(*this, positions)).str();
  }
  if (shorten || (empty && ndim() != 1)) text += fmt::format(" shape={}", shape());
  if (dtype() != f32 && dtype() != i64 && dtype() != bool_)
    text += fmt::format(" dtype={}", dtype());
  return text;
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) {
  return out << x.str();
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.str();
}

std::ostream& operator<<(std::ostream& out, DType dtype) {
  return out << name_of(dtype);
}

}  // namespace tessera
