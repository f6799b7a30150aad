// The ESP-EYE's camera, through esp32-camera: a component for which a project asks in its idf_component.yml.
// Only environments whose pictures come from the camera define AIEDGE_CAMERA. The others have no driver,
// whose static data and PSRAM they would pay for, but a class that says so: a sketch may hold a provider that
// it does not use.
#include "CameraImageProvider.h"
#include "print.h"

#ifdef AIEDGE_CAMERA

#include "driver/gpio.h"
#include "esp_camera.h"

namespace aiedge {
namespace {

// Two data pins of the camera are JTAG's after a reset.
void take_jtag_pins() {
  gpio_config_t pins = {};
  pins.pin_bit_mask = 1ULL << 13 | 1ULL << 14;
  pins.mode = GPIO_MODE_INPUT;
  pins.pull_up_en = GPIO_PULLUP_ENABLE;
  gpio_config(&pins);
}

bool start_camera() {
  take_jtag_pins();
  camera_config_t camera = {};
  camera.pin_pwdn = -1;
  camera.pin_reset = -1;
  camera.pin_xclk = 4;
  camera.pin_sccb_sda = 18;
  camera.pin_sccb_scl = 23;
  camera.pin_d7 = 36;  // Y9 of the sensor, and so on down to Y2
  camera.pin_d6 = 37;
  camera.pin_d5 = 38;
  camera.pin_d4 = 39;
  camera.pin_d3 = 35;
  camera.pin_d2 = 14;
  camera.pin_d1 = 13;
  camera.pin_d0 = 34;
  camera.pin_vsync = 5;
  camera.pin_href = 27;
  camera.pin_pclk = 25;
  camera.xclk_freq_hz = 20000000;
  camera.ledc_timer = LEDC_TIMER_0;
  camera.ledc_channel = LEDC_CHANNEL_0;
  camera.pixel_format = PIXFORMAT_RGB565;
  camera.frame_size = FRAMESIZE_QVGA;
  camera.fb_count = 2;
  camera.fb_location = CAMERA_FB_IN_PSRAM;
  camera.grab_mode = CAMERA_GRAB_LATEST;  // the network is slower than the camera
  const esp_err_t error = esp_camera_init(&camera);
  if (error == ESP_OK) return true;
  print("error: the camera does not start: %s\n", esp_err_to_name(error));
  print("hint: unplug the board for a moment; the environment must be the ESP-EYE's, with its PSRAM\n");
  return false;
}

}  // namespace

bool CameraImageProvider::next(Tensor &input) {
  static const bool started = start_camera();
  if (!started) return false;
  camera_fb_t *frame = esp_camera_fb_get();
  if (frame == nullptr) {
    print("error: the camera gives no picture\nhint: reset the board\n");
    return false;
  }
  const size_t row_bytes = frame->width * 2;
  const bool fits = frame->len >= row_bytes * frame->height &&
                    scaler_.begin(static_cast<uint32_t>(frame->width), static_cast<uint32_t>(frame->height),
                                  width_, height_, input);
  for (const uint8_t *row = frame->buf; fits && !scaler_.done(); row += row_bytes) {
    scaler_.add_row([row](size_t x) { return from_rgb565(row[2 * x], row[2 * x + 1]); });
  }
  esp_camera_fb_return(frame);
  if (!fits) print("error: the network takes no picture of %u x %u\n", unsigned(width_), unsigned(height_));
  return fits;
}

}  // namespace aiedge

#else  // AIEDGE_CAMERA

namespace aiedge {

bool CameraImageProvider::next(Tensor &) {
  print("error: no picture of %u x %u: this firmware has no camera\n", unsigned(width_), unsigned(height_));
  print("hint: take the environment whose name ends in -camera: pio run -e esp-eye-camera -t upload\n");
  return false;
}

}  // namespace aiedge

#endif  // AIEDGE_CAMERA
