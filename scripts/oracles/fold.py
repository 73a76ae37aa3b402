#!/usr/bin/env python3
"""Makes tests/data/fold.safetensors: unfold, fold, pixel_shuffle, pixel_unshuffle,
channel_shuffle."""

import torch.nn.functional as F
from record import Recorder

r = Recorder("fold")
options = {"dilation": (2, 1), "padding": (1, 2), "stride": (1, 2)}
r.case("unfold", lambda x: F.unfold(x, (2, 3)), r.randn(2, 2, 3, 4))
r.case("unfold options", lambda x: F.unfold(x, (3, 2), **options), r.randn(1, 2, 5, 4))
r.case("fold", lambda x: F.fold(x, (3, 4), (2, 3)), r.randn(2, 12, 4))
r.case("fold options", lambda x: F.fold(x, (5, 4), (3, 2), **options), r.randn(1, 12, 12))
r.case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 3), r.randn(2, 9, 2, 2))
r.case("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 2), r.randn(2, 2, 2, 4))
r.case("channel_shuffle", lambda x: F.channel_shuffle(x, 3), r.randn(2, 6, 2, 2))
r.save()
