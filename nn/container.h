#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "nn/module.h"

namespace tessera::nn::detail {

// What operator[] of the containers returns.
Module& child_at(const Module& container, int64_t place);

}  // namespace tessera::nn::detail

namespace tessera::nn {

// Modules one after the other, named by their places "0", "1", ... or as the caller says:
//
//   nn::Sequential head{nn::Conv2d(64, 64, 3, {.padding = 1}), nn::ReLU(), nn::Conv2d(64, 2, 1)};
//   head.append("last", nn::Sigmoid());
//
// Same as torch.nn.Sequential.
struct Sequential : Module {
  Sequential() = default;
  template <std::derived_from<Module>... M>
  explicit Sequential(M... modules) {
    (append(std::move(modules)), ...);
  }

  // Each returns the appended module, which lives as long as this one.
  template <std::derived_from<Module> M>
  M& append(M module) {
    return append(std::to_string(size()), std::move(module));
  }
  template <std::derived_from<Module> M>
  M& append(const std::string& name, M module) {
    return add(name, std::move(module));
  }
  Module& append(std::unique_ptr<Module> module) {
    return add_child(std::to_string(size()), std::move(module));
  }

  int64_t size() const { return static_cast<int64_t>(children().size()); }
  // The module at a place; negative ones count from the end. Throws Error when there is none.
  Module& operator[](int64_t place) const { return detail::child_at(*this, place); }

  Tensor forward(const Tensor& x) override;
};

// Modules of one class, named "0", "1", ..., that their owner calls as it likes; places count as in
// Sequential. Same as torch.nn.ModuleList.
//
//   nn::ModuleList<Block>& blocks = add("blocks", nn::ModuleList<Block>());
//   for (int i = 0; i < depth; ++i) blocks.append(Block(width));
//   for (Block& block : blocks) x = block(x, context);
template <std::derived_from<Module> M>
struct ModuleList : Module {
  M& append(M module) { return add(std::to_string(size()), std::move(module)); }

  int64_t size() const { return static_cast<int64_t>(children().size()); }
  M& operator[](int64_t place) const { return static_cast<M&>(detail::child_at(*this, place)); }

  class Iterator {
   public:
    Iterator(const ModuleList* list, int64_t place) : list_(list), place_(place) {}
    M& operator*() const { return (*list_)[place_]; }
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    const ModuleList* list_;
    int64_t place_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
};

// Its input, as it is. Same as torch.nn.Identity.
struct Identity : Module {
  Tensor forward(const Tensor& x) override { return x; }
};

}  // namespace tessera::nn
