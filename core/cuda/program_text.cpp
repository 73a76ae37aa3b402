#include "core/cuda/program_text.h"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "core/index.h"

namespace tessera::cuda {

namespace {

using detail::at;
using Kind = Instruction::Kind;

}  // namespace

bool has_form(const Instruction& i) {
  return i.kind == Kind::load || i.kind == Kind::iota || i.kind == Kind::guard;
}

static int split_of(const Program& program) {
  if (program.walk == Walk::flat) return program.space.ndim();
  const bool columns = program.walk == Walk::columns;
  const int64_t behind = columns ? program.outputs : program.row;
  int split = program.space.ndim();
  for (int64_t extent = 1; split > 0 && extent != behind;) extent *= program.space[--split];
  return split;
}

ProgramText::ProgramText(const Program& original)
    : split_(split_of(original)), program_(collapsed(original, &split_)) {
  find_sources();
  wide_ = needs_wide_indices();
}

Printed ProgramText::finished() {
  std::string text = "#include \"core/cuda/kernel.h\"\n";
  for (const std::string& header : headers_) text += fmt::format("#include \"{}\"\n", header);
  text += "using namespace tessera;\n";
  text += fmt::format("using I = {};\n", wide_ ? "int64_t" : "int32_t");
  text += fmt::format("using A = Args<{}, {}>;\n", program_.slots + 1,
                      std::max<size_t>(printed.numbers.size(), 1));
  printed.text = text + text_;
  return std::move(printed);
}

void ProgramText::find_sources() {
  std::vector<int> holder(at(program_.registers), -1);
  sources_.resize(program_.code.size());
  for (size_t c = 0; c < program_.code.size(); ++c) {
    const Instruction& i = program_.code[c];
    for (int s = 0; s < i.sources; ++s)
      sources_[c].push_back(s == i.link ? static_cast<int>(c) - 1 : holder[at(i.src[s])]);
    if (i.dst >= 0) holder[at(i.dst)] = static_cast<int>(c);
  }
  for (const Store& store : program_.stores) stored_.push_back(holder[at(store.reg)]);
}

bool ProgramText::needs_wide_indices() const {
  constexpr int64_t most = std::numeric_limits<int32_t>::max() - 65536;
  if (program_.space.numel() > most || program_.outputs > most) return true;
  if (program_.space.numel() == 0) return false;
  return std::ranges::any_of(program_.code, [&](const Instruction& i) {
    if (!has_form(i)) return false;
    const Range range = range_of(i.form, program_.space);
    return range.low < -most || range.high > most;
  });
}

std::string ProgramText::number(int64_t value) {
  printed.numbers.push_back(value);
  return fmt::format("I(a.n[{}])", printed.numbers.size() - 1);
}

void ProgramText::line(int depth, const std::string& text) {
  text_.append(at(2 * depth), ' ');
  text_ += text;
  text_ += '\n';
}

void ProgramText::decode(int depth, const std::string& position, int first, int last) {
  if (first == last) return;
  if (first + 1 == last) return line(depth, fmt::format("const I i{} = {};", first, position));
  std::string rest = position;
  for (int k = last - 1; k > first; --k) {
    const std::string extent = number(program_.space[k]);
    line(depth, fmt::format("const I i{} = ({}) % {};", k, rest, extent));
    line(depth, fmt::format("const I q{} = ({}) / {};", k, rest, extent));
    rest = fmt::format("q{}", k);
  }
  line(depth, fmt::format("const I i{} = {};", first, rest));
}

std::string ProgramText::terms(const Linear& form, int first, int last) {
  std::string text;
  for (int k = first; k < last; ++k) {
    const int64_t c = form.coef[at(k)];
    if (c == 0) continue;
    if (!text.empty()) text += " + ";
    text += c == 1 ? fmt::format("i{}", k) : fmt::format("{} * i{}", number(c), k);
  }
  return text;
}

std::string ProgramText::with_offset(std::string text, const Linear& form) {
  if (form.offset != 0) text += (text.empty() ? "" : " + ") + number(form.offset);
  return text.empty() ? "0" : text;
}

std::string ProgramText::value(int instruction) {
  return fmt::format("r{}", instruction);
}

std::string ProgramText::pointer(DType storage, int slot) {
  return fmt::format("static_cast<{}*>(a.slot[{}])", c_type(storage), slot);
}

std::string ProgramText::expression(int c, const std::string& position,
                                    const std::string& element) {
  const Instruction& i = program_.code[at(c)];
  const std::string type = c_type(i.type);
  const auto source = [&](int s) { return value(sources_[at(c)][at(s)]); };
  switch (i.kind) {
    case Kind::load: {
      const std::string read =
          element.empty() ? fmt::format("{}[{}]", pointer(i.storage, i.slot), position) : element;
      const std::string converted = fmt::format("static_cast<{}>({})", type, read);
      return i.sources == 0 ? converted
                            : fmt::format("{} ? {} : {}(0)", source(0), converted, type);
    }
    case Kind::scalar:
      return fmt::format("static_cast<{}>(*{})", type, pointer(i.storage, i.slot));
    case Kind::iota:
      return fmt::format("static_cast<int64_t>({})", position);
    case Kind::guard: {
      const std::string low = i.low == 0 ? "0" : number(i.low);
      std::string text = fmt::format("{0} >= {1} && {0} <= {2}", position, low, number(i.high));
      if (i.sources > 0) text += " && " + source(0);
      return text;
    }
    case Kind::mask:
      return fmt::format("{} ? {} : {}(0)", source(0), source(1), type);
    case Kind::map: {
      headers_.insert(i.function.header);
      std::string text = fmt::format("{}::f(", i.function.name);
      const int arguments = i.scaled < 0 ? i.sources : 2;
      for (int s = 0; s < arguments; ++s) {
        text += s > 0 ? ", " : "";
        text += s == i.scaled ? fmt::format("{} * {}", source(s), source(2)) : source(s);
      }
      return text + ")";
    }
    case Kind::cast:
      return fmt::format("converted<{}>({})", type, source(0));
    case Kind::round:
      return fmt::format("static_cast<float>({}({}))", c_type(i.storage), source(0));
    case Kind::expand:
      return source(0);
    case Kind::reduce:
      return fmt::format("part{}[thread - lane * kStride].result()", c);
  }
  return {};
}

void ProgramText::define(int depth, int c, const std::string& position,
                         const std::string& element) {
  line(depth, fmt::format("const {} {} = {};", c_type(program_.code[at(c)].type), value(c),
                          expression(c, position, element)));
}

}  // namespace tessera::cuda
