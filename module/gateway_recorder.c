/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went over an application's connection, for the search for faults: each record as a line of
 * LogLevel trace4, and the last bytes of exchanges that failed in a file (GatewayFlightRecorder),
 * which gateway-get --replay shows.
 *
 * The file: lines that say what it is about, an empty line, and then for each piece that was sent
 * or received, with which a record begins at first, a line "> TIME LENGTH" or "< TIME LENGTH" (in
 * microseconds since the exchange began), the bytes and a line's end.
 */
#include "mod_gateway.h"

#include <apr_atomic.h>

#define LEAST_SIZE 1024
#define MOST_SIZE (1 << 24)
#define HEADER_SIZE 8

/* One direction of a connection. */
typedef struct stream {
    unsigned char header[HEADER_SIZE];
    apr_size_t header_count;
    apr_size_t left; /* of the record whose header was read; all that comes once it was none */
} stream;

/* A piece of a stream; its bytes follow it. */
typedef struct piece {
    apr_interval_time_t time;
    uint32_t length;
    uint32_t record; /* where the first record in it begins; its length: none does */
    gateway_direction direction;
} piece;

/* Holds pieces one behind the other. When one half is full the other one is given up for it. */
typedef struct half {
    char *bytes;
    apr_size_t count;
} half;

struct gw_recorder {
    request_rec *r;
    apr_time_t begin;
    stream streams[2];
    int tells_records;
    apr_size_t capacity; /* of a half; 0: nothing is kept */
    half halves[2];
    int current;
    int has_given_up;
};

/* -------------------------------------------------------------------------------- configuration */

const char *gw_recorder_line(cmd_parms *cmd, void *config, const char *size, const char *path)
{
    gw_directory *directory = config;
    directory->recorder_size = 0;
    if (ap_cstr_casecmp(size, "Off") == 0 && !path) {
        return NULL;
    }
    apr_off_t bytes = gw_size_read(size);
    directory->recorder_path = path ? ap_server_root_relative(cmd->pool, path) : NULL;
    if (bytes < LEAST_SIZE || bytes > MOST_SIZE || !directory->recorder_path) {
        return "GatewayFlightRecorder requires a size from 1K to 16M and a directory, or Off";
    }
    const char *flaw = gw_files_directory_flaw(cmd->pool, directory->recorder_path);
    if (flaw) {
        return apr_pstrcat(cmd->pool, "GatewayFlightRecorder: ", flaw, NULL);
    }
    directory->recorder_size = bytes;
    return NULL;
}

/* -------------------------------------------------------------------------------------- records */

static const char *type_name(unsigned char type)
{
    static const char *const names[] = {
        "type 0", "BEGIN_REQUEST", "ABORT_REQUEST", "END_REQUEST",       "PARAMS",      "STDIN",
        "STDOUT", "STDERR",        "DATA",          "GET_VALUES",        "GET_VALUES_RESULT",
        "UNKNOWN_TYPE"
    };
    return type < sizeof names / sizeof *names ? names[type] : "unknown type";
}

static void take_header(gw_recorder *recorder, gateway_direction direction, stream *s)
{
    const unsigned char *h = s->header;
    s->header_count = 0;
    s->left = h[0] == 1 ? (apr_size_t)(h[4] << 8 | h[5]) + h[6] : SIZE_MAX;
    if (recorder->tells_records) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE4, 0, recorder->r,
                      "%c %s (%d) id %d content %d padding %d",
                      direction == GATEWAY_DIRECTION_SENT ? '>' : '<', type_name(h[1]), h[1],
                      h[2] << 8 | h[3], h[4] << 8 | h[5], h[6]);
    }
}

/* Finds the records in a piece; answers where the first one begins at or behind an offset. */
static apr_size_t follow(gw_recorder *recorder, gateway_direction direction, const char *bytes,
                         apr_size_t length, apr_size_t offset)
{
    stream *s = &recorder->streams[direction == GATEWAY_DIRECTION_SENT];
    apr_size_t first = length;
    for (apr_size_t at = 0; at < length;) {
        if (s->left) {
            apr_size_t skipped = s->left < length - at ? s->left : length - at;
            s->left -= s->left == SIZE_MAX ? 0 : skipped;
            at += skipped;
            continue;
        }
        if (s->header_count == 0 && at >= offset && first == length) {
            first = at;
        }
        s->header[s->header_count++] = (unsigned char)bytes[at++];
        if (s->header_count == HEADER_SIZE) {
            take_header(recorder, direction, s);
        }
    }
    return first;
}

static void keep(gw_recorder *recorder, const piece *about, const char *bytes)
{
    half *to = &recorder->halves[recorder->current];
    if (to->count + sizeof *about + about->length > recorder->capacity) {
        recorder->current = !recorder->current;
        to = &recorder->halves[recorder->current];
        recorder->has_given_up |= to->count > 0;
        to->count = 0;
    }
    memcpy(to->bytes + to->count, about, sizeof *about);
    memcpy(to->bytes + to->count + sizeof *about, bytes, about->length);
    to->count += sizeof *about + about->length;
}

static void take(void *context, gateway_direction direction, const void *bytes, size_t length)
{
    gw_recorder *recorder = context;
    apr_size_t room = recorder->capacity ? recorder->capacity - sizeof(piece) : 0;
    apr_size_t cut = length > room ? length - room : 0;
    apr_size_t record = follow(recorder, direction, bytes, length, cut);
    if (recorder->capacity) {
        piece about = { .time = apr_time_now() - recorder->begin,
                        .length = (uint32_t)(length - cut),
                        .record = (uint32_t)(record - cut),
                        .direction = direction };
        if (cut > 0) {
            /* There would be a gap between what is kept and this. */
            recorder->has_given_up = 1;
            recorder->halves[0].count = recorder->halves[1].count = 0;
        }
        keep(recorder, &about, (const char *)bytes + cut);
    }
}

void gw_recorder_begin(gw_exchange *x, gateway_exchange_options *options)
{
    request_rec *r = x->r;
    int tells_records = APLOG_R_IS_LEVEL(r, APLOG_TRACE4);
    apr_off_t size = x->directory->recorder_size;
    if (!tells_records && size <= 0) {
        return;
    }
    gw_recorder *recorder = apr_pcalloc(r->pool, sizeof *recorder);
    recorder->r = r;
    recorder->begin = apr_time_now();
    recorder->tells_records = tells_records;
    if (size > 0) {
        recorder->capacity = (apr_size_t)size / 2;
        for (int i = 0; i < 2; ++i) {
            recorder->halves[i].bytes = apr_palloc(r->pool, recorder->capacity);
        }
    }
    x->recorder = recorder;
    options->traffic = take;
    options->traffic_context = recorder;
}

/* ------------------------------------------------------------------------------------- the file */

/* Of the application: what becomes a 502 or 504, or breaks the answer off. */
static int is_fault(gateway_outcome outcome)
{
    return outcome == GATEWAY_OUTCOME_TIMED_OUT || outcome == GATEWAY_OUTCOME_TRUNCATED
        || outcome == GATEWAY_OUTCOME_PROTOCOL_ERROR;
}

/* A disk is not to be filled by an application that is down: one file a second for each child. */
static int is_due(void)
{
    static apr_uint32_t last;
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now());
    apr_uint32_t before = apr_atomic_read32(&last);
    return before != now && apr_atomic_cas32(&last, now, before) == before;
}

/* Of what is left of a stream whose begin was given up nothing can be told before a record. */
static apr_status_t write_half(apr_file_t *file, const half *from, int is_synchronous[2])
{
    apr_status_t status = APR_SUCCESS;
    for (apr_size_t at = 0; at < from->count && status == APR_SUCCESS;) {
        piece about;
        memcpy(&about, from->bytes + at, sizeof about);
        const char *bytes = from->bytes + at + sizeof about;
        at += sizeof about + about.length;
        int is_sent = about.direction == GATEWAY_DIRECTION_SENT;
        apr_size_t begin = is_synchronous[is_sent] ? 0 : about.record;
        if (begin == about.length) {
            continue;
        }
        is_synchronous[is_sent] = 1;
        apr_file_printf(file, "%c %" APR_TIME_T_FMT " %u\n", is_sent ? '>' : '<', about.time,
                        (unsigned)(about.length - begin));
        status = apr_file_write_full(file, bytes + begin, about.length - begin, NULL);
        apr_file_putc('\n', file);
    }
    return status;
}

static apr_status_t write_all(const gw_exchange *x, const char *backend, apr_file_t *file)
{
    const gw_recorder *recorder = x->recorder;
    request_rec *r = x->r;
    int is_synchronous[2] = { !recorder->has_given_up, !recorder->has_given_up };
    char date[APR_RFC822_DATE_LEN];
    apr_rfc822_date(date, r->request_time);
    apr_file_printf(file, "gateway-flight 1\ndate: %s\nrequest: %s\nbackend: %s\noutcome: %s\n\n",
                    date, ap_escape_logitem(r->pool, r->the_request ? r->the_request : r->uri),
                    backend, gw_outcome_text(r->pool, &x->result));
    apr_status_t status = write_half(file, &recorder->halves[!recorder->current], is_synchronous);
    return status == APR_SUCCESS
               ? write_half(file, &recorder->halves[recorder->current], is_synchronous)
               : status;
}

void gw_recorder_write(const gw_exchange *x, const char *backend)
{
    request_rec *r = x->r;
    if (!x->recorder || !x->recorder->capacity || !is_fault(x->result.outcome) || !is_due()) {
        return;
    }
    apr_file_t *file;
    char *path = apr_psprintf(r->pool, "%s/flight-%" APR_TIME_T_FMT "-XXXXXX",
                              x->directory->recorder_path, apr_time_sec(apr_time_now()));
    apr_status_t status = apr_file_mktemp(&file, path,
                                          APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL
                                              | APR_FOPEN_BUFFERED,
                                          r->pool);
    if (status == APR_SUCCESS) {
        status = write_all(x, backend, file);
        apr_status_t closed = apr_file_close(file);
        status = status == APR_SUCCESS ? closed : status;
    }
    if (status == APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "GW1024: the last records of it are in %s: gateway-get --replay shows them",
                      path);
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, r,
                      "GW1025: the last records of it cannot be written to %s", path);
    }
}
