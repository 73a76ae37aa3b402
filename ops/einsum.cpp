#include "ops/einsum.h"

#include <algorithm>
#include <map>

#include "core/amp.h"
#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// An axis: a letter, or -k for the k-th axis from the end of what `...` stands for.
using Label = int;
using Labels = std::vector<Label>;

bool has(const Labels& labels, Label label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

std::string name_of(Label label) {
  return label < 0 ? fmt::format("axis {} of \"...\"", label)
                   : fmt::format("label '{}'", static_cast<char>(label));
}

// A tensor whose axes have names; after `reduced`, a name occurs once.
struct Term {
  Tensor value;
  Labels labels;
};

// What one side of the equation says about one tensor.
struct Pattern {
  Labels before, after;  // letters before and after the ellipsis
  bool ellipsis = false;

  size_t letters() const { return before.size() + after.size(); }
  Labels expanded(int ellipsis_axes) const {
    Labels labels = before;
    for (int i = ellipsis_axes; ellipsis && i > 0; --i) labels.push_back(-i);
    labels.insert(labels.end(), after.begin(), after.end());
    return labels;
  }
};

struct Equation {
  std::vector<Pattern> inputs;
  Pattern output;
  bool explicit_output = false;
};

Equation parse(std::string_view text) {
  Equation equation;
  equation.inputs.emplace_back();
  Pattern* current = &equation.inputs.back();
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      (current->ellipsis ? current->after : current->before).push_back(c);
    } else if (text.substr(i, 3) == "...") {
      require(!current->ellipsis, "einsum: a term may have one \"...\", got two in \"{}\"", text);
      current->ellipsis = true;
      i += 2;
    } else if (c == ',' && !equation.explicit_output) {
      current = &equation.inputs.emplace_back();
    } else if (text.substr(i, 2) == "->" && !equation.explicit_output) {
      equation.explicit_output = true;
      current = &equation.output;
      ++i;
    } else {
      fail(
          fmt::format("einsum: an equation is letters, \"...\", \",\" and one \"->\", got '{}' at "
                      "position {} of \"{}\"",
                      c, i, text));
    }
  }
  return equation;
}

// The term with each label once: diagonals taken, and axes of extent 1 that broadcast left out.
Term reduced(Term term, const std::map<Label, int64_t>& extents) {
  for (size_t i = 0; i < term.labels.size();) {
    const int axis = static_cast<int>(i);
    const Label label = term.labels[i];
    const auto twin = std::find(term.labels.begin() + axis + 1, term.labels.end(), label);
    if (twin != term.labels.end()) {
      term.value = diagonal(term.value, 0, axis, twin - term.labels.begin());
      term.labels.erase(twin);
      term.labels.erase(term.labels.begin() + axis);
      term.labels.push_back(label);
    } else if (term.value.shape(axis) == 1 && extents.at(label) != 1) {
      term.value = reshape(term.value, term.value.shape().without(axis));
      term.labels.erase(term.labels.begin() + axis);
    } else {
      ++i;
    }
  }
  return term;
}

// The sum over the labels for which `wanted` does not hold.
template <class F>
Term summed(const Term& term, F&& wanted) {
  Shape axes;
  Term result;
  for (size_t i = 0; i < term.labels.size(); ++i) {
    if (wanted(term.labels[i])) {
      result.labels.push_back(term.labels[i]);
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  result.value = axes.empty() ? term.value : cast(sum(term.value, axes), term.value.dtype());
  return result;
}

Tensor ordered(const Term& term, const Labels& order) {
  Shape axes;
  for (const Label label : order)
    axes.push_back(std::find(term.labels.begin(), term.labels.end(), label) - term.labels.begin());
  return permute(term.value, axes);
}

// The product of two terms, summed over the labels that are not to be kept.
Term product(const Term& left, const Term& right, const Labels& keep) {
  const auto wanted_beside = [&](const Term& other) {
    return [&](Label label) { return has(other.labels, label) || has(keep, label); };
  };
  const Term a = summed(left, wanted_beside(right)), b = summed(right, wanted_beside(left));
  Labels batch, inner, rows, columns;
  for (const Label label : a.labels)
    (!has(b.labels, label) ? rows : has(keep, label) ? batch : inner).push_back(label);
  for (const Label label : b.labels) {
    if (!has(a.labels, label)) columns.push_back(label);
  }
  Shape shape;
  Labels labels;
  const auto extent_of = [&](const Term& term, const Labels& group, bool in_result) {
    int64_t extent = 1;
    for (const Label label : group) {
      const auto at = std::find(term.labels.begin(), term.labels.end(), label);
      const int64_t own = term.value.shape(at - term.labels.begin());
      extent *= own;
      if (!in_result) continue;
      shape.push_back(own);
      labels.push_back(label);
    }
    return extent;
  };
  const int64_t B = extent_of(a, batch, true), M = extent_of(a, rows, true);
  const int64_t N = extent_of(b, columns, true), K = extent_of(a, inner, false);
  const auto joined = [](const Labels& x, const Labels& y, const Labels& z) {
    Labels all = x;
    all.insert(all.end(), y.begin(), y.end());
    all.insert(all.end(), z.begin(), z.end());
    return all;
  };
  const Tensor x = reshape(ordered(a, joined(batch, rows, inner)), {B, M, K});
  const Tensor y = reshape(ordered(b, joined(batch, inner, columns)), {B, K, N});
  return {reshape(inner.empty() ? mul(x, y) : matmul(x, y), shape), labels};
}

// The axes of the result of an equation that does not say them.
Labels implicit_output(const std::vector<Term>& terms, int ellipsis_axes) {
  std::map<Label, int> count;
  for (const Term& term : terms) {
    for (const Label label : term.labels) ++count[label];
  }
  Labels labels;
  for (int i = ellipsis_axes; i > 0; --i) labels.push_back(-i);
  for (const auto& [label, times] : count) {
    if (label > 0 && times == 1) labels.push_back(label);
  }
  return labels;
}

// Extents by label. Throws where the axes of one label do not fit together.
std::map<Label, int64_t> checked_extents(const std::vector<Term>& terms, std::string_view text) {
  std::map<Label, int64_t> extents;
  std::map<Label, size_t> first;  // operand that set it
  for (size_t t = 0; t < terms.size(); ++t) {
    std::map<Label, int64_t> own;
    for (size_t i = 0; i < terms[t].labels.size(); ++i) {
      const Label label = terms[t].labels[i];
      const int64_t extent = terms[t].value.shape(static_cast<int64_t>(i));
      const auto [twin, fresh] = own.emplace(label, extent);
      require(fresh || twin->second == extent,
              "einsum: {} of \"{}\" has extents {} and {} in operand {} {}, which must be equal",
              name_of(label), text, twin->second, extent, t, terms[t].value.shape());
      int64_t& common = extents.emplace(label, 1).first->second;
      if (extent == 1) continue;
      require(common == 1 || common == extent,
              "einsum: {} of \"{}\" has extent {} in operand {} {}, but {} in operand {} {}",
              name_of(label), text, common, first[label], terms[first[label]].value.shape(), extent,
              t, terms[t].value.shape());
      if (common == 1) first[label] = t;
      common = extent;
    }
  }
  return extents;
}

}  // namespace

Tensor einsum(std::string_view equation, const Tensors& given, const std::source_location& where) {
  const Call call("einsum", where);
  Tensors operands;
  for (const Tensor& x : given) operands.push_back(detail::amp_low(x));
  const Equation parsed = parse(equation);
  require(parsed.inputs.size() == operands.size(), "einsum: \"{}\" has {} terms for {} operands",
          equation, parsed.inputs.size(), operands.size());
  std::vector<Term> terms;
  int ellipsis_axes = 0;
  for (size_t t = 0; t < operands.size(); ++t) {
    const Tensor& x = operands[t];
    const Pattern& pattern = parsed.inputs[t];
    require(x.defined(), "einsum: operand {} is an undefined tensor", t);
    require(x.dtype() == operands[0].dtype() && x.dtype() != bool_,
            "einsum: operands must be numbers of one dtype, got {} and {}", operands[0].dtype(),
            x.dtype());
    const int extra = x.ndim() - static_cast<int>(pattern.letters());
    require(pattern.ellipsis ? extra >= 0 : extra == 0,
            "einsum: term {} of \"{}\" names {} axes{}, but operand {} has shape {}", t, equation,
            pattern.letters(), pattern.ellipsis ? " besides \"...\"" : "", t, x.shape());
    if (pattern.ellipsis) ellipsis_axes = std::max(ellipsis_axes, extra);
    terms.push_back({x, pattern.expanded(extra)});
  }
  const std::map<Label, int64_t> extents = checked_extents(terms, equation);
  const Labels output = parsed.explicit_output ? parsed.output.expanded(ellipsis_axes)
                                               : implicit_output(terms, ellipsis_axes);
  for (const Label label : output) {
    require(extents.count(label) > 0, "einsum: {} of the result of \"{}\" is in no operand",
            name_of(label), equation);
    require(std::count(output.begin(), output.end(), label) == 1,
            "einsum: {} occurs twice in the result of \"{}\"", name_of(label), equation);
  }

  Term result = reduced(terms[0], extents);
  for (size_t t = 1; t < terms.size(); ++t) {
    Labels keep = output;  // and what later terms need
    for (size_t later = t + 1; later < terms.size(); ++later)
      keep.insert(keep.end(), terms[later].labels.begin(), terms[later].labels.end());
    result = product(result, reduced(terms[t], extents), keep);
  }
  result = summed(result, [&](Label label) { return has(output, label); });
  return ordered(result, output);
}

}  // namespace tessera
