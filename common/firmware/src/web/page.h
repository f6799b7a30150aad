// What the page that runs this firmware gives it: worker.js implements each of these functions.
#ifndef AIEDGE_WEB_PAGE_H_
#define AIEDGE_WEB_PAGE_H_

#include <stddef.h>
#include <stdint.h>

#define AIEDGE_OF_PAGE(name) __attribute__((import_module("aiedge"), import_name(name)))

extern "C" {
// Waits for bytes from whoever is at the other end of the serial line, and takes those that have come.
AIEDGE_OF_PAGE("uart_read") size_t page_uart_read(void *data, size_t count, uint32_t timeout_ms);
AIEDGE_OF_PAGE("uart_write") void page_uart_write(const void *data, size_t count);
AIEDGE_OF_PAGE("uart_waiting") size_t page_uart_waiting(void);

// Tells whether the page's pictures come from its camera, and not over the serial line.
AIEDGE_OF_PAGE("has_camera") bool page_has_camera(void);
// Waits for the next picture of at most 1024 x 1024; false where none came within the time-out.
AIEDGE_OF_PAGE("camera_take") bool page_camera_take(uint32_t *width, uint32_t *height, uint32_t timeout_ms);
// Copies a row of it, four bytes a pixel: red, green, blue, alpha.
AIEDGE_OF_PAGE("camera_row") void page_camera_row(uint32_t row, void *pixels);

// Shows what the network sees of it, three bytes a pixel.
AIEDGE_OF_PAGE("picture") void page_picture(const void *pixels, uint32_t width, uint32_t height);

AIEDGE_OF_PAGE("led") void page_led(bool on);

// Hands over what the network answered and what the sketch said of it; `layers_us` is the mean time of each
// of the network's layers, negative for one that is part of another.
AIEDGE_OF_PAGE("result")
void page_result(const float *output, size_t count, uint32_t time_us, uint32_t network_us, const char *said,
                 size_t said_bytes, const float *layers_us, size_t layers);
}

namespace aiedge {

// Tells whether the sketch waits for its camera: then the line is looked at only while something comes.
bool waits_for_camera();

}  // namespace aiedge

#endif  // AIEDGE_WEB_PAGE_H_
