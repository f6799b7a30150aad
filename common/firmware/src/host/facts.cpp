// "facts result TIME NETWORK REQUEST FLAGS OUTPUT... | TEXT" and "facts end READY INPUTS RUNS RESULTS".
#include "facts.h"

#include <stdio.h>

#include "Conduct.h"
#include "EspSerialPort.h"
#include "print.h"

namespace aiedge {
namespace {

bool wanted = false;

void print_result(const Tensor &output, uint32_t time_us, uint32_t network_us, uint32_t request_us) {
  printf("facts result %lu %lu %lu %u", static_cast<unsigned long>(time_us),
         static_cast<unsigned long>(network_us), static_cast<unsigned long>(request_us),
         static_cast<unsigned>(conduct().flags()));
  for (size_t i = 0; i < output.count; i++) printf(" %.9g", static_cast<double>(output.get(i)));
  printf(" |");
  for (size_t i = 0; i < said_bytes(); i++) putchar(said()[i] < ' ' ? ' ' : said()[i]);
  printf("\n");
  fflush(stdout);
}

}  // namespace

void use_facts() {
  wanted = true;
  EspSerialPort::on_result = print_result;
}

void print_facts() {
  if (!wanted) return;
  end_line();
  printf("facts end %d %lu %lu %lu\n", Model::problem() == nullptr,
         static_cast<unsigned long>(conduct().inputs), static_cast<unsigned long>(conduct().runs),
         static_cast<unsigned long>(conduct().results));
  fflush(stdout);
}

}  // namespace aiedge
