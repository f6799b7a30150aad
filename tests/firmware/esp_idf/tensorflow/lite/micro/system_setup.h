// Declarations for tests; see README.md.
#pragma once

namespace tflite {

void InitializeTarget();

}  // namespace tflite
