// What a project's platformio.ini may say to the models; include aiedge_model.h first.
#ifndef AIEDGE_BUILD_H_
#define AIEDGE_BUILD_H_

// What the board calls itself: by default as its network.
#ifndef AIEDGE_PROJECT
#define AIEDGE_PROJECT AIEDGE_MODEL_NAME
#endif

// Stands before a network's buffers. A float32 network's are too large for the ESP32's own RAM.
#ifdef AIEDGE_BUFFERS_IN_PSRAM
#include "esp_attr.h"
#define AIEDGE_BUFFER alignas(16) EXT_RAM_BSS_ATTR
#else
#define AIEDGE_BUFFER alignas(16)
#endif

#endif  // AIEDGE_BUILD_H_
