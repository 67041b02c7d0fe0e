/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"
#include "host.h"

#include <string.h>
#include <time.h>

/* They concern one connection only, and this one is not the application's. */
static const char *const connection_fields[] = {
    "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
};

static const struct {
    unsigned status;
    const char *text;
} phrases[] = {
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
    {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {408, "Request Timeout"}, {413, "Content Too Large"},
    {417, "Expectation Failed"}, {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
    {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
};

static const char *phrase_of(unsigned status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].text;
    return "Status";
}

static void add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

static void add_date(struct buffer *buffer)
{
    static time_t last;
    static char line[64];
    time_t now = time(NULL);
    struct tm parts;

    if (now != last) {
        gmtime_r(&now, &parts);
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        last = now;
    }
    add_text(buffer, line);
}

/* Whether the connection is kept, and what the client is told of that. */
static void add_connection(struct client *client)
{
    /* Connections that are kept by idle clients are not to keep out those that want something. */
    if (is_ending || client_count >= settings.max_clients)
        client->keeps_alive = false;
    if (!client->keeps_alive)
        add_text(&client->output, "Connection: close\r\n");
    else if (client->head.minor_version == 0)
        add_text(&client->output, "Connection: keep-alive\r\n");
}

void response_error(struct client *client, unsigned status, unsigned retry_after)
{
    const char *phrase = phrase_of(status);
    bool is_head = client->head.method.length == 4
                   && memcmp(client->head.method.bytes, "HEAD", 4) == 0;

    client->has_answered = true;
    buffer_print(&client->output, "HTTP/1.1 %u %s\r\n", status, phrase);
    add_date(&client->output);
    if (retry_after > 0)
        buffer_print(&client->output, "Retry-After: %u\r\n", retry_after);
    add_connection(client);
    buffer_print(&client->output, "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
                 strlen(phrase) + 5);
    if (!is_head)
        buffer_print(&client->output, "%u %s\n", status, phrase);
}

static bool is_of_connection(const gateway_field *field)
{
    for (size_t i = 0; i < sizeof connection_fields / sizeof connection_fields[0]; i++)
        if (field_is(field, connection_fields[i]))
            return true;
    return false;
}

static void add_field(struct buffer *buffer, const gateway_field *field)
{
    buffer_add(buffer, field->name.bytes, field->name.length);
    buffer_add(buffer, ": ", 2);
    buffer_add(buffer, field->value.bytes, field->value.length);
    buffer_add(buffer, "\r\n", 2);
}

/* Says how the body ends (RFC 9112 section 6.3), where the application has not. */
static void add_framing(struct client *client, bool has_length)
{
    client->is_chunked = false;
    if (has_length || client->has_no_body)
        return;
    if (client->head.minor_version == 0) {
        client->keeps_alive = false;
        return;
    }
    client->is_chunked = true;
    add_text(&client->output, "Transfer-Encoding: chunked\r\n");
}

void response_head(struct client *client, const gateway_event *event)
{
    struct buffer *output = &client->output;
    unsigned status = event->http_status;
    bool has_length = false, has_date = false;

    client->has_answered = true;
    client->has_no_body = status == 204 || status == 304
                          || (client->head.method.length == 4
                              && memcmp(client->head.method.bytes, "HEAD", 4) == 0);
    buffer_print(output, "HTTP/1.1 %u ", status);
    if (event->reason.length > 0)
        buffer_add(output, event->reason.bytes, event->reason.length);
    else
        add_text(output, phrase_of(status));
    buffer_add(output, "\r\n", 2);
    for (size_t i = 0; i < event->field_count; i++) {
        const gateway_field *field = &event->fields[i];
        bool is_length = field_is(field, "Content-Length");
        if (is_of_connection(field) || (is_length && (has_length || status == 204)))
            continue;
        has_length |= is_length;
        has_date |= field_is(field, "Date");
        add_field(output, field);
    }
    if (!has_date)
        add_date(output);
    add_framing(client, has_length);
    add_connection(client);
    buffer_add(output, "\r\n", 2);
}

void response_body(struct client *client, gateway_bytes data)
{
    if (client->has_no_body || data.length == 0)
        return;
    if (client->is_chunked)
        buffer_print(&client->output, "%zx\r\n", data.length);
    buffer_add(&client->output, data.bytes, data.length);
    if (client->is_chunked)
        buffer_add(&client->output, "\r\n", 2);
}

void response_end(struct client *client)
{
    if (client->is_chunked)
        add_text(&client->output, "0\r\n\r\n");
}
