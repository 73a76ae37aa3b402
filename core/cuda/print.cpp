#include "core/cuda/print.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/cuda/program_text.h"
#include "core/index.h"

namespace tessera::cuda {

namespace {

using detail::at;
using Kind = Instruction::Kind;

const char* c_name(Reduction reduction) {
  static constexpr const char* names[] = {"Sum", "Prod", "Max",    "Min",
                                          "Any", "All",  "ArgMax", "ArgMin"};
  return names[static_cast<size_t>(reduction)];
}

// What CUDA 12.0 takes as the parameters of a kernel.
constexpr int64_t kParameterBytes = 4096;

// Each block finds the program that it belongs to.
std::string kernel_for_many(int64_t most) {
  return fmt::format(
      "struct Many {{\n"
      "  int64_t first_block[{0}];\n"
      "  A each[{0}];\n"
      "}};\n"
      "TESSERA_KERNEL(tessera_program, Many) {{\n"
      "  int m = 0;\n"
      "  while (m + 1 < {0} && a.first_block[m + 1] <= block_x()) ++m;\n"
      "  compute(a.each[m], block_x() - a.first_block[m]);\n"
      "}}\n",
      most);
}

class Printer : ProgramText {
 public:
  using ProgramText::ProgramText;

  Printed print() {
    if (program().walk == Walk::flat) {
      print_flat();
    } else {
      print_reductions();
    }
    Printed all = finished();
    if (program().walk != Walk::flat) return all;
    const auto bytes =
        static_cast<int64_t>(sizeof(int64_t) * (at(program().slots) + 1 + all.numbers.size()));
    all.most = kParameterBytes / (static_cast<int64_t>(sizeof(int64_t)) + bytes);
    if (all.most > 1) all.text_for_many = all.text + kernel_for_many(all.most);
    all.text +=
        "TESSERA_KERNEL(tessera_program, A) {\n"
        "  compute(a, block_x());\n"
        "}\n";
    return all;
  }

 private:
  // Independent elements: each thread computes as many neighbours along the last axis as fit 16
  // bytes, if the extents allow that, and reads and writes them as one where they are aligned.
  void print_flat() {
    const Shape& space = program().space;
    const int64_t total = space.numel();
    const int ndim = space.ndim();
    const int64_t inner = ndim == 0 ? 1 : space[ndim - 1];
    int64_t widest = 2;
    for (const Instruction& i : program().code)
      if (i.kind == Kind::load) widest = std::max(widest, size_of(i.storage));
    for (const Store& store : program().stores) widest = std::max(widest, size_of(store.storage));
    const int64_t width = inner > 0 && inner % (16 / widest) == 0 ? 16 / widest : 1;
    printed.blocks = (total + kThreads * width - 1) / (kThreads * width);

    line(0, "TESSERA_INLINE void compute(const A& a, int64_t number) {");
    line(1, "TESSERA_THREADS {");
    line(2, fmt::format("const I first = I((number * {} + thread) * {});", kThreads, width));
    line(2, fmt::format("if (first < {}) {{", number(total)));
    decode(3, "first", 0, ndim);
    const Linear dense = Access::identity(space).flat();
    std::vector<std::string> position(program().code.size()), element(program().code.size());
    for (size_t c = 0; c < program().code.size(); ++c) {
      const Instruction& i = program().code[c];
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
    for (size_t s = 0; s < program().stores.size(); ++s)
      line(3, fmt::format("Pack<{}, {}> s{};", c_type(program().stores[s].storage), width, s));
    line(3, fmt::format("for (int w = 0; w < {}; ++w) {{", width));
    for (size_t c = 0; c < program().code.size(); ++c)
      define(4, static_cast<int>(c), position[c], element[c]);
    for (size_t s = 0; s < program().stores.size(); ++s) {
      line(4, fmt::format("s{}.e[w] = static_cast<{}>({});", s, c_type(program().stores[s].storage),
                          value(stored()[s])));
    }
    line(3, "}");
    for (size_t s = 0; s < program().stores.size(); ++s) {
      const Store& store = program().stores[s];
      line(3, fmt::format("*reinterpret_cast<Pack<{}, {}>*>({} + first) = s{};",
                          c_type(store.storage), width, pointer(store.storage, store.slot), s));
    }
    line(2, "}");
    line(1, "}");
    line(0, "}");
  }

  // Instructions that `wanted` need, results of reductions counted as known.
  std::vector<char> needed(const std::vector<int>& wanted) const {
    std::vector<char> found(program().code.size(), 0);
    std::vector<int> stack = wanted;
    while (!stack.empty()) {
      const int c = stack.back();
      stack.pop_back();
      if (found[at(c)]) continue;
      found[at(c)] = 1;
      if (program().code[at(c)].kind == Kind::reduce) continue;
      for (const int source : sources(c)) stack.push_back(source);
    }
    return found;
  }

  // Reductions, each along a row, and maps before, between and behind them. A row, or a part of
  // one, is shared by `lanes_` threads, each of which reads every lanes_-th element. There is one
  // pass over the row for each reduction and one for what is stored; a pass computes what it needs
  // from memory again, which is in the cache by then.
  void print_reductions() {
    const bool columns = program().walk == Walk::columns, rows = program().walk == Walk::rows;
    const int64_t row = program().row;
    outputs_ = rows ? (row == 0 ? 0 : program().space.numel() / row) : program().outputs;
    lanes_ = columns ? 8 : lanes_for(row);
    const int together = kThreads / lanes_;  // rows of a block
    const int64_t blocks = (outputs_ + together - 1) / together;
    printed.blocks = blocks;
    printed.outputs = outputs_;
    if (!rows) {
      if (blocks > 0) printed.parts = parts_for(blocks, row, lanes_);
      printed.partial_bytes = 16;
    }

    line(0,
         fmt::format("constexpr int kLanes = {}, kStride = {};", lanes_, columns ? together : 1));
    if (!rows) {
      const Instruction& reduce = program().code.back();
      line(0, fmt::format("using P = reduction::Partial<reduction::{}, {}>;",
                          c_name(reduce.reduction), c_type(reduce.from)));
    }
    line(0, "TESSERA_KERNEL(tessera_program, A) {");
    for (size_t c = 0; c < program().code.size(); ++c) {
      if (program().code[c].kind == Kind::reduce) print_reduce_pass(static_cast<int>(c));
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
    const bool columns = program().walk == Walk::columns;
    line(1, "TESSERA_THREADS {");
    line(2, "const int lane = thread / kStride % kLanes;");
    line(2, fmt::format("const I o = I(block_x() * {}) + {};", kThreads / lanes_,
                        columns ? "thread % kStride" : "thread / kLanes"));
    line(2, fmt::format("const bool inside = o < {};", number(outputs_)));
    kept_first_ = columns ? split() : 0;
    kept_last_ = columns ? program().space.ndim() : split();
    row_first_ = columns ? 0 : split();
    row_last_ = columns ? split() : program().space.ndim();
    position.assign(program().code.size(), {});
    used_ = used;
  }

  // Opens the block of the threads that have a row and defines what has one value for the row.
  void enter_row(std::vector<std::string>& position) {
    line(2, "if (inside) {");
    decode(3, "o", kept_first_, kept_last_);
    for (size_t c = 0; c < program().code.size(); ++c) {
      const Instruction& i = program().code[c];
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
    const Instruction& i = program().code[c];
    if (program().walk != Walk::rows) return i.kind == Kind::scalar;
    return i.per_row || i.kind == Kind::reduce || i.kind == Kind::expand || i.kind == Kind::scalar;
  }

  // Opens the loop over this thread's elements from `begin` to `end` and defines what they need.
  void enter_elements(const std::string& begin, const std::string& end,
                      std::vector<std::string>& position) {
    line(3, fmt::format("for (I k = {} + lane; k < {}; k += kLanes) {{", begin, end));
    decode(4, "k", row_first_, row_last_);
    for (size_t c = 0; c < program().code.size(); ++c) {
      if (!used_[c] || of_row(c)) continue;
      if (has_form(program().code[c])) {
        const std::string along = terms(program().code[c].form, row_first_, row_last_);
        if (!along.empty()) {
          line(4, fmt::format("const I f{0} = b{0} + {1};", c, along));
          position[c] = fmt::format("f{}", c);
        }
      }
      define(4, static_cast<int>(c), position[c]);
    }
  }

  void print_reduce_pass(int c) {
    const Instruction& reduce = program().code[at(c)];
    const int source = sources(c)[0];
    std::vector<std::string> position;
    line(1, fmt::format("TESSERA_SHARED reduction::Partial<reduction::{}, {}> part{}[{}];",
                        c_name(reduce.reduction), c_type(reduce.from), c, kThreads));
    begin_pass(needed({source}), position);
    line(2, fmt::format("auto partial = part{}[thread];", c));
    line(2, "partial.start();");
    enter_row(position);
    std::string begin = "0", end = number(program().row);
    if (program().walk != Walk::rows) {
      const int64_t piece =
          printed.parts == 0 ? 0 : (program().row + printed.parts - 1) / printed.parts;
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
    begin_pass(needed(stored()), position);
    enter_row(position);
    bool elements = false;
    for (size_t s = 0; s < program().stores.size(); ++s) {
      const Store& store = program().stores[s];
      elements = elements || !store.per_row;
      if (!store.per_row) continue;
      line(3, fmt::format("if (lane == 0) {}[o] = static_cast<{}>({});",
                          pointer(store.storage, store.slot), c_type(store.storage),
                          value(stored()[s])));
    }
    if (elements) {
      const std::string row = number(program().row);
      enter_elements("0", row, position);
      for (size_t s = 0; s < program().stores.size(); ++s) {
        const Store& store = program().stores[s];
        if (store.per_row) continue;
        line(4, fmt::format("{}[o * {} + k] = static_cast<{}>({});",
                            pointer(store.storage, store.slot), row, c_type(store.storage),
                            value(stored()[s])));
      }
      line(3, "}");
    }
    line(2, "}");
    line(1, "}");
  }

  std::string store_result(const std::string& partial) {
    const Store& store = program().stores[0];
    return fmt::format("{}[o] = static_cast<{}>(static_cast<{}>({}.result()));",
                       pointer(store.storage, store.slot), c_type(store.storage),
                       c_type(program().code.back().type), partial);
  }

  // Each row's first lane stores the result, or what is known of it after this part.
  void print_finish() {
    std::vector<std::string> position;
    const size_t last = program().code.size() - 1;
    begin_pass(std::vector<char>(program().code.size(), 0), position);
    line(2, "if (inside && lane == 0) {");
    line(3, fmt::format("auto* parts = static_cast<P*>(a.slot[{}]);", program().slots));
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
    line(3, fmt::format("const auto* parts = static_cast<const P*>(a.slot[{}]);", program().slots));
    line(3, "P partial = parts[o];");
    line(3, fmt::format("for (I p = 1; p < {}; ++p) partial.join(parts[int64_t(p) * {} + o]);",
                        number(printed.parts), outputs));
    line(3, store_result("partial"));
    line(2, "}");
    line(1, "}");
    line(0, "}");
  }

  int lanes_ = 1;
  int64_t outputs_ = 0;
  int kept_first_ = 0, kept_last_ = 0, row_first_ = 0, row_last_ = 0;  // axes of o and of k
  std::vector<char> used_;
};

}  // namespace

Printed print(const Program& program) {
  return Printer(program).print();
}

std::vector<Touched> touched_by(const Program& program) {
  constexpr int64_t kNumber = 8;  // bytes of a number among the arrays
  std::vector<Touched> touched;
  if (program.space.numel() == 0) return touched;
  for (const Instruction& i : program.code) {
    if (i.kind == Kind::scalar) touched.push_back({i.slot, 0, kNumber, false});
    if (i.kind != Kind::load) continue;
    const Range range = range_of(i.form, program.space);
    const int64_t size = size_of(i.storage);
    touched.push_back({i.slot, range.low * size, (range.high + 1) * size, false});
  }
  for (const Store& store : program.stores)
    touched.push_back({store.slot, 0, program.space.numel() * size_of(store.storage), true});
  return touched;
}

}  // namespace tessera::cuda
