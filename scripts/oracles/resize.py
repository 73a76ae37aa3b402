"""Records torch.nn.functional.interpolate for tests/io/resize_test.cpp: images bilinear with
antialiasing, masks (whole numbers) nearest-exact."""

from record import Recorder, torch

r = Recorder("resize")
for height, width, new_height, new_width in [
    (5, 7, 5, 14), (5, 7, 13, 3), (9, 4, 2, 9), (16, 16, 5, 5), (3, 3, 1, 1), (1, 1, 4, 3),
    (12, 10, 6, 5),
]:
    what = f"{height}x{width} to {new_height}x{new_width}"
    size = (new_height, new_width)
    image = r.rand(1, 2, height, width).float()
    mask = r.randint(0, 9, 1, 1, height, width).double()
    r.add(f"{what}/image", image[0])
    r.add(f"{what}/mask", mask[0, 0].int())
    interpolate = torch.nn.functional.interpolate
    r.add(f"{what}/resized image",
          interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)[0])
    r.add(f"{what}/resized mask", interpolate(mask, size=size, mode="nearest-exact")[0, 0].int())
r.save()
