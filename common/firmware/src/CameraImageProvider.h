// Pictures from the camera as inputs of a network, cropped and resized to its size.
//
// On the ESP-EYE that is its camera. A program on this computer takes the pictures in the folder that
// its option --images names, one after the other, and then there are no more. The emulated Cortex-M4 has
// no camera and says so.
#ifndef AIEDGE_CAMERA_IMAGE_PROVIDER_H_
#define AIEDGE_CAMERA_IMAGE_PROVIDER_H_

#include "InputProvider.h"
#include "image.h"

namespace aiedge {

class CameraImageProvider : public InputProvider {
 public:
  // For a network whose input is height x width x 3, of at most 128 x 128 pixels.
  CameraImageProvider(uint32_t width, uint32_t height) : width_(width), height_(height) {}

 private:
  // Takes a picture; false, and a line that says why, where there is none.
  bool next(Tensor &input) override;

  const uint32_t width_;
  const uint32_t height_;
  ImageScaler scaler_;
};

}  // namespace aiedge

#endif  // AIEDGE_CAMERA_IMAGE_PROVIDER_H_
