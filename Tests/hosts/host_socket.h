/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that a host makes by itself, to be supplied to the library. */
#ifndef HOST_SOCKET_H
#define HOST_SOCKET_H

/* Connects to "unix:/path" or "tcp:a.b.c.d:port"; answers the descriptor, or -1 and errno. */
int host_socket_connect(const char *address);

#endif
