// What stands in for a data partition in a program.
#ifndef AIEDGE_HOST_WEIGHTS_FILE_H_
#define AIEDGE_HOST_WEIGHTS_FILE_H_

namespace aiedge {

// Names the file that holds the weights.
void use_weights(const char *file);

// Whether the firmware has asked for them.
bool took_weights();

}  // namespace aiedge

#endif  // AIEDGE_HOST_WEIGHTS_FILE_H_
