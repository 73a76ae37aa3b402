"""Records picture files and what Pillow or pypng read in them, for tests/io/picture_test.cpp.

A case "grey 4 bit" has "grey 4 bit/file" (the bytes of the file), "grey 4 bit/y" (its samples
[H, W, C], indices for a palette) and, for a palette, "grey 4 bit/palette" ([n, 3]).
Needs numpy, Pillow and pypng.
"""

import io

import numpy as np
import png
from PIL import Image
from record import Recorder, torch

r = Recorder("picture")
rng = np.random.default_rng(0)


def add(what, file, samples, palette=None):
    r.add(f"{what}/file", torch.from_numpy(np.frombuffer(file, dtype=np.uint8).copy()))
    samples = np.asarray(samples).astype(np.int32)
    r.add(f"{what}/y", torch.from_numpy(samples.reshape(*samples.shape[:2], -1)))
    if palette is not None:
        r.add(f"{what}/palette", torch.tensor(palette, dtype=torch.uint8))


def by_pypng(what, height, width, planes, bits, **options):
    samples = rng.integers(0, 1 << bits, (height, width, planes))
    file = io.BytesIO()
    png.Writer(width, height, bitdepth=bits, **options).write(file, samples.reshape(height, -1).tolist())
    add(what, file.getvalue(), samples, options.get("palette"))


def by_pillow(what, picture, samples, **options):
    file = io.BytesIO()
    picture.save(file, **options)
    again = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    if samples is None:
        samples = again
    assert np.array_equal(again, samples), what
    add(what, file.getvalue(), samples)


for bits in (1, 2, 4, 8, 16):
    by_pypng(f"grey {bits} bit", 5, 11, 1, bits, greyscale=True)
    by_pypng(f"grey {bits} bit interlaced", 9, 13, 1, bits, greyscale=True, interlace=True)
for bits in (1, 2, 4, 8):
    palette = [tuple(map(int, c)) for c in rng.integers(0, 256, (1 << bits, 3))]
    by_pypng(f"palette {bits} bit", 6, 7, 1, bits, palette=palette)
for bits in (8, 16):
    by_pypng(f"RGB {bits} bit", 4, 5, 3, bits, greyscale=False)
    by_pypng(f"RGB {bits} bit interlaced", 3, 2, 3, bits, greyscale=False, interlace=True)
    by_pypng(f"grey and alpha {bits} bit", 4, 5, 2, bits, greyscale=True, alpha=True)
    by_pypng(f"RGBA {bits} bit", 4, 5, 4, bits, greyscale=False, alpha=True)

# Smooth pictures, so that Pillow's encoder uses every filter of PNG.
y, x = np.mgrid[0:24, 0:20]
smooth = np.stack([x * 12, y * 10, (x * y) // 2 % 256], -1).astype(np.uint8)
by_pillow("filters RGB", Image.fromarray(smooth), smooth, format="PNG")
by_pillow("filters grey", Image.fromarray(smooth[..., 2]), smooth[..., 2], format="PNG")
by_pillow("BMP RGB", Image.fromarray(smooth), smooth, format="BMP")
by_pillow("PPM", Image.fromarray(smooth), smooth, format="PPM")
by_pillow("PGM", Image.fromarray(smooth[..., 0]), smooth[..., 0], format="PPM")
by_pillow("JPEG RGB", Image.fromarray(smooth), None, format="JPEG", quality=95, subsampling=0)
by_pillow("JPEG grey progressive", Image.fromarray(smooth[..., 1]), None, format="JPEG", quality=90,
          progressive=True)
r.save()
