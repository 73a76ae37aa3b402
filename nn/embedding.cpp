#include "nn/embedding.h"

#include "core/error.h"
#include "nn/describe.h"
#include "nn/init.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/mask.h"
#include "ops/shape.h"

namespace tessera::nn {

Embedding::Embedding(int64_t count, int64_t dim, const EmbeddingOptions& o)
    : num_embeddings(count), embedding_dim(dim), options(o) {
  require(count > 0 && dim > 0,
          "Embedding: num_embeddings and embedding_dim must be positive, got {} and {}", count,
          dim);
  Tensor table = init::normal({count, dim});
  if (options.padding_idx) {
    int64_t& row = *options.padding_idx;
    require(row >= -count && row < count, "Embedding: padding_idx must lie in [-{}, {}), got {}",
            count, count, row);
    if (row < 0) row += count;
    table = masked_fill(table, reshape(arange(0, count) == row, {count, 1}), 0);
  }
  weight = add_parameter("weight", table);
}

Tensor Embedding::forward(const Tensor& index) {
  return embedding(index, weight, options);
}

std::string Embedding::describe() const {
  Description text(num_embeddings, embedding_dim);
  if (options.padding_idx) text.add("padding_idx", *options.padding_idx);
  return text;
}

}  // namespace tessera::nn
