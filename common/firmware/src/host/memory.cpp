// The memory of a program on this computer, of which little is known.
#include "print.h"
#include "report.h"

namespace aiedge {

void print_target_memory() { print("  %-20s %10s\r\n", "stack", "unknown: a program's grows as it needs"); }

}  // namespace aiedge
