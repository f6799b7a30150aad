// The emulated board has no camera.
#include "CameraImageProvider.h"
#include "print.h"

namespace aiedge {

bool CameraImageProvider::next(Tensor &) {
  print("error: the emulated Cortex-M4 has no camera\nhint: use the serial port\n");
  return false;
}

}  // namespace aiedge
