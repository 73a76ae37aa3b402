#include "io/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/bitmap_font.h"
#include "io/picture.h"
#include "io/terminal.h"

namespace tessera::io {

namespace {

constexpr float kGround = 0.09F;
constexpr Rgb kInk = {225, 229, 234};

void paste(Image& sheet, const Image& picture, int64_t top, int64_t left) {
  for (int64_t c = 0; c < 3; ++c) {
    for (int64_t h = 0; h < picture.height; ++h) {
      for (int64_t w = 0; w < picture.width; ++w) {
        sheet.at(c, top + h, left + w) = picture.at(c, h, w);
      }
    }
  }
}

}  // namespace

Image contact_sheet(std::span<const Panel> panels, const SheetOptions& options) {
  require(!panels.empty(), "contact_sheet: there must be a panel, got none");
  require(options.side >= 8 && options.gap >= 0 && options.columns >= 0,
          "contact_sheet: side must be at least 8, gap and columns at least 0, got {}, {} and {}",
          options.side, options.gap, options.columns);
  const auto n = static_cast<int64_t>(panels.size());
  const auto square = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  const int64_t columns = std::min(options.columns > 0 ? options.columns : square, n);
  const int64_t rows = (n + columns - 1) / columns;

  std::vector<Image> pictures;
  int64_t cell_height = 0, cell_width = 0;
  bool captions = false;
  for (const Panel& panel : panels) {
    pictures.push_back(fit(to_rgb(panel.picture), options.side));
    cell_height = std::max(cell_height, pictures.back().height);
    cell_width = std::max(cell_width, pictures.back().width);
    captions = captions || !panel.caption.empty();
  }
  const int64_t caption_height = captions ? kLineHeight + 2 : 0;
  const int64_t step_h = cell_height + caption_height + options.gap,
                step_w = cell_width + options.gap;
  require(rows <= Picture::max_pixels / step_h / (columns * step_w),
          "contact_sheet: the sheet must have at most {} pixels, got {} panels of {} x {}; show "
          "fewer, or smaller ones",
          Picture::max_pixels, n, cell_height, cell_width);

  Image sheet(3, rows * step_h + options.gap, columns * step_w + options.gap, kGround);
  for (int64_t i = 0; i < n; ++i) {
    const Panel& panel = panels[static_cast<size_t>(i)];
    const int64_t top = options.gap + i / columns * step_h,
                  left = options.gap + i % columns * step_w;
    const auto letters = static_cast<int>(cell_width / kCharacterWidth);
    draw_text(sheet, shorten(one_line(panel.caption), letters, false), top + 1, left, kInk);
    paste(sheet, pictures[static_cast<size_t>(i)], top + caption_height, left);
  }
  return sheet;
}

Image case_picture(const Image& image, const LabelMap& prediction, const LabelMap* truth,
                   int64_t side, const OverlayOptions& options) {
  // Lines are drawn at the size they are looked at.
  const Image small = fit(to_rgb(image), side);
  const auto small_labels = [&](const LabelMap& labels, const char* what) {
    require(labels.extent() == image.extent(),
            "case_picture: {} must be as large as the image, {} x {}, got {} x {}", what,
            image.height, image.width, labels.height, labels.width);
    return fit(labels, side);
  };
  const LabelMap predicted = small_labels(prediction, "the prediction");
  std::vector<Panel> panels = {{small, "image"}};
  if (truth != nullptr) {
    const LabelMap expected = small_labels(*truth, "the truth");
    panels.push_back({overlay(small, expected, options), "truth"});
    panels.push_back({overlay(small, predicted, options), "prediction"});
    panels.push_back({error_overlay(small, predicted, expected, options), "errors"});
  } else {
    panels.push_back({overlay(small, predicted, options), "prediction"});
  }
  return contact_sheet(panels, {.columns = 4, .side = side});
}

}  // namespace tessera::io
