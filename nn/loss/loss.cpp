#include "nn/loss/loss.h"

#include <utility>

#include "core/call.h"
#include "core/error.h"
#include "core/nearest.h"
#include "nn/loss/cross_entropy.h"
#include "nn/loss/overlap.h"
#include "ops/binary.h"

namespace tessera::nn {

Tensor Loss::operator()(const Operand& logits, const Tensor& target,
                        const Tensor& annotated) const {
  const Call call("loss", logits.where);
  require(!parts_.empty(), "loss: it is empty; make one with nn::loss(\"dice + ce\")");
  const Segmentation s(logits, target, {.ignore_index = ignore_index_, .annotated = annotated});
  Tensor total;
  for (const Part& part : parts_) {
    Tensor value = part.function(s);
    if (part.factor != 1) value = part.factor * value;
    total = total.defined() ? total + value : value;
  }
  return total;
}

std::string Loss::str() const {
  std::string text;
  for (const Part& part : parts_) {
    if (!text.empty()) text += " + ";
    text += part.text;
  }
  return text;
}

Loss loss(const std::string& text, int64_t ignore_index) {
  Loss loss;
  loss.ignore_index_ = ignore_index;
  for (Term& term : parse_terms(text, "loss")) {
    const LossEntry* entry = find_loss(term.name);
    if (entry == nullptr) {
      term.fail(fmt::format("'{}' is not known ({})", term.name, suggest(term.name, loss_names())));
    }
    LossFunction function = entry->read(term);
    loss.parts_.push_back({term.factor.value_or(1), term.str(), std::move(function)});
  }
  return loss;
}

Tensor dice_ce(const Operand& logits, const Tensor& target, int64_t ignore_index) {
  const Call call("dice_ce", logits.where);
  const Segmentation s(logits, target, {.ignore_index = ignore_index});
  return dice_loss(s) + cross_entropy(s);
}

}  // namespace tessera::nn
