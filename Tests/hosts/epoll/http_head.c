/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "http_head.h"

#include <string.h>
#include <strings.h>

/* What is read, from the next byte to the end. */
struct text {
    const char *at, *end;
};

size_t http_head_length(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);

    return end == NULL ? 0 : (size_t)(end - bytes) + 4;
}

bool field_is(const gateway_field *field, const char *name)
{
    return field->name.length == strlen(name)
           && strncasecmp(field->name.bytes, name, field->name.length) == 0;
}

static bool value_is(gateway_bytes value, const char *text)
{
    return value.length == strlen(text) && strncasecmp(value.bytes, text, value.length) == 0;
}

static bool is_token_character(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z')
           || (byte >= 'A' && byte <= 'Z') || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte));
}

static gateway_bytes take_token(struct text *text)
{
    gateway_bytes token = {text->at, 0};

    while (text->at < text->end && is_token_character((unsigned char)*text->at))
        text->at++;
    token.length = (size_t)(text->at - (const char *)token.bytes);
    return token;
}

static bool take(struct text *text, char byte)
{
    if (text->at == text->end || *text->at != byte)
        return false;
    text->at++;
    return true;
}

static bool take_line_end(struct text *text)
{
    return take(text, '\r') && take(text, '\n');
}

/* What is visible, and with spaces what may stand in a value. */
static gateway_bytes take_visible(struct text *text, bool with_spaces)
{
    gateway_bytes taken = {text->at, 0};
    const char *last = text->at;

    for (; text->at < text->end; text->at++) {
        unsigned char byte = (unsigned char)*text->at;
        bool is_space = byte == ' ' || byte == '\t';
        if (is_space ? !with_spaces : byte <= ' ' || byte == 127)
            break;
        if (!is_space)
            last = text->at + 1;
    }
    taken.length = (size_t)(last - (const char *)taken.bytes);
    return taken;
}

static int read_request_line(struct http_head *head, struct text *text)
{
    const char *protocol;

    head->method = take_token(text);
    if (head->method.length == 0 || !take(text, ' '))
        return 400;
    head->target = take_visible(text, false);
    if (head->target.length == 0 || !take(text, ' '))
        return 400;
    head->protocol = take_visible(text, false);
    protocol = head->protocol.bytes;
    if (head->protocol.length != 8 || memcmp(protocol, "HTTP/", 5) != 0 || protocol[6] != '.'
        || !take_line_end(text))
        return 400;
    if (protocol[5] != '1' || (protocol[7] != '0' && protocol[7] != '1'))
        return 505;
    head->minor_version = protocol[7] - '0';
    return 0;
}

/* Digits alone, and only once: a list of lengths is one that somebody reads differently. */
static int read_length(struct http_head *head, gateway_bytes value)
{
    const char *digits = value.bytes;

    if (head->has_length || value.length == 0)
        return 400;
    head->has_length = true;
    for (size_t i = 0; i < value.length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return 400;
        if (head->length > (UINT64_MAX - 1 - 9) / 10)
            return 413;
        head->length = head->length * 10 + (uint64_t)(digits[i] - '0');
    }
    return 0;
}

static void read_connection(struct http_head *head, gateway_bytes value, bool *closes)
{
    struct text text = {value.bytes, (const char *)value.bytes + value.length};

    while (text.at < text.end) {
        gateway_bytes option = take_token(&text);
        if (value_is(option, "close"))
            *closes = true;
        else if (value_is(option, "keep-alive"))
            head->keeps_alive = true;
        else if (option.length == 0)
            text.at++;
    }
}

/* A field that says where the request ends, or what becomes of the connection. */
static int read_field(struct http_head *head, const gateway_field *field, bool *closes, int *hosts)
{
    if (field_is(field, "Host")) {
        *hosts += 1;
    } else if (field_is(field, "Content-Length")) {
        return read_length(head, field->value);
    } else if (field_is(field, "Transfer-Encoding")) {
        if (head->is_chunked || head->minor_version == 0)
            return 400;
        if (!value_is(field->value, "chunked"))
            return 501;
        head->is_chunked = true;
    } else if (field_is(field, "Connection")) {
        read_connection(head, field->value, closes);
    } else if (field_is(field, "Expect")) {
        if (!value_is(field->value, "100-continue"))
            return 417;
        head->expects_continue = head->minor_version > 0;
    }
    return 0;
}

int http_head_read(struct http_head *head, const char *bytes, size_t length)
{
    struct text text = {bytes, bytes + length};
    bool closes = false;
    int hosts = 0, status;

    memset(head, 0, sizeof *head);
    status = read_request_line(head, &text);
    if (status != 0)
        return status;
    head->keeps_alive = head->minor_version > 0;
    while (!take_line_end(&text)) {
        gateway_field *field = &head->fields[head->field_count];
        if (head->field_count == FIELDS_MAX)
            return 431;
        /* No space before the colon, and no line that continues the one before. */
        field->name = take_token(&text);
        if (field->name.length == 0 || !take(&text, ':'))
            return 400;
        while (take(&text, ' ') || take(&text, '\t'))
            continue;
        field->value = take_visible(&text, true);
        if (!take_line_end(&text))
            return 400;
        status = read_field(head, field, &closes, &hosts);
        if (status != 0)
            return status;
        head->field_count++;
    }
    if (closes)
        head->keeps_alive = false;
    if (hosts > 1 || (hosts == 0 && head->minor_version > 0))
        return 400;
    return head->is_chunked && head->has_length ? 400 : 0;
}
