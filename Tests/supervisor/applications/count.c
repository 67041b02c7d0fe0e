/* SPDX-License-Identifier: Apache-2.0 */
/* Answers "PID SERVED CROWDED QUERY"; crowded: another connection waits at its socket. */
#include <fcgi_stdio.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    int served = 0;
    while (FCGI_Accept() >= 0) {
        const char *query = getenv("QUERY_STRING");
        struct pollfd listener = { .fd = 0, .events = POLLIN };
        int crowded = poll(&listener, 1, 0);
        printf("Content-Type: text/plain\r\n\r\n%d %d %d %s\n", (int)getpid(), ++served, crowded,
               query ? query : "");
    }
    return 0;
}
