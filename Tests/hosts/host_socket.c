/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "host_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(int family, const void *address, socklen_t length)
{
    int descriptor = socket(family, SOCK_STREAM, 0);

    if (descriptor >= 0 && connect(descriptor, address, length) != 0) {
        int failure = errno;
        close(descriptor);
        errno = failure;
        return -1;
    }
    return descriptor;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    return connect_to(AF_UNIX, &address, sizeof(address));
}

static int connect_tcp(const char *host_and_port)
{
    struct sockaddr_in address;
    char host[64];
    const char *colon = strrchr(host_and_port, ':');
    size_t length = colon ? (size_t)(colon - host_and_port) : sizeof(host);

    errno = EINVAL;
    if (length >= sizeof(host))
        return -1;
    memcpy(host, host_and_port, length);
    host[length] = '\0';
    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return -1;
    return connect_to(AF_INET, &address, sizeof(address));
}

int host_socket_connect(const char *address)
{
    if (strncmp(address, "unix:", 5) == 0)
        return connect_unix(address + 5);
    if (strncmp(address, "tcp:", 4) == 0)
        return connect_tcp(address + 4);
    errno = EINVAL;
    return -1;
}
