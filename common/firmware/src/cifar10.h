// The ten classes of CIFAR-10, in the order of the network's outputs.
#ifndef AIEDGE_CIFAR10_H_
#define AIEDGE_CIFAR10_H_

#include <stddef.h>

namespace aiedge {

constexpr size_t kCifar10Count = 10;
constexpr const char *kCifar10Classes[kCifar10Count] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                        "dog",      "frog",       "horse", "ship", "truck"};

}  // namespace aiedge

#endif  // AIEDGE_CIFAR10_H_
