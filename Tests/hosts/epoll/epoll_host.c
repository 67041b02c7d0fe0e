/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server on epoll, in one thread, that serves FastCGI applications through
 * libgateway: an example for authors of event-driven servers. It is built with
 *
 *     cc -std=c99 *.c $(pkg-config --cflags --libs gateway) -o epoll_host
 *
 * and says "listening ADDRESS:PORT" once it does; SIGTERM ends it when all requests are answered.
 * What uses the library is here (open, close, maintain) and in client_exchange.c (requests).
 */
#define _GNU_SOURCE
#include "client.h"
#include "host.h"
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPTS_MAX = 64, ACCEPT_PAUSE = 100, MAINTAIN_PAUSE = 1000 };

gateway_backend *backend;
char server_address[64];
uint16_t server_port;
bool is_ending;

static gateway *library;
static int listener = -1, log_descriptor = -1;
static struct watch listener_watch;
static struct timer listener_timer, maintain_timer, ending_timer;
static volatile sig_atomic_t was_told_to_end;

/* ------------------------------------------------------------------------------------ settings */

struct settings settings = {
    .listen = "127.0.0.1:8080", .root = "", .script = ".php", .index = "index.php", .file = "",
    .max_clients = 1000, .idle_timeout = 5000, .request_timeout = 10000, .client_timeout = 60000,
    .ending_timeout = 30000, .max_body = 1 << 30, .backend = GATEWAY_BACKEND_OPTIONS_INIT,
};

static const struct number {
    const char *name;
    uint32_t *value;
    const char *help;
} numbers[] = {
    {"max-clients", &settings.max_clients, "connections of clients at once"},
    {"idle-timeout", &settings.idle_timeout, "ms between two requests of a client"},
    {"request-timeout", &settings.request_timeout, "ms for a client to send a request's head"},
    {"client-timeout", &settings.client_timeout, "ms without a byte sent to or got from a client"},
    {"ending-timeout", &settings.ending_timeout, "ms for requests to end after SIGTERM"},
    {"max-body", &settings.max_body, "bytes of a request's body"},
    {"max-active", &settings.backend.max_active, "exchanges at once"},
    {"max-endpoint-active", &settings.backend.max_endpoint_active, "the same for each backend"},
    {"queue-length", &settings.backend.queue_length, "exchanges that wait for their turn"},
    {"queue-timeout", &settings.backend.queue_timeout_ms, "ms for one to wait"},
    {"max-connections", &settings.backend.max_connections, "to the application"},
    {"connect-timeout", &settings.backend.connect_timeout_ms, "ms to connect"},
    {"send-timeout", &settings.backend.send_timeout_ms, "ms for a piece of the request"},
    {"head-timeout", &settings.backend.head_timeout_ms, "ms for the head of the response"},
    {"read-timeout", &settings.backend.read_timeout_ms, "ms for a piece of the response"},
    {"total-timeout", &settings.backend.total_timeout_ms, "ms for all of it"},
    {"backend-idle-timeout", &settings.backend.idle_timeout_ms, "ms for a kept connection"},
};

static const struct word {
    const char *name;
    const char **value;
    const char *help;
} words[] = {
    {"listen", &settings.listen, "ADDRESS:PORT; port 0: any"},
    {"root", &settings.root, "where the scripts are"},
    {"script", &settings.script, "\".php\": what scripts end with; \"/app\" or \"\": a path"},
    {"index", &settings.index, "the script of a path that ends with a slash"},
    {"file", &settings.file, "one script for all requests"},
    {"log", &settings.log, "the file to write to"},
};

static const struct toggle {
    const char *name;
    bool *value;
    const char *help;
} toggles[] = {
    {"keep", &settings.keeps_connections, "keep connections to the application"},
    {"stream", &settings.streams, "send bodies of unknown length as they come"},
    {"edge", &settings.is_edge_triggered, "watch the application edge-triggered"},
};

enum {
    NUMBERS = sizeof numbers / sizeof numbers[0], WORDS = sizeof words / sizeof words[0],
    TOGGLES = sizeof toggles / sizeof toggles[0], OPTIONS = NUMBERS + WORDS + TOGGLES + 1
};

static int usage(void)
{
    fputs("usage: epoll_host --backend unix:PATH|tcp:HOST:PORT [--backend ...] [OPTION ...]\n",
          stderr);
    for (int i = 0; i < WORDS; i++)
        fprintf(stderr, "  --%-21s %s\n", words[i].name, words[i].help);
    for (int i = 0; i < NUMBERS; i++)
        fprintf(stderr, "  --%-21s %s\n", numbers[i].name, numbers[i].help);
    for (int i = 0; i < TOGGLES; i++)
        fprintf(stderr, "  --%-21s %s\n", toggles[i].name, toggles[i].help);
    return 2;
}

static bool add_backend(const char *address)
{
    size_t length = strlen(settings.backends), room = sizeof settings.backends - length;

    return (size_t)snprintf(settings.backends + length, room, "%s%s", length > 0 ? " " : "",
                            address) < room;
}

static bool read_number(uint32_t *value, const char *digits)
{
    char *end;
    unsigned long number = strtoul(digits, &end, 10);

    *value = (uint32_t)number;
    return *digits != '\0' && *end == '\0' && number <= UINT32_MAX;
}

static bool read_options(int count, char **arguments)
{
    struct option options[OPTIONS + 1];
    int at = 0, chosen;

    memset(options, 0, sizeof options);
    for (int i = 0; i < NUMBERS; i++)
        options[at++] = (struct option){numbers[i].name, required_argument, NULL, 0};
    for (int i = 0; i < WORDS; i++)
        options[at++] = (struct option){words[i].name, required_argument, NULL, 0};
    for (int i = 0; i < TOGGLES; i++)
        options[at++] = (struct option){toggles[i].name, no_argument, NULL, 0};
    options[at] = (struct option){"backend", required_argument, NULL, 0};
    while ((chosen = -1, getopt_long(count, arguments, "", options, &chosen)) == 0) {
        if (chosen < NUMBERS && !read_number(numbers[chosen].value, optarg))
            return false;
        if (chosen >= NUMBERS && chosen < NUMBERS + WORDS)
            *words[chosen - NUMBERS].value = optarg;
        if (chosen >= NUMBERS + WORDS && chosen < OPTIONS - 1)
            *toggles[chosen - NUMBERS - WORDS].value = true;
        if (chosen == OPTIONS - 1 && !add_backend(optarg))
            return false;
    }
    return chosen == -1 && optind == count && settings.backends[0] != '\0';
}

/* ------------------------------------------------------------------------------------ the log */

void host_log(const void *bytes, size_t length)
{
    if (log_descriptor < 0 || length == 0)
        return;
    if (write(log_descriptor, bytes, length) > 0 && ((const char *)bytes)[length - 1] != '\n'
        && write(log_descriptor, "\n", 1) < 0)
        return;
}

static void take_log_line(void *context, gateway_log_level level, const char *line)
{
    (void)context, (void)level;
    host_log(line, strlen(line));
}

/* ------------------------------------------------------------------------------------ clients */

static void pause_listening(uint64_t milliseconds)
{
    watch_stop(&listener_watch);
    if (milliseconds > 0)
        timer_set(&listener_timer, milliseconds);
}

void host_listen_again(void)
{
    if (listener >= 0 && client_count < settings.max_clients)
        watch_for(&listener_watch, listener, EPOLLIN);
}

static void listen_again(struct timer *timer)
{
    (void)timer;
    host_listen_again();
}

static void accept_clients(struct watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    for (int i = 0; i < ACCEPTS_MAX && client_count < settings.max_clients; i++) {
        struct sockaddr_in name;
        socklen_t size = sizeof name;
        char address[ADDRESS_MAX];
        int on = 1, descriptor = accept4(listener, (struct sockaddr *)&name, &size,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            /* No descriptor, or no memory: the client waits in the backlog until there is one. A
             * listener that is watched meanwhile would be ready without end. */
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_listening(ACCEPT_PAUSE);
            return;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        inet_ntop(AF_INET, &name.sin_addr, address, sizeof address);
        if (!client_open(descriptor, address, ntohs(name.sin_port)))
            close(descriptor);
    }
    if (client_count >= settings.max_clients)
        pause_listening(0);
}

static bool listen_at(const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t size = sizeof name;
    const char *colon = strrchr(address, ':');
    int on = 1;

    if (colon == NULL || (size_t)(colon - address) >= sizeof server_address)
        return false;
    memcpy(server_address, address, (size_t)(colon - address));
    name.sin_port = htons((uint16_t)atoi(colon + 1));
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, server_address, &name.sin_addr) != 1 || listener < 0
        || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(listener, (struct sockaddr *)&name, sizeof name) != 0
        || listen(listener, BACKLOG) != 0
        || getsockname(listener, (struct sockaddr *)&name, &size) != 0)
        return false;
    server_port = ntohs(name.sin_port);
    listener_watch.ready = accept_clients;
    listener_timer.expired = listen_again;
    watch_for(&listener_watch, listener, EPOLLIN);
    return true;
}

/* ---------------------------------------------------------------------------------- the library */

/* Closes what was kept for too long, also when no request comes. */
static void maintain(struct timer *timer)
{
    gateway_maintain(library);
    timer_set(timer, MAINTAIN_PAUSE);
}

/* Names are resolved here, so never in the loop. */
static gateway_status open_gateway(void)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_status status;

    options.flags = GATEWAY_SIGPIPE_IGNORED;
    options.log = take_log_line;
    if (settings.keeps_connections)
        settings.backend.flags |= GATEWAY_BACKEND_KEEP_CONNECTIONS;
    /* Much less than a blocking host would take: many are in flight, and each has its own. */
    settings.backend.io_buffer_size = 16384;
    settings.backend.max_spooled_size = settings.max_body;
    status = gateway_open(&options, &library);
    if (status == GATEWAY_OK)
        status = gateway_backend_open(library, settings.backends, &settings.backend, &backend);
    maintain_timer.expired = maintain;
    if (status == GATEWAY_OK)
        maintain(&maintain_timer);
    return status;
}

/* ------------------------------------------------------------------------------------- the end */

static void note_signal(int number)
{
    (void)number;
    was_told_to_end = 1;
}

/* The signals come only while the loop waits, so that nothing is ever interrupted by one. */
static void prepare_signals(sigset_t *while_waiting)
{
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t ending;

    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, while_waiting);
    sigdelset(while_waiting, SIGTERM);
    sigdelset(while_waiting, SIGINT);
}

static void end_by_force(struct timer *timer)
{
    (void)timer;
    clients_abort();
}

static void begin_to_end(void)
{
    is_ending = true;
    watch_stop(&listener_watch);
    timer_stop(&listener_timer);
    close(listener);
    listener = -1;
    clients_end_idle();
    ending_timer.expired = end_by_force;
    timer_set(&ending_timer, settings.ending_timeout);
}

int main(int count, char **arguments)
{
    sigset_t while_waiting;
    gateway_status status;

    if (!read_options(count, arguments))
        return usage();
    prepare_signals(&while_waiting);
    if (settings.log != NULL)
        log_descriptor = open(settings.log, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC,
                              0666);
    if (!loop_open(2 * (size_t)settings.max_clients + 3) || !listen_at(settings.listen)) {
        fprintf(stderr, "epoll_host: %s: %s\n", settings.listen, strerror(errno));
        return 1;
    }
    status = open_gateway();
    if (status != GATEWAY_OK) {
        fprintf(stderr, "epoll_host: %s: %s\n", settings.backends, gateway_status_name(status));
        return 1;
    }
    printf("listening %s:%u\n", server_address, (unsigned)server_port);
    fflush(stdout);

    while (!is_ending || client_count > 0) {
        loop_turn(&while_waiting);
        clients_bury();
        if (was_told_to_end && !is_ending)
            begin_to_end();
    }
    clients_bury();
    gateway_backend_close(backend);
    gateway_close(library);
    loop_close();
    return 0;
}
