// The marker that the stepped network calls before each operator.
#include <stdint.h>

void aiedge_step(int32_t index);
