/* Linux's side of the socket tests: a program of ordinary AF_VSOCK sockets.
 *   vsock listen PORT N     sends back what comes, until N peers have sent all; those whose connection breaks may come again
 *   vsock send CID PORT N   sends N bytes of a pattern, and expects them back; 0 if all came
 * Prints one line, and exits with 0 if all went well. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static int fail(char const* what) {
    printf("linux: vsock: %s: %s\n", what, strerror(errno));
    return 1;
}

static struct sockaddr_vm address(unsigned cid, unsigned port) {
    struct sockaddr_vm at = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
    return at;
}

static int write_all(int to, char const* from, size_t size) {
    while (size != 0) {
        ssize_t const n = write(to, from, size);
        if (n <= 0) return -1;
        from += n;
        size -= (size_t)n;
    }
    return 0;
}

static int echo(int with) {
    static char buffer[16384];
    unsigned long total = 0;
    ssize_t n;
    while ((n = read(with, buffer, sizeof buffer)) > 0) {
        if (write_all(with, buffer, (size_t)n) != 0) return fail("echo");
        total += (unsigned long)n;
    }
    if (n < 0) return fail("read");
    printf("linux: vsock: echoed %lu bytes\n", total);
    return 0;
}

static int listen_at(unsigned port, int peers) {
    struct sockaddr_vm const at = address(VMADDR_CID_ANY, port);
    int const listener = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr const*)&at, sizeof at) != 0 || listen(listener, 4) != 0) return fail("listen");
    while (peers > 0) {
        int const with = accept(listener, NULL, NULL);
        if (with < 0) return fail("accept");
        if (echo(with) == 0) --peers;
        close(with);
    }
    return 0;
}

static char pattern(unsigned long at) { return (char)(at * 31 + at / 251); }

/* One direction must not wait for the other: sends what fits, takes what comes. */
static int send_to(unsigned cid, unsigned port, unsigned long size) {
    struct sockaddr_vm const at = address(cid, port);
    int const with = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (with < 0 || connect(with, (struct sockaddr const*)&at, sizeof at) != 0) return fail("connect");
    static char buffer[16384];
    unsigned long sent = 0, back = 0;
    while (back < size) {
        struct pollfd wait = {.fd = with, .events = (short)(POLLIN | (sent < size ? POLLOUT : 0))};
        if (poll(&wait, 1, -1) < 0) return fail("poll");
        if (sent < size && (wait.revents & POLLOUT) != 0) {
            unsigned long const want = size - sent < sizeof buffer ? size - sent : sizeof buffer;
            for (unsigned long i = 0; i < want; ++i) buffer[i] = pattern(sent + i);
            ssize_t const n = send(with, buffer, want, MSG_DONTWAIT);
            if (n > 0) sent += (unsigned long)n;
            if (n < 0 && errno != EAGAIN) return fail("send");
            if (sent == size) shutdown(with, SHUT_WR);
        }
        if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            ssize_t const n = read(with, buffer, sizeof buffer);
            if (n <= 0) return fail("read");
            for (ssize_t i = 0; i < n; ++i)
                if (buffer[i] != pattern(back + (unsigned long)i)) return errno = 0, fail("other bytes came back");
            back += (unsigned long)n;
        }
    }
    printf("linux: vsock: %lu bytes came back\n", back);
    return 0;
}

int main(int count, char** words) {
    if (count == 4 && strcmp(words[1], "listen") == 0) return listen_at((unsigned)atoi(words[2]), atoi(words[3]));
    if (count == 5 && strcmp(words[1], "send") == 0)
        return send_to((unsigned)atoi(words[2]), (unsigned)atoi(words[3]), strtoul(words[4], NULL, 10));
    fprintf(stderr, "vsock listen PORT N | vsock send CID PORT BYTES\n");
    return 2;
}
