#include "nn/norm.h"

#include <doctest/doctest.h>

#include "autograd/checkpoint.h"
#include "autograd/grad.h"
#include "core/error.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/norm") {
  TEST_CASE("batch norms are those of torch.nn, running statistics included") {
    const testing::LayerOracle oracle;
    oracle.check("batch_norm1d", [] { return nn::BatchNorm1d(3); });
    oracle.check("batch_norm1d length",
                 [] { return nn::BatchNorm1d(3, {.eps = 1e-3, .momentum = 0.3}); });
    oracle.check("batch_norm2d", [] { return nn::BatchNorm2d(3); });
    oracle.check("batch_norm2d plain", [] { return nn::BatchNorm2d(2, {.affine = false}); });
    oracle.check("batch_norm2d untracked",
                 [] { return nn::BatchNorm2d(2, {.track_running_stats = false}); });
    oracle.check("batch_norm3d", [] { return nn::BatchNorm3d(2); });
  }

  TEST_CASE("the other norms are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("instance_norm1d", [] { return nn::InstanceNorm1d(2, {.eps = 1e-2}); });
    for (const char* what : {"instance_norm2d", "instance_norm2d unbatched"}) {
      oracle.check(what, [] { return nn::InstanceNorm2d(3, {.affine = true}); });
    }
    oracle.check("instance_norm3d", [] { return nn::InstanceNorm3d(2, {.affine = true}); });
    oracle.check("group_norm", [] { return nn::GroupNorm(2, 4, {.eps = 1e-3}); });
    oracle.check("group_norm plain", [] { return nn::GroupNorm(2, 4, {.affine = false}); });
    oracle.check("layer_norm", [] { return nn::LayerNorm(4); });
    oracle.check("layer_norm two axes", [] {
      return nn::LayerNorm({3, 4}, {.eps = 1e-2, .bias = false});
    });
    oracle.check("layer_norm plain",
                 [] { return nn::LayerNorm(4, {.elementwise_affine = false}); });
    oracle.check("rms_norm", [] { return nn::RMSNorm(4); });
    oracle.check("rms_norm eps", [] { return nn::RMSNorm({3, 4}, {.eps = 1e-2}); });
    oracle.check("local_response_norm",
                 [] { return nn::LocalResponseNorm(3, {.alpha = 0.5, .beta = 0.6, .k = 0.8}); });
  }

  TEST_CASE("running variances are unbiased as in torch, or biased as in Jittor") {
    const Tensor x = tensor({1, 2, 3, 4}, {4, 1});  // mean 2.5, biased variance 1.25
    nn::BatchNorm1d torch(1, {.momentum = 1}), jittor(1, {.momentum = 1, .unbiased = false});
    torch(x);
    jittor(x);
    CHECK(torch.running_mean.item() == doctest::Approx(2.5));
    CHECK(torch.running_var.item() == doctest::Approx(5.0 / 3));
    CHECK(jittor.running_var.item() == doctest::Approx(1.25));
  }

  TEST_CASE("running statistics move in training only, also under NoGrad") {
    nn::BatchNorm2d norm(1);
    const Tensor x = full({2, 1, 2, 2}, 3.0);
    norm.eval();
    norm(x);
    CHECK(norm.running_mean.item() == 0);
    norm.train();
    {
      const NoGrad no_grad;
      norm(x);
    }
    CHECK(norm.running_mean.item() == doctest::Approx(0.3));
    CHECK(norm.running_var.item() == doctest::Approx(0.9));
  }

  TEST_CASE("running statistics count a checkpointed batch once") {
    nn::BatchNorm1d norm(2), same(2);
    const Tensor x = variable(tensor({1, 2, 3, 5}, {2, 2}));
    const auto fn = [&](const Tensors& inputs) { return Tensors{square(norm(inputs[0]))}; };
    const Tensor y = checkpoint(fn, {x})[0];
    const Tensor dw = grad(sum(y), norm.weight);
    eval({y, dw});
    same(x);
    CHECK(norm.running_mean.to_vector<float>() == same.running_mean.to_vector<float>());
    CHECK(norm.running_var.to_vector<float>() == same.running_var.to_vector<float>());
    CHECK_FALSE(recomputing());
  }

  TEST_CASE("a loop of steps keeps no history in the running statistics") {
    nn::BatchNorm2d norm(2);
    const Tensor x = ones({2, 2, 2, 2});
    const auto step = [&] {
      norm(x).eval();
      norm.running_mean.eval();
      norm.running_var.eval();
    };
    step();
    step();
    const int64_t nodes = live_nodes();
    for (int i = 0; i < 5; ++i) step();
    CHECK(live_nodes() == nodes);
  }

  TEST_CASE("norms are made by name") {
    CHECK(nn::make_norm(nn::Norm::none, 3)->type_name() == "Identity");
    CHECK(nn::make_norm(nn::Norm::batch, 3, 1)->type_name() == "BatchNorm1d");
    CHECK(nn::make_norm(nn::Norm::batch, 3)->type_name() == "BatchNorm2d");
    CHECK(nn::make_norm(nn::Norm::batch, 3, 3)->type_name() == "BatchNorm3d");
    CHECK(nn::make_norm(nn::Norm::instance, 3, 1)->type_name() == "InstanceNorm1d");
    CHECK(nn::make_norm(nn::Norm::instance, 3)->describe() == "3, affine=true");
    CHECK(nn::make_norm(nn::Norm::instance, 3, 3)->type_name() == "InstanceNorm3d");
    CHECK(nn::make_norm(nn::Norm::group, 96)->describe() == "32, 96");
    CHECK(nn::make_norm(nn::Norm::group, 20)->describe() == "4, 20");
    CHECK(error_of([] { nn::make_norm(nn::Norm::batch, 3, 4); }) ==
          "make_norm: axes must be 1, 2 or 3, got 4");
  }

  TEST_CASE("settings are described") {
    CHECK(nn::BatchNorm2d(64).describe() == "64");
    CHECK(nn::BatchNorm2d(8, {.eps = 1e-3, .momentum = 0.01, .unbiased = false}).describe() ==
          "8, eps=0.001, momentum=0.01, unbiased=false");
    CHECK(nn::InstanceNorm2d(8, {.affine = true}).describe() == "8, affine=true");
    CHECK(nn::GroupNorm(4, 8).describe() == "4, 8");
    CHECK(nn::LayerNorm({3, 4}).describe() == "[3, 4]");
    CHECK(nn::RMSNorm(4, {.eps = 1e-6}).describe() == "4, eps=1e-06");
    CHECK(nn::LocalResponseNorm(5, {.k = 2}).describe() == "5, k=2");
  }

  TEST_CASE("wrong settings and inputs are refused") {
    CHECK(error_of([] { nn::BatchNorm2d(0); }) ==
          "BatchNorm2d: the number of channels must be positive, got 0");
    CHECK(error_of([] { nn::BatchNorm2d(3, {.momentum = 2}); }) ==
          "BatchNorm2d: momentum must lie in [0, 1], got 2");
    CHECK(error_of([] { nn::GroupNorm(3, 8); }) ==
          "GroupNorm: num_channels must be a multiple of num_groups, got 8 and 3");
    CHECK(error_of([] { nn::LayerNorm(Shape{}); }).find("LayerNorm: the number of") == 0);
    CHECK(error_of([] { nn::LocalResponseNorm(0); }).find("LocalResponseNorm: size") == 0);
    CHECK(error_of([] {
            nn::BatchNorm2d(3)(ones({2, 3, 4}));
          }).find("BatchNorm2d: x must be [N, C, H, W] with C = 3, got [2, 3, 4]") == 0);
    CHECK(error_of([] {
            nn::BatchNorm1d(3)(ones({2, 4}));
          }).find("BatchNorm1d: x must be [N, C] or [N, C, L] with C = 3, got [2, 4]") == 0);
    CHECK(error_of([] {
            nn::BatchNorm2d(3)(ones({1, 3, 1, 1}));
          }).find("at least two") != std::string::npos);
    CHECK(error_of([] {
            nn::InstanceNorm2d(3)(ones({2, 4, 2, 2}));
          }).find("InstanceNorm2d: x must be [N, C, H, W], or without N, with C = 3") == 0);
    CHECK(error_of([] { nn::GroupNorm(2, 4)(ones({1, 6, 2})); }).find("GroupNorm: x must be") == 0);
  }
}
