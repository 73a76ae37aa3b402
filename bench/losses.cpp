// What does each loss of segmentation cost, and what does sharing a softmax bring?
//
//   losses [--quick]
//
// Value and gradient for logits [2, 3, 128, 128] on one thread, against those of cross entropy:
// ratios of medians of interleaved runs.

#include <fmt/core.h>

#include "autograd/grad.h"
#include "bench/timing.h"
#include "core/settings.h"
#include "nn/loss/loss.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/unary.h"

using namespace tessera;
using namespace tessera::bench;

int main(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  const int64_t batch = 2, classes = 3, side = quick ? 16 : 128;
  set_num_threads(1);
  const Tensor x = variable(randn({batch, classes, side, side}));
  const Tensor target = cast(floor(static_cast<double>(classes) * rand({batch, side, side})), i32);
  eval({x, target});

  std::vector<Contender> contenders;
  const auto enter = [&](const std::string& name, const std::function<Tensor()>& loss) {
    contenders.push_back({name, [&x, loss] {
                            const Tensor y = loss();
                            const Tensor dx = grad(y, x);
                            eval({y, dx});
                          }});
  };
  for (const nn::LossEntry& entry : nn::losses()) {
    enter(entry.name, [&, f = nn::loss(entry.name)] { return f(x, target); });
  }
  enter("dice + ce, one softmax", [&, f = nn::loss("dice + ce")] { return f(x, target); });
  enter("dice + ce, two softmaxes", [&, dice = nn::loss("dice"), ce = nn::loss("ce")] {
    return dice(x, target) + ce(x, target);
  });
  race(contenders, quick ? 1 : 15, true);

  fmt::print("value and gradient for [{}, {}, {}, {}], against ce\n", batch, classes, side, side);
  const double ce = contenders[0].median();
  for (Contender& contender : contenders)
    fmt::print("{:26}{:8.2f}\n", contender.name, contender.median() / ce);
  return 0;
}
