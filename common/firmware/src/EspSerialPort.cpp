#include "EspSerialPort.h"

#include <stdio.h>
#include <string.h>

#include "print.h"
#include "uart.h"

namespace aiedge {
namespace {

constexpr uint32_t kSilenceMs = 100;  // a frame that stops for so long is given up
constexpr size_t kHashBytes = 32;

uint8_t hex_digit(char digit) {
  return static_cast<uint8_t>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

}  // namespace

EspSerialPort::EspSerialPort(Model &model) : model_(model), writer_(uart_write) {}

bool EspSerialPort::read(Tensor &input) {
  if (pending_) send_error(pending_seq_, kInferenceFailed, "the firmware gave no result");
  pending_ = false;
  while (uart_listens()) {
    const int byte = uart_read(kSilenceMs);
    if (byte < 0) {
      receiver_.idle();
      continue;
    }
    switch (receiver_.push(static_cast<uint8_t>(byte))) {
      case FrameReceiver::Event::kFrame:
        if (handle_frame(input)) return true;
        break;
      case FrameReceiver::Event::kText:
        handle_text(static_cast<char>(byte));
        break;
      case FrameReceiver::Event::kNone:
        break;
    }
  }
  return false;
}

void EspSerialPort::write_result(const Tensor &output, uint32_t time_us) {
  if (!pending_) {
    print("result %.4f (%lu us)\n", static_cast<double>(output.get(0)), static_cast<unsigned long>(time_us));
    return;
  }
  pending_ = false;
  begin_frame(kResult, pending_seq_);
  writer_.add_number(time_us, 4);
  writer_.add(output.data, output.bytes());
  writer_.end();
}

// Answers a frame, or fills the input from it and returns true.
bool EspSerialPort::handle_frame(Tensor &input) {
  const Frame &frame = receiver_.frame();
  switch (frame.type) {
    case kHello:
      if (frame.payload_bytes != 1) {
        send_error(frame.seq, kWrongPayloadSize, "HELLO carries one byte");
      } else if (frame.payload[0] != kProtocolVersion) {
        send_error(frame.seq, kWrongVersion, "this firmware speaks version 1");
      } else {
        send_hello(frame.seq);
      }
      return false;
    case kInfer:
      if (frame.payload_bytes != input.bytes()) {
        char message[64];
        snprintf(message, sizeof(message), "input has %u bytes, not %u", static_cast<unsigned>(input.bytes()),
                 static_cast<unsigned>(frame.payload_bytes));
        send_error(frame.seq, kWrongPayloadSize, message);
        return false;
      }
      memcpy(input.data, frame.payload, frame.payload_bytes);
      pending_ = true;
      pending_seq_ = frame.seq;
      return true;
    default:
      send_error(frame.seq, kUnknownType, "unknown frame type");
      return false;
  }
}

// Collects an ASCII command up to its '%' and answers it, as MLPerf Tiny's boards do.
void EspSerialPort::handle_text(char character) {
  if (character == '\r' || character == '\n') return;
  if (character != '%') {
    const bool fits = command_length_ < sizeof(command_) - 1;
    if (character < ' ' || character > '~' || !fits) {
      command_length_ = 0;  // noise
    } else {
      command_[command_length_++] = character;
    }
    return;
  }
  command_[command_length_] = '\0';
  command_length_ = 0;
  end_line();
  if (strcmp(command_, "name") == 0) {
    print("m-name-dut-[%s]\r\n", Model::name());
  } else {
    print("e-[Unknown command: %s]\r\n", command_);
  }
  print("m-ready\r\n");
}

void EspSerialPort::send_hello(uint16_t seq) {
  const Tensor &input = model_.input();
  const Tensor &output = model_.output();
  uint8_t hash[kHashBytes];
  for (size_t i = 0; i < kHashBytes; i++) {
    const char *digits = Model::sha256() + 2 * i;
    hash[i] = static_cast<uint8_t>(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
  }
  begin_frame(kHelloReply, seq);
  writer_.add_number(kProtocolVersion, 1);
  writer_.add_number(strcmp(Model::runtime(), "tflm") == 0, 1);
  writer_.add_number(static_cast<uint32_t>(input.type), 1);
  writer_.add_number(static_cast<uint32_t>(output.type), 1);
  writer_.add_number(static_cast<uint32_t>(input.bytes()), 4);
  writer_.add_number(static_cast<uint32_t>(output.bytes()), 4);
  writer_.add_number(Model::arena_bytes(), 4);
  writer_.add_number(kMaxPayload, 2);
  writer_.add(hash, sizeof(hash));
  writer_.add(Model::name(), strlen(Model::name()));
  writer_.end();
}

void EspSerialPort::send_error(uint16_t seq, ErrorCode code, const char *message) {
  begin_frame(kError, seq);
  writer_.add_number(code, 1);
  writer_.add(message, strlen(message));
  writer_.end();
}

void EspSerialPort::begin_frame(FrameType type, uint16_t seq) {
  end_line();
  writer_.begin(type, seq);
}

}  // namespace aiedge
