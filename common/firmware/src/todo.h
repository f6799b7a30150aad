// Open exercises: the firmware stops where the student has still something to write.
#ifndef AIEDGE_TODO_H_
#define AIEDGE_TODO_H_

namespace aiedge {

// Says which exercise comes next and stops. A program ends with exit status 3; a board repeats the
// line every 2 seconds.
[[noreturn]] void todo(int number, const char *what);

}  // namespace aiedge

#endif  // AIEDGE_TODO_H_
