/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"
#include "host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECES_MAX = 16 };

bool body_is_at_hand(const struct client *client)
{
    return client->start < client->end;
}

static gateway_bytes take_plain(struct client *client)
{
    uint64_t here = client->end - client->start;
    gateway_bytes piece = {client->input + client->start, 0};

    piece.length = (size_t)(client->body_left < here ? client->body_left : here);
    client->start += piece.length;
    client->body_left -= piece.length;
    client->body_ended = client->body_left == 0;
    return piece;
}

static gateway_bytes take_chunk(struct client *client)
{
    const char *data = NULL;
    gateway_bytes piece = {NULL, 0};

    client->start += chunked_read(&client->chunked, client->input + client->start,
                                  client->end - client->start, &data, &piece.length);
    piece.bytes = data;
    client->body_ended = client->chunked.state == CHUNKED_ENDED;
    client->body_is_malformed = client->chunked.state == CHUNKED_MALFORMED;
    return piece;
}

size_t body_take(struct client *client, gateway_bytes *pieces, size_t pieces_max)
{
    size_t count = 0;

    while (count < pieces_max && !client->body_ended && !client->body_is_malformed
           && body_is_at_hand(client)) {
        gateway_bytes piece = client->head.is_chunked ? take_chunk(client) : take_plain(client);
        if (piece.length > 0)
            pieces[count++] = piece;
    }
    return count;
}

static bool open_spool(struct client *client)
{
    char path[] = "/tmp/epoll_host.XXXXXX";

    client->spool = mkostemp(path, O_CLOEXEC);
    return client->spool >= 0 && unlink(path) == 0;
}

/* Regular files never make a caller wait for somebody else. */
static bool write_all(int descriptor, gateway_bytes piece)
{
    const char *at = piece.bytes;

    while (piece.length > 0) {
        ssize_t count = write(descriptor, at, piece.length);
        if (count <= 0)
            return false;
        at += count;
        piece.length -= (size_t)count;
    }
    return true;
}

bool body_spool(struct client *client)
{
    gateway_bytes pieces[PIECES_MAX];

    if (client->spool < 0 && !open_spool(client)) {
        client_refuse(client, 500);
        return false;
    }
    while (!client->body_ended) {
        size_t count = body_take(client, pieces, PIECES_MAX);
        for (size_t i = 0; i < count; i++) {
            client->spooled += pieces[i].length;
            if (client->spooled > settings.max_body || !write_all(client->spool, pieces[i])) {
                client_refuse(client, client->spooled > settings.max_body ? 413 : 500);
                return false;
            }
        }
        if (client->body_is_malformed) {
            client_refuse(client, 400);
            return false;
        }
        if (!client->body_ended && count == 0 && !client_receive(client))
            return false;
    }
    return true;
}
