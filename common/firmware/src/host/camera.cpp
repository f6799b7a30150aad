// The pictures of a folder in place of a camera, in the order of their names.
#include "camera.h"

#include <stdio.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "CameraImageProvider.h"
#include "picture_file.h"
#include "stop.h"

namespace aiedge {
namespace {

std::vector<std::string> pictures;
size_t next_picture = 0;
bool has_folder = false;

// Ends the program as every command of the kit ends after a mistake.
void fail(const std::string &error, const std::string &hint) {
  fflush(stdout);
  fprintf(stderr, "error: %s\nhint: %s\n", error.c_str(), hint.c_str());
  stop(2);
}

}  // namespace

bool use_images(const char *folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name[0] != '.' && entry->is_regular_file()) pictures.push_back(entry->path().string());
  }
  std::sort(pictures.begin(), pictures.end());
  has_folder = true;
  if (!error && !pictures.empty()) return true;
  fprintf(stderr, "error: %s holds no pictures\nhint: name a folder with PPM (P6) or BMP files\n", folder);
  return false;
}

bool took_images() { return next_picture > 0; }

bool CameraImageProvider::next(Tensor &input) {
  if (!has_folder) fail("this computer's camera is a folder of pictures", "add --images FOLDER");
  if (next_picture == pictures.size()) return false;
  const std::string path = pictures[next_picture++];
  PictureFile picture;
  if (!picture.open(path)) fail(path + ": " + picture.error(), picture.hint());
  if (!scaler_.begin(picture.width(), picture.height(), width_, height_, input)) {
    fail(path + ": it cannot be resized to " + std::to_string(width_) + " x " + std::to_string(height_),
         "use the size of the network's input, and pictures of at most 16 million pixels");
  }
  while (!scaler_.done()) {
    if (!picture.next_row()) fail(path + ": " + picture.error(), picture.hint());
    scaler_.add_row([&picture](size_t x) { return picture.pixel(x); });
  }
  return true;
}

}  // namespace aiedge
