// The end of the firmware: one file per target implements it.
#ifndef AIEDGE_STOP_H_
#define AIEDGE_STOP_H_

namespace aiedge {

// Ends the program with an exit status. A board has nowhere to go: it waits 2 seconds and returns.
void stop(int status);

}  // namespace aiedge

#endif  // AIEDGE_STOP_H_
