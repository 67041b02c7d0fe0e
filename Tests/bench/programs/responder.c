/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that answers as fast as one can. QUERY_STRING says what:
 *   (anything else)   a small page with five header fields, in one send
 *   down=N            N bytes of the pattern, up to a megabyte of them in one send
 *   up                reads the body and answers with its length, or "wrong" where it is not the
 *                     pattern
 *   echo              the body, while it comes
 *   hang              nothing, until the gateway closes the connection
 */
#define _GNU_SOURCE
#include "application.h"
#include "pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

static const char small_page[] =
    "Status: 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 64\r\n"
    "Cache-Control: no-store\r\nX-Powered-By: responder\r\n\r\n"
    "<!doctype html><title>small</title><p>sixty-four bytes in all.\r\n";

static bool answer_text(int descriptor, uint16_t id, const char *text)
{
    uint8_t answer[1024], *end = answer + 8;
    size_t length = strlen(text);
    memcpy(end, text, length);
    put_header(answer, TYPE_STDOUT, id, length);
    end = put_end(end + length, id);
    return send_all(descriptor, answer, (size_t)(end - answer));
}

static bool send_vector(int descriptor, struct iovec *vector, size_t count)
{
    while (count > 0) {
        struct msghdr message = {.msg_iov = vector, .msg_iovlen = count};
        ssize_t sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        for (; count > 0 && (size_t)sent >= vector->iov_len; ++vector, --count)
            sent -= (ssize_t)vector->iov_len;
        if (count > 0) {
            vector->iov_base = (char *)vector->iov_base + sent;
            vector->iov_len -= (size_t)sent;
        }
    }
    return true;
}

/* Records that leave together. */
struct gathering {
    uint8_t headers[16][8];
    struct iovec vector[33];
    size_t records, pieces;
};

static void add_piece(struct gathering *gathering, const void *bytes, size_t length)
{
    gathering->vector[gathering->pieces++] = (struct iovec){(void *)bytes, length};
}

static void add_record(struct gathering *gathering, uint16_t id, const void *content,
                       size_t length)
{
    uint8_t *header = gathering->headers[gathering->records++];
    put_header(header, TYPE_STDOUT, id, length);
    add_piece(gathering, header, 8);
    add_piece(gathering, content, length);
}

static bool send_gathering(int descriptor, struct gathering *gathering)
{
    size_t pieces = gathering->pieces;
    gathering->records = gathering->pieces = 0;
    return send_vector(descriptor, gathering->vector, pieces);
}

static bool send_record(int descriptor, uint16_t id, const void *content, size_t length)
{
    struct gathering one = {.records = 0};
    add_record(&one, id, content, length);
    return send_gathering(descriptor, &one);
}

static const char page_head[] = "Content-Type: application/octet-stream\r\n\r\n";

static bool answer_pattern(int descriptor, uint16_t id, uint64_t length)
{
    struct gathering page = {.records = 0};
    uint8_t end[24];
    uint64_t offset = 0;
    add_record(&page, id, page_head, sizeof page_head - 1);
    while (offset < length) {
        size_t piece = length - offset < MAX_CONTENT ? (size_t)(length - offset) : MAX_CONTENT;
        if (page.records == 16 && !send_gathering(descriptor, &page)) return false;
        add_record(&page, id, pattern_at(offset), piece);
        offset += piece;
    }
    add_piece(&page, end, (size_t)(put_end(end, id) - end));
    return send_gathering(descriptor, &page);
}

/* Reads the body to its end; with echo, sends it back as it comes. */
static bool read_body(struct connection *connection, uint16_t id, bool echo, uint64_t *length,
                      bool *matches)
{
    struct record record;
    *length = 0;
    *matches = true;
    while (receive_record(connection, &record) && record.type == TYPE_STDIN) {
        if (record.length == 0) return true;
        if (!pattern_matches(*length, record.content, record.length)) *matches = false;
        *length += record.length;
        if (echo && !send_record(connection->descriptor, id, record.content, record.length))
            return false;
    }
    return false;
}

static bool answer(struct connection *connection, const struct request *request)
{
    char query[64] = "", text[128];
    uint8_t end[24];
    uint64_t length;
    bool matches, echoes;
    request_param(request, "QUERY_STRING", query, sizeof query);
    echoes = strcmp(query, "echo") == 0;
    if (echoes
        && !send_record(connection->descriptor, request->id, page_head, sizeof page_head - 1))
        return false;
    if (!read_body(connection, request->id, echoes, &length, &matches)) return false;
    if (echoes)
        return send_all(connection->descriptor, end,
                        (size_t)(put_end(end, request->id) - end));
    if (strncmp(query, "down=", 5) == 0)
        return answer_pattern(connection->descriptor, request->id, strtoull(query + 5, NULL, 10));
    if (strcmp(query, "up") == 0) {
        int size = snprintf(text, sizeof text, "Content-Type: text/plain\r\n\r\n");
        snprintf(text + size, sizeof text - (size_t)size, matches ? "%" PRIu64 : "wrong", length);
        return answer_text(connection->descriptor, request->id, text);
    }
    if (strcmp(query, "hang") == 0) {
        while (recv(connection->descriptor, text, sizeof text, 0) > 0) continue;
        return false;
    }
    return answer_text(connection->descriptor, request->id, small_page);
}

static void serve(struct connection *connection)
{
    struct request request;
    while (receive_request(connection, &request) && answer(connection, &request) && request.keeps)
        continue;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: responder ADDRESS\n");
        return 2;
    }
    pattern_prepare();
    application_accept(application_listen(arguments[1]), serve);
}
