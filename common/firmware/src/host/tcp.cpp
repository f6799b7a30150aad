// A TCP port as the serial line. When its peer goes away, the next one is accepted, as a board
// survives an unplugged cable; what is written meanwhile is lost.
#include <stdio.h>

#include "line.h"

#ifdef _WIN32
#include <winsock2.h>
using Socket = SOCKET;
using Size = int;
#define poll WSAPoll
#else
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
using Socket = int;
using Size = socklen_t;
#define closesocket close
#endif

namespace aiedge {
namespace {

constexpr Socket kNone = static_cast<Socket>(-1);

bool readable(Socket socket, int timeout_ms) {
  pollfd what = {};
  what.fd = socket;
  what.events = POLLIN;
  return poll(&what, 1, timeout_ms) > 0;
}

class TcpLine : public Line {
 public:
  bool open(int port) {
    server_ = socket(AF_INET, SOCK_STREAM, 0);
    if (server_ == kNone) return false;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    sockaddr *const any = reinterpret_cast<sockaddr *>(&address);
    Size size = sizeof(address);
    if (bind(server_, any, size) != 0 || listen(server_, 1) != 0) return false;
    if (getsockname(server_, any, &size) != 0) return false;
    printf("listening on socket://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return true;
  }

  // Waits for the next peer; a negative time-out means as long as it takes.
  void accept_peer(int timeout_ms) {
    if (!readable(server_, timeout_ms)) return;
    peer_ = accept(server_, nullptr, nullptr);
    if (peer_ == kNone) return;
    // Frames are small and someone waits for each: send at once.
    const int on = 1;
    setsockopt(peer_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char *>(&on), sizeof(on));
  }

  size_t read(void *data, size_t count, uint32_t timeout_ms) override {
    if (peer_ == kNone) accept_peer(static_cast<int>(timeout_ms));
    if (peer_ == kNone || !readable(peer_, static_cast<int>(timeout_ms))) return 0;
    const auto got = recv(peer_, static_cast<char *>(data), static_cast<Size>(count), 0);
    if (got <= 0) hang_up();
    return got > 0 ? static_cast<size_t>(got) : 0;
  }

  void write(const void *data, size_t count) override {
    const char *bytes = static_cast<const char *>(data);
    while (peer_ != kNone && count > 0) {
      const auto sent = send(peer_, bytes, static_cast<Size>(count), 0);
      if (sent <= 0) {
        hang_up();
      } else {
        bytes += sent;
        count -= static_cast<size_t>(sent);
      }
    }
  }

 private:
  void hang_up() {
    closesocket(peer_);
    peer_ = kNone;
  }

  Socket server_ = kNone;
  Socket peer_ = kNone;
};

TcpLine tcp;

}  // namespace

Line *open_tcp(int port) {
#ifdef _WIN32
  WSADATA information;
  WSAStartup(MAKEWORD(2, 2), &information);
#else
  signal(SIGPIPE, SIG_IGN);  // a peer that went away is no reason to die
#endif
  if (!tcp.open(port)) {
    fprintf(stderr, "error: cannot listen on TCP port %d\nhint: use --tcp 0 for any free port\n", port);
    return nullptr;
  }
  tcp.accept_peer(-1);
  return &tcp;
}

}  // namespace aiedge
