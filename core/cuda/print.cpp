#include "core/cuda/print.h"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>

#include "core/error.h"

namespace tessera::cuda {

namespace {

using Kind = Instruction::Kind;

size_t at(int i) {
  return static_cast<size_t>(i);
}

const char* c_name(Reduction reduction) {
  static constexpr const char* names[] = {"Sum", "Prod", "Max",    "Min",
                                          "Any", "All",  "ArgMax", "ArgMin"};
  return names[static_cast<size_t>(reduction)];
}

bool has_form(const Instruction& i) {
  return i.kind == Kind::load || i.kind == Kind::iota || i.kind == Kind::guard;
}

// How many axes come first, before those of the row, or before the kept ones of columns.
int split_of(const Program& program) {
  if (program.walk == Walk::flat) return program.space.ndim();
  const bool columns = program.walk == Walk::columns;
  const int64_t behind = columns ? program.outputs : program.row;
  int split = program.space.ndim();
  for (int64_t extent = 1; split > 0 && extent != behind;) extent *= program.space[--split];
  return split;
}

class Printer {
 public:
  explicit Printer(const Program& original)
      : split_(split_of(original)), program_(collapsed(original, &split_)) {
    find_sources();
    wide_ = needs_wide_indices();
  }

  Printed print() {
    if (program_.walk == Walk::flat) {
      print_flat();
    } else {
      print_reductions();
    }
    std::string text = "#include \"core/cuda/kernel.h\"\n";
    for (const std::string& header : headers_) text += fmt::format("#include \"{}\"\n", header);
    text += "using namespace tessera;\n";
    text += fmt::format("using I = {};\n", wide_ ? "int64_t" : "int32_t");
    text += fmt::format("using A = Args<{}, {}>;\n", program_.slots + 1,
                        std::max<size_t>(printed_.numbers.size(), 1));
    printed_.text = text + text_;
    return std::move(printed_);
  }

 private:
  // Numbers instructions by the value they make, whatever register holds it.
  void find_sources() {
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

  bool needs_wide_indices() const {
    constexpr int64_t most = std::numeric_limits<int32_t>::max() - 65536;
    if (program_.space.numel() > most || program_.outputs > most) return true;
    if (program_.space.numel() == 0) return false;
    return std::ranges::any_of(program_.code, [&](const Instruction& i) {
      if (!has_form(i)) return false;
      const Range range = range_of(i.form, program_.space);
      return range.low < -most || range.high > most;
    });
  }

  // A parameter with that value.
  std::string number(int64_t value) {
    printed_.numbers.push_back(value);
    return fmt::format("I(a.n[{}])", printed_.numbers.size() - 1);
  }

  void line(int depth, const std::string& text) {
    text_.append(at(2 * depth), ' ');
    text_ += text;
    text_ += '\n';
  }

  // Defines the indices of axes first..last - 1 for the element at `position` in row-major order.
  void decode(int depth, const std::string& position, int first, int last) {
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

  // The part of a form that axes first..last - 1 contribute; empty if none does.
  std::string terms(const Linear& form, int first, int last) {
    std::string text;
    for (int k = first; k < last; ++k) {
      const int64_t c = form.coef[at(k)];
      if (c == 0) continue;
      if (!text.empty()) text += " + ";
      text += c == 1 ? fmt::format("i{}", k) : fmt::format("{} * i{}", number(c), k);
    }
    return text;
  }

  std::string with_offset(std::string text, const Linear& form) {
    if (form.offset != 0) text += (text.empty() ? "" : " + ") + number(form.offset);
    return text.empty() ? "0" : text;
  }

  std::string value(int instruction) const { return fmt::format("r{}", instruction); }

  std::string pointer(DType storage, int slot) const {
    return fmt::format("static_cast<{}*>(a.slot[{}])", c_type(storage), slot);
  }

  // The value of instruction c for the element whose position, where it has a form, is `position`.
  std::string expression(int c, const std::string& position, const std::string& element) {
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

  void define(int depth, int c, const std::string& position, const std::string& element = {}) {
    line(depth, fmt::format("const {} {} = {};", c_type(program_.code[at(c)].type), value(c),
                            expression(c, position, element)));
  }

  // Independent elements: each thread computes as many neighbours along the last axis as fit 16
  // bytes, if the extents allow that, and reads and writes them as one where they are aligned.
  void print_flat() {
    const Shape& space = program_.space;
    const int64_t total = space.numel();
    const int ndim = space.ndim();
    const int64_t inner = ndim == 0 ? 1 : space[ndim - 1];
    int64_t widest = 2;
    for (const Instruction& i : program_.code)
      if (i.kind == Kind::load) widest = std::max(widest, size_of(i.storage));
    for (const Store& store : program_.stores) widest = std::max(widest, size_of(store.storage));
    const int64_t width = inner > 0 && inner % (16 / widest) == 0 ? 16 / widest : 1;
    printed_.blocks = (total + kThreads * width - 1) / (kThreads * width);

    line(0, "TESSERA_KERNEL(tessera_program, A) {");
    line(1, "TESSERA_THREADS {");
    line(2, fmt::format("const I first = I((block_x() * {} + thread) * {});", kThreads, width));
    line(2, fmt::format("if (first < {}) {{", number(total)));
    decode(3, "first", 0, ndim);
    const Linear dense = Access::identity(space).flat();
    std::vector<std::string> position(program_.code.size()), element(program_.code.size());
    for (size_t c = 0; c < program_.code.size(); ++c) {
      const Instruction& i = program_.code[c];
      if (!has_form(i)) continue;
      const bool is_dense = i.form == dense;
      line(3, fmt::format("const I f{} = {};", c,
                          is_dense ? "first" : with_offset(terms(i.form, 0, ndim), i.form)));
      const int64_t step = ndim == 0 ? 0 : i.form.coef[at(ndim - 1)];
      position[c] = fmt::format("f{}", c);
      if (width == 1 || step == 0) continue;
      position[c] += step == 1 ? " + w" : fmt::format(" + {} * w", number(step));
      bool aligned = step == 1 && i.form.offset % width == 0;
      for (int k = 0; k < ndim - 1; ++k) aligned = aligned && i.form.coef[at(k)] % width == 0;
      if (i.kind == Kind::load && i.sources == 0 && aligned) {
        line(3,
             fmt::format("const auto v{0} = *reinterpret_cast<const Pack<{1}, {2}>*>({3} + f{0});",
                         c, c_type(i.storage), width, pointer(i.storage, i.slot)));
        element[c] = fmt::format("v{}.e[w]", c);
      }
    }
    for (size_t s = 0; s < program_.stores.size(); ++s)
      line(3, fmt::format("Pack<{}, {}> s{};", c_type(program_.stores[s].storage), width, s));
    line(3, fmt::format("for (int w = 0; w < {}; ++w) {{", width));
    for (size_t c = 0; c < program_.code.size(); ++c)
      define(4, static_cast<int>(c), position[c], element[c]);
    for (size_t s = 0; s < program_.stores.size(); ++s) {
      line(4, fmt::format("s{}.e[w] = static_cast<{}>({});", s, c_type(program_.stores[s].storage),
                          value(stored_[s])));
    }
    line(3, "}");
    for (size_t s = 0; s < program_.stores.size(); ++s) {
      const Store& store = program_.stores[s];
      line(3, fmt::format("*reinterpret_cast<Pack<{}, {}>*>({} + first) = s{};",
                          c_type(store.storage), width, pointer(store.storage, store.slot), s));
    }
    line(2, "}");
    line(1, "}");
    line(0, "}");
  }

  // Instructions that `wanted` need, results of reductions counted as known.
  std::vector<char> needed(const std::vector<int>& wanted) const {
    std::vector<char> found(program_.code.size(), 0);
    std::vector<int> stack = wanted;
    while (!stack.empty()) {
      const int c = stack.back();
      stack.pop_back();
      if (found[at(c)]) continue;
      found[at(c)] = 1;
      if (program_.code[at(c)].kind == Kind::reduce) continue;
      for (const int source : sources_[at(c)]) stack.push_back(source);
    }
    return found;
  }

  // Reductions, each along a row, and maps before, between and behind them. A row, or a part of
  // one, is shared by `lanes_` threads, each of which reads every lanes_-th element. There is one
  // pass over the row for each reduction and one for what is stored; a pass computes what it needs
  // from memory again, which is in the cache by then.
  void print_reductions() {
    const bool columns = program_.walk == Walk::columns, rows = program_.walk == Walk::rows;
    const int64_t row = program_.row;
    outputs_ = rows ? (row == 0 ? 0 : program_.space.numel() / row) : program_.outputs;
    lanes_ = columns ? 8 : lanes_for(row);
    const int together = kThreads / lanes_;  // rows of a block
    const int64_t blocks = (outputs_ + together - 1) / together;
    printed_.blocks = blocks;
    printed_.outputs = outputs_;
    if (!rows) {
      if (blocks > 0) printed_.parts = parts_for(blocks, row, lanes_);
      printed_.partial_bytes = 16;
    }

    line(0,
         fmt::format("constexpr int kLanes = {}, kStride = {};", lanes_, columns ? together : 1));
    if (!rows) {
      const Instruction& reduce = program_.code.back();
      line(0, fmt::format("using P = reduction::Partial<reduction::{}, {}>;",
                          c_name(reduce.reduction), c_type(reduce.from)));
    }
    line(0, "TESSERA_KERNEL(tessera_program, A) {");
    for (size_t c = 0; c < program_.code.size(); ++c) {
      if (program_.code[c].kind == Kind::reduce) print_reduce_pass(static_cast<int>(c));
    }
    if (rows) {
      print_store_pass();
    } else {
      print_finish();
    }
    line(0, "}");
    if (!rows) print_join();
  }

  // What each thread of a pass starts with: its row `o` and its place `lane` among those of it.
  void begin_pass(const std::vector<char>& used, std::vector<std::string>& position) {
    const bool columns = program_.walk == Walk::columns;
    line(1, "TESSERA_THREADS {");
    line(2, "const int lane = thread / kStride % kLanes;");
    line(2, fmt::format("const I o = I(block_x() * {}) + {};", kThreads / lanes_,
                        columns ? "thread % kStride" : "thread / kLanes"));
    line(2, fmt::format("const bool inside = o < {};", number(outputs_)));
    kept_first_ = columns ? split_ : 0;
    kept_last_ = columns ? program_.space.ndim() : split_;
    row_first_ = columns ? 0 : split_;
    row_last_ = columns ? split_ : program_.space.ndim();
    position.assign(program_.code.size(), {});
    used_ = used;
  }

  // Opens the block of the threads that have a row and defines what has one value for the row.
  void enter_row(std::vector<std::string>& position) {
    line(2, "if (inside) {");
    decode(3, "o", kept_first_, kept_last_);
    for (size_t c = 0; c < program_.code.size(); ++c) {
      const Instruction& i = program_.code[c];
      if (!used_[c]) continue;
      if (has_form(i)) {
        line(3, fmt::format("const I b{} = {};", c,
                            with_offset(terms(i.form, kept_first_, kept_last_), i.form)));
        position[c] = fmt::format("b{}", c);
      }
      if (of_row(c)) define(3, static_cast<int>(c), position[c]);
    }
  }

  // Whether instruction c has one value for a whole row.
  bool of_row(size_t c) const {
    const Instruction& i = program_.code[c];
    if (program_.walk != Walk::rows) return i.kind == Kind::scalar;
    return i.per_row || i.kind == Kind::reduce || i.kind == Kind::expand || i.kind == Kind::scalar;
  }

  // Opens the loop over this thread's elements from `begin` to `end` and defines what they need.
  void enter_elements(const std::string& begin, const std::string& end,
                      std::vector<std::string>& position) {
    line(3, fmt::format("for (I k = {} + lane; k < {}; k += kLanes) {{", begin, end));
    decode(4, "k", row_first_, row_last_);
    for (size_t c = 0; c < program_.code.size(); ++c) {
      if (!used_[c] || of_row(c)) continue;
      if (has_form(program_.code[c])) {
        const std::string along = terms(program_.code[c].form, row_first_, row_last_);
        if (!along.empty()) {
          line(4, fmt::format("const I f{0} = b{0} + {1};", c, along));
          position[c] = fmt::format("f{}", c);
        }
      }
      define(4, static_cast<int>(c), position[c]);
    }
  }

  void print_reduce_pass(int c) {
    const Instruction& reduce = program_.code[at(c)];
    const int source = sources_[at(c)][0];
    std::vector<std::string> position;
    line(1, fmt::format("TESSERA_SHARED reduction::Partial<reduction::{}, {}> part{}[{}];",
                        c_name(reduce.reduction), c_type(reduce.from), c, kThreads));
    begin_pass(needed({source}), position);
    line(2, fmt::format("auto partial = part{}[thread];", c));
    line(2, "partial.start();");
    enter_row(position);
    std::string begin = "0", end = number(program_.row);
    if (program_.walk != Walk::rows) {
      const int64_t piece =
          printed_.parts == 0 ? 0 : (program_.row + printed_.parts - 1) / printed_.parts;
      const std::string length = number(piece);
      line(3, fmt::format("const I begin = I(block_y()) * {};", length));
      line(3, fmt::format("const I end = begin + {0} < {1} ? begin + {0} : {1};", length, end));
      begin = "begin";
      end = "end";
    }
    enter_elements(begin, end, position);
    line(4, fmt::format("partial.add({}, k);", value(source)));
    line(3, "}");
    line(2, "}");
    line(2, fmt::format("part{}[thread] = partial;", c));
    line(1, "}");
    line(1, fmt::format("reduction::join_lanes<kLanes, kStride>(part{});", c));
  }

  void print_store_pass() {
    std::vector<std::string> position;
    begin_pass(needed(stored_), position);
    enter_row(position);
    bool elements = false;
    for (size_t s = 0; s < program_.stores.size(); ++s) {
      const Store& store = program_.stores[s];
      elements = elements || !store.per_row;
      if (!store.per_row) continue;
      line(3, fmt::format("if (lane == 0) {}[o] = static_cast<{}>({});",
                          pointer(store.storage, store.slot), c_type(store.storage),
                          value(stored_[s])));
    }
    if (elements) {
      const std::string row = number(program_.row);
      enter_elements("0", row, position);
      for (size_t s = 0; s < program_.stores.size(); ++s) {
        const Store& store = program_.stores[s];
        if (store.per_row) continue;
        line(4, fmt::format("{}[o * {} + k] = static_cast<{}>({});",
                            pointer(store.storage, store.slot), row, c_type(store.storage),
                            value(stored_[s])));
      }
      line(3, "}");
    }
    line(2, "}");
    line(1, "}");
  }

  std::string store_result(const std::string& partial) {
    const Store& store = program_.stores[0];
    return fmt::format("{}[o] = static_cast<{}>(static_cast<{}>({}.result()));",
                       pointer(store.storage, store.slot), c_type(store.storage),
                       c_type(program_.code.back().type), partial);
  }

  // Each row's first lane stores the result, or what is known of it after this part.
  void print_finish() {
    std::vector<std::string> position;
    const size_t last = program_.code.size() - 1;
    begin_pass(std::vector<char>(program_.code.size(), 0), position);
    line(2, "if (inside && lane == 0) {");
    line(3, fmt::format("auto* parts = static_cast<P*>(a.slot[{}]);", program_.slots));
    line(3, "if (parts) {");
    line(4, fmt::format("parts[block_y() * {} + o] = part{}[thread];", number(outputs_), last));
    line(3, "} else {");
    line(4, store_result(fmt::format("part{}[thread]", last)));
    line(3, "}");
    line(2, "}");
    line(1, "}");
  }

  void print_join() {
    line(0, "TESSERA_KERNEL(tessera_join, A) {");
    line(1, "TESSERA_THREADS {");
    line(2, fmt::format("const I o = I(block_x() * {} + thread);", kThreads));
    const std::string outputs = number(outputs_);
    line(2, fmt::format("if (o < {}) {{", outputs));
    line(3, fmt::format("const auto* parts = static_cast<const P*>(a.slot[{}]);", program_.slots));
    line(3, "P partial = parts[o];");
    line(3, fmt::format("for (I p = 1; p < {}; ++p) partial.join(parts[int64_t(p) * {} + o]);",
                        number(printed_.parts), outputs));
    line(3, store_result("partial"));
    line(2, "}");
    line(1, "}");
    line(0, "}");
  }

  int split_;
  const Program program_;
  std::vector<std::vector<int>> sources_;  // by instruction: those that make its sources
  std::vector<int> stored_;                // by store: the instruction whose value is stored
  bool wide_ = false;
  std::set<std::string> headers_;
  std::string text_;
  Printed printed_;

  int lanes_ = 1;
  int64_t outputs_ = 0;
  int kept_first_ = 0, kept_last_ = 0, row_first_ = 0, row_last_ = 0;  // axes of o and of k
  std::vector<char> used_;
};

}  // namespace

Printed print(const Program& program) {
  return Printer(program).print();
}

}  // namespace tessera::cuda
