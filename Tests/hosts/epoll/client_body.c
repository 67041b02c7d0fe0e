/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

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
