#include "LineSpeed.h"

#include "clock.h"
#include "uart.h"

namespace aiedge {

bool LineSpeed::set_base(uint32_t baud) {
  if (baud == base_) return true;
  if (!uart_set_baud(baud)) return false;
  base_ = baud_ = baud;
  return true;
}

bool LineSpeed::use(uint32_t baud) {
  if (baud == baud_ || !uart_set_baud(baud)) return false;
  baud_ = baud;
  confirmed_ = baud == base_;
  listen();
  return true;
}

bool LineSpeed::check() {
  if (baud_ == base_ || clock_us() - heard_us_ <= 1000 * (confirmed_ ? kQuietMs : kConfirmMs)) return false;
  return use(base_);
}

void LineSpeed::listen() { heard_us_ = clock_us(); }

void LineSpeed::confirm() {
  listen();
  confirmed_ = true;
}

}  // namespace aiedge
