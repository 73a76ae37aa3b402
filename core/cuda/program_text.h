#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/cuda/print.h"

namespace tessera::cuda {

// What the texts of all programs have in common: parameters, indices, positions, and the expression
// of each instruction. How threads share the work is up to print.cpp.
class ProgramText {
 public:
  explicit ProgramText(const Program& original);

  const Program& program() const { return program_; }
  // How many axes come first, before those of the row, or before the kept ones of columns.
  int split() const { return split_; }
  // The instructions that make the sources of instruction c, and the one whose value is stored.
  const std::vector<int>& sources(int c) const { return sources_[static_cast<size_t>(c)]; }
  const std::vector<int>& stored() const { return stored_; }

  // A parameter with that value.
  std::string number(int64_t value);

  void line(int depth, const std::string& text);

  // Defines the indices of axes first..last - 1 for the element at `position` in row-major order.
  void decode(int depth, const std::string& position, int first, int last);

  // The part of a form that axes first..last - 1 contribute; empty if none does.
  std::string terms(const Linear& form, int first, int last);
  std::string with_offset(std::string text, const Linear& form);

  static std::string value(int instruction);
  static std::string pointer(DType storage, int slot);

  // Defines the value of instruction c for the element whose position, where it has a form, is
  // `position`; a load that was done already is `element`.
  void define(int depth, int c, const std::string& position, const std::string& element = {});

  // All of it, with what it includes in front.
  Printed finished();

  Printed printed;  // but for the text

 private:
  std::string expression(int c, const std::string& position, const std::string& element);
  void find_sources();
  bool needs_wide_indices() const;

  int split_;
  const Program program_;
  std::vector<std::vector<int>> sources_;
  std::vector<int> stored_;
  bool wide_ = false;
  std::set<std::string> headers_;
  std::string text_;
};

// Whether it has a position: a load, an index or a bound.
bool has_form(const Instruction& instruction);

}  // namespace tessera::cuda
