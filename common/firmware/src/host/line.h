// What the program uses in place of a serial line: one object per kind, in one file each.
#ifndef AIEDGE_HOST_LINE_H_
#define AIEDGE_HOST_LINE_H_

#include <stddef.h>
#include <stdint.h>

namespace aiedge {

class Line {
 public:
  virtual size_t read(void *data, size_t count, uint32_t timeout_ms) = 0;  // as uart_read()
  virtual void write(const void *data, size_t count) = 0;

 protected:
  ~Line() = default;
};

// Opens a TCP port of this computer (0: any free one), says which, and waits for a connection. Null
// after an error, which is printed.
Line *open_tcp(int port);

// Opens a pseudo-terminal and says which. Null after an error, which is printed.
Line *open_pty();

// Sends uart_read() and uart_write() through a line; until then the output is the standard output.
void use_line(Line *line);

}  // namespace aiedge

#endif  // AIEDGE_HOST_LINE_H_
