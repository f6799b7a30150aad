// What stands in for a camera in a program.
#ifndef AIEDGE_HOST_CAMERA_H_
#define AIEDGE_HOST_CAMERA_H_

namespace aiedge {

// Takes the files of a folder as the camera's pictures. False after an error, which is printed.
bool use_images(const char *folder);

// Whether the firmware has asked its camera for one.
bool took_images();

}  // namespace aiedge

#endif  // AIEDGE_HOST_CAMERA_H_
