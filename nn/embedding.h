#pragma once

#include "nn/module.h"
#include "ops/index.h"

namespace tessera::nn {

// Rows of a table: integers [...] give [..., embedding_dim]. The parameter is
//   weight [num_embeddings, embedding_dim],
// normal with variance 1 at first; the row padding_idx, which may count from the end, is 0 and gets
// no gradient. Same as torch.nn.Embedding. The constructor throws Error when a number does not fit,
// evaluation when an index lies outside.
struct Embedding : Module {
  Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options = {});
  int64_t num_embeddings, embedding_dim;
  EmbeddingOptions options;
  Tensor weight;

  Tensor forward(const Tensor& index) override;
  std::string describe() const override;
};

}  // namespace tessera::nn
