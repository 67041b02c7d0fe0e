/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that httpd can do for a FastCGI request without a body: a content handler that makes
 * the CGI variables, as every gateway does, writes a request that is encoded already, and passes on
 * what it receives. Only where records and the head end is looked at. Each thread keeps one
 * connection.
 *
 * For a Location:
 *     BareApplication unix:PATH|PORT on|off    on keeps connections
 *     BareRequest QUERY FILE                   what is written for a query
 */
#include <httpd.h>

#include <apr_strings.h>
#include <arpa/inet.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <util_filter.h>
#include <util_script.h>

enum { REQUESTS = 8, BUFFER_SIZE = 131072, STDOUT = 6, END = 3 };

struct request {
    const char *query;
    char bytes[4096];
    size_t length;
};

struct application {
    const char *address;
    int keeps;
    struct request requests[REQUESTS];
    int count;
};

module AP_MODULE_DECLARE_DATA bare_module;

static int connect_to(const char *address)
{
    struct timeval limit = {30, 0};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET};
    int on = 1, is_unix = strncmp(address, "unix:", 5) == 0;
    int connection = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    apr_cpystrn(name.sun_path, is_unix ? address + 5 : "", sizeof name.sun_path);
    port.sin_port = htons((uint16_t)atoi(address));
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!is_unix) setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection, is_unix ? (struct sockaddr *)&name : (struct sockaddr *)&port,
                is_unix ? sizeof name : sizeof port) != 0) {
        close(connection);
        return -1;
    }
    return connection;
}

/* Where in a response the next byte stands. */
struct position {
    unsigned char header[8];
    size_t header_length, content, padding;
    int is_in_body, is_at_end;
};

/* What of the bytes is body, if the head has come in one piece, goes into the brigade, uncopied. */
static void parse(struct position *at, const char *bytes, size_t length, apr_bucket_brigade *out)
{
    while (length > 0) {
        size_t taken = 1;
        if (at->content > 0) {
            const char *body = bytes;
            taken = length < at->content ? length : at->content;
            if (!at->is_in_body) {
                body = memmem(bytes, taken, "\r\n\r\n", 4);
                body = body ? body + 4 : bytes + taken;
                at->is_in_body = 1;
            }
            if (at->header[1] == STDOUT && body < bytes + taken)
                APR_BRIGADE_INSERT_TAIL(
                    out, apr_bucket_transient_create(body, (size_t)(bytes + taken - body),
                                                     out->bucket_alloc));
            at->content -= taken;
        } else if (at->padding > 0) {
            taken = length < at->padding ? length : at->padding;
            at->padding -= taken;
        } else {
            at->header[at->header_length++] = (unsigned char)*bytes;
            if (at->header_length == 8) {
                at->header_length = 0;
                at->content = (size_t)at->header[4] << 8 | at->header[5];
                at->padding = at->header[6];
            }
        }
        at->is_at_end = at->header[1] == END && at->header_length == 0 && at->content == 0;
        bytes += taken;
        length -= taken;
    }
}

static int answer(request_rec *r, int connection, const struct request *request)
{
    static __thread char buffer[BUFFER_SIZE];
    struct position at = {.header_length = 0};
    apr_bucket_brigade *out = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    if (write(connection, request->bytes, request->length) < 0) return 0;
    ap_set_content_type(r, "text/html");
    while (!at.is_at_end) {
        ssize_t count = recv(connection, buffer, sizeof buffer, 0);
        if (count <= 0) return 0;
        parse(&at, buffer, (size_t)count, out);
        if (at.is_at_end)
            APR_BRIGADE_INSERT_TAIL(out, apr_bucket_eos_create(out->bucket_alloc));
        if (ap_pass_brigade(r->output_filters, out) != APR_SUCCESS) return 0;
        apr_brigade_cleanup(out);
    }
    return 1;
}

static int handle(request_rec *r)
{
    static __thread struct {
        const struct application *application;
        int connection;
    } kept;
    const struct application *application = ap_get_module_config(r->per_dir_config, &bare_module);
    int number = 0, connection, is_kept, is_right;
    if (!application->address || !r->args) return DECLINED;
    while (number < application->count
           && strcmp(application->requests[number].query, r->args) != 0)
        ++number;
    if (number == application->count) return HTTP_NOT_FOUND;
    ap_add_common_vars(r);
    ap_add_cgi_vars(r);
    is_kept = kept.application == application;
    connection = is_kept ? kept.connection : connect_to(application->address);
    is_right = connection >= 0 && answer(r, connection, &application->requests[number]);
    if (is_right && application->keeps) {
        if (kept.application && !is_kept) close(kept.connection);
        kept.application = application;
        kept.connection = connection;
    } else {
        /* Where a client has gone away the rest of its answer is still on the connection. */
        if (is_kept) kept.application = NULL;
        if (connection >= 0) close(connection);
    }
    return is_right ? OK : HTTP_BAD_GATEWAY;
}

/* As for a proxied request no file is looked for. */
static int skip_files(request_rec *r)
{
    (void)r;
    return OK;
}

static void *create(apr_pool_t *pool, char *directory)
{
    (void)directory;
    return apr_pcalloc(pool, sizeof(struct application));
}

static const char *set_application(cmd_parms *command, void *config, const char *address,
                                   const char *keeps)
{
    struct application *application = config;
    (void)command;
    application->address = address;
    application->keeps = strcmp(keeps, "on") == 0;
    return NULL;
}

static const char *add_request(cmd_parms *command, void *config, const char *query,
                               const char *path)
{
    struct application *application = config;
    struct request *request = &application->requests[application->count];
    FILE *file = application->count < REQUESTS ? fopen(path, "rb") : NULL;
    if (!file) return apr_pstrcat(command->pool, path, " cannot be read", NULL);
    request->query = query;
    request->length = fread(request->bytes, 1, sizeof request->bytes, file);
    ++application->count;
    fclose(file);
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE2("BareApplication", set_application, NULL, ACCESS_CONF, "where it is"),
    AP_INIT_TAKE2("BareRequest", add_request, NULL, ACCESS_CONF, "a request"),
    {NULL},
};

static void add_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_map_to_storage(skip_files, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA bare_module = {
    STANDARD20_MODULE_STUFF, create, NULL, NULL, NULL, commands, add_hooks, 0,
};
