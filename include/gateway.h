/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway.h: the C interface of libgateway, a FastCGI gateway that loads into any C program.
 *
 * A gateway (RFC 3875 section 3.1) is the web-server side of FastCGI 1.0: it turns a request into
 * FastCGI records, sends them to an application such as php-fpm, and turns the records that come
 * back into a response. The order of this file is the life of a request:
 *
 *     gateway_open                  once per process, by the host program
 *       gateway_backend_open        once per application: where it listens, and limits
 *         gateway_request_open      a request: params and body
 *           gateway_exchange_open   the request in flight
 *             gateway_exchange_next ... head, body, stderr, end
 *           gateway_exchange_close
 *
 * or gateway_handle, which is the last three in one blocking call.
 *
 * CONVENTIONS
 *
 * Handles are opaque and belong to whoever opened them, until the matching close. Every close
 * accepts NULL. A handle must not be used after its close; a gateway is closed last.
 *
 * Every function that can fail returns a gateway_status. Outputs come last and are written only
 * when the call returns GATEWAY_OK, or as the function says. NULL where a pointer is needed, a
 * size or flag this library does not know, and a handle of another kind give GATEWAY_ERR_INVALID.
 *
 * Bytes are a pointer and a length, and need no terminating NUL unless a comment says "string".
 * Nothing that the library hands out is to be freed by the host.
 *
 * Structures that may grow begin with their size. Set them with their _INIT macro, which fills in
 * size and leaves everything else 0; 0 always means the documented default. The library reads and
 * writes no field that the size does not cover.
 *
 * Each function names its thread class:
 *   free         any thread, any time, also several threads at once on one handle
 *   per-handle   one thread at a time on one handle; different handles at once are fine
 *   setup        like per-handle, and before the host has begun to use what it sets up
 *
 * A process that forks may go on using in the child a gateway that its parent opened: the library
 * notices by itself and never touches a connection of the parent. Exchanges do not cross a fork:
 * in the child only gateway_exchange_close is allowed on them.
 *
 * The library starts no thread unless asked to (GATEWAY_MAINTENANCE_THREAD), installs no signal
 * handler, writes nothing to the host's standard streams, and never ends the process. Every
 * descriptor that it opens is close-on-exec. It never raises SIGPIPE (GATEWAY_SIGPIPE_IGNORED).
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stddef.h>
#include <stdint.h>

/* Lets Swift and other importers treat each enumeration as one that may grow. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(enum_extensibility)
#define GATEWAY_OPEN_ENUM __attribute__((enum_extensibility(open)))
#endif
#endif
#ifndef GATEWAY_OPEN_ENUM
#define GATEWAY_OPEN_ENUM
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ versions */

/* The version of this header, by semantic versioning. */
#define GATEWAY_VERSION_MAJOR 0
#define GATEWAY_VERSION_MINOR 1
#define GATEWAY_VERSION_PATCH 0

/* The same as one number that grows: major * 1000000 + minor * 1000 + patch. */
#define GATEWAY_VERSION_NUMBER                                                                     \
    (GATEWAY_VERSION_MAJOR * 1000000 + GATEWAY_VERSION_MINOR * 1000 + GATEWAY_VERSION_PATCH)

/* Grows by one whenever a program built with an older header could break; also in the SONAME. */
#define GATEWAY_ABI_VERSION 0

/* The version of the library that is loaded, as a static string such as "0.1.0". Thread: free. */
const char *gateway_version(void);

/* GATEWAY_VERSION_NUMBER of the library that is loaded. Thread: free. */
uint32_t gateway_version_number(void);

/* GATEWAY_ABI_VERSION of the library that is loaded. A host that loads the library with dlopen, or
 * that can be reloaded while the library stays, compares it with its own. Thread: free. */
uint32_t gateway_abi_version(void);

/* -------------------------------------------------------------------------------------- status */

/* What a call answers. Numbers are never reused. Below 7900 the handle stays usable; from 7900 on
 * only its close is allowed. */
typedef enum GATEWAY_OPEN_ENUM gateway_status {
    GATEWAY_OK = 0,
    /* Nothing to do before the descriptor is ready or the time is over (gateway_exchange_wait). */
    GATEWAY_AGAIN = 1,
    /* An argument is NULL, out of range, unknown or of the wrong kind. Nothing was done. */
    GATEWAY_ERR_INVALID = 7001,
    /* The call is not allowed now, for example a body after its end. Nothing was done. */
    GATEWAY_ERR_STATE = 7002,
    /* Memory could not be had. Nothing was done. */
    GATEWAY_ERR_MEMORY = 7003,
    /* The address cannot be read: see gateway_backend_open for the forms. */
    GATEWAY_ERR_ADDRESS = 7004,
    /* More than a limit allows; the limit is named at the function. Nothing was done. */
    GATEWAY_ERR_LIMIT = 7005,
    /* A parameter holds a NUL byte, or its name is empty. Nothing was done. */
    GATEWAY_ERR_ENCODING = 7006,
    /* The target is not the script's: see gateway_http_request. */
    GATEWAY_ERR_NO_SCRIPT = 7008,
    /* The operating system refused; errno's value is in the result or the log. */
    GATEWAY_ERR_SYSTEM = 7007,
    /* The handle was made by a parent process and cannot be used here. */
    GATEWAY_ERR_FORKED = 7900
} gateway_status;

/* The name of a status, such as "GATEWAY_OK", as a static string; "unknown status" for a number
 * that is none. Thread: free. */
const char *gateway_status_name(gateway_status status);

/* ------------------------------------------------------------------------------------- outcome */

/* How an exchange ended. Numbers are never reused. */
typedef enum GATEWAY_OPEN_ENUM gateway_outcome {
    /* Not ended yet. */
    GATEWAY_OUTCOME_PENDING = 0,
    /* The response is whole: END_REQUEST with REQUEST_COMPLETE came for this request, or the body's
     * end was otherwise certain when the application closed. */
    GATEWAY_OUTCOME_COMPLETE = 1,
    /* No connection: refused, no such socket, unreachable, no permission, name unknown. The
     * application ran nothing. */
    GATEWAY_OUTCOME_CONNECT_FAILED = 2,
    /* A deadline passed; the stage says which. */
    GATEWAY_OUTCOME_TIMED_OUT = 3,
    /* The queue was full, or the wait in it too long (GATEWAY_STAGE_QUEUE); or the application
     * answered OVERLOADED or CANT_MPX_CONN; or the system had no room for a body that had to be
     * gathered first (GATEWAY_STAGE_SEND). It ran nothing. */
    GATEWAY_OUTCOME_OVERLOADED = 4,
    /* The application broke FastCGI or CGI, or exceeded a limit. */
    GATEWAY_OUTCOME_PROTOCOL_ERROR = 5,
    /* The connection ended before the response did, or the body was shorter than its
     * Content-Length. */
    GATEWAY_OUTCOME_TRUNCATED = 6,
    /* The host gave up, or its body source failed. */
    GATEWAY_OUTCOME_CANCELLED = 7,
    /* The request cannot be sent as it is. */
    GATEWAY_OUTCOME_BAD_REQUEST = 8
} gateway_outcome;

/* The name of an outcome in lower case with hyphens, such as "timed-out", as a static string;
 * "unknown outcome" for a number that is none. Thread: free. */
const char *gateway_outcome_name(gateway_outcome outcome);

/* Where an exchange is, or where it failed. Numbers are never reused. */
typedef enum GATEWAY_OPEN_ENUM gateway_stage {
    /* Connecting to the application. */
    GATEWAY_STAGE_CONNECT = 1,
    /* Sending the request. */
    GATEWAY_STAGE_SEND = 2,
    /* Waiting for the whole response head. */
    GATEWAY_STAGE_HEAD = 3,
    /* Receiving the response body, up to END_REQUEST. */
    GATEWAY_STAGE_BODY = 4,
    /* The time limit of the whole exchange; only for GATEWAY_OUTCOME_TIMED_OUT. */
    GATEWAY_STAGE_TOTAL = 5,
    /* Ended. */
    GATEWAY_STAGE_END = 6,
    /* Waiting for its turn in the queue of the backend. */
    GATEWAY_STAGE_QUEUE = 7
} gateway_stage;

/* The name of a stage, such as "connect", as a static string; "unknown stage" for a number that is
 * none. Thread: free. */
const char *gateway_stage_name(gateway_stage stage);

/* --------------------------------------------------------------------------------------- bytes */

/* Bytes that somebody else owns. */
typedef struct gateway_bytes {
    const void *bytes;
    size_t length;
} gateway_bytes;

/* A header field. In a response its name is as the application wrote it, and its value without
 * leading and trailing white space. */
typedef struct gateway_field {
    gateway_bytes name;
    gateway_bytes value;
} gateway_field;

/* ------------------------------------------------------------------------------------- gateway */

/* The library in use by one host. Opening one is cheap; most hosts open one. */
typedef struct gateway gateway;

/* How grave a log line is; the numbers are those of syslog. */
typedef enum GATEWAY_OPEN_ENUM gateway_log_level {
    GATEWAY_LOG_ERROR = 3,
    GATEWAY_LOG_WARNING = 4,
    GATEWAY_LOG_NOTICE = 5,
    GATEWAY_LOG_INFO = 6,
    GATEWAY_LOG_DEBUG = 7
} gateway_log_level;

/* Receives what the library has to say beside its results: a line without a newline, a string,
 * that begins with a permanent tag such as "GW0001". Called on the thread that called the library,
 * with no lock held; line lives until the function returns; no gateway_ function may be called in
 * it. context is the host's own, passed back untouched. */
typedef void (*gateway_log_function)(void *context, gateway_log_level level, const char *line);

/* The host ignores SIGPIPE (signal(SIGPIPE, SIG_IGN)) from before the first exchange for as long
 * as the process lives. Requests are then sent with writev(2); without the flag they are sent with
 * sendmsg(2) and MSG_NOSIGNAL. */
#define GATEWAY_SIGPIPE_IGNORED 0x1u

/* The library starts one thread with the first exchange of the process, and one in each child with
 * its first, which does what gateway_maintain does, when it is due. It
 * takes no signals, and ends in gateway_close. The log function may be called on it. */
#define GATEWAY_MAINTENANCE_THREAD 0x2u

typedef struct gateway_options {
    size_t size;              /* sizeof(gateway_options) */
    uint32_t flags;           /* GATEWAY_SIGPIPE_IGNORED, GATEWAY_MAINTENANCE_THREAD, both or 0 */
    gateway_log_function log; /* NULL: nothing is logged */
    void *log_context;
} gateway_options;

/* clang-format off */
#define GATEWAY_OPTIONS_INIT { sizeof(gateway_options), 0, NULL, NULL }
/* clang-format on */

/*
 * Opens the library for a host.
 *
 * options   NULL for the defaults; copied, not kept
 * opened    receives the gateway, which the host closes with gateway_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_MEMORY, GATEWAY_ERR_SYSTEM (APR cannot be
 * initialised).
 * Thread: setup. Blocks: no. Fork: allowed before; opens no connection and holds no lock.
 */
gateway_status gateway_open(const gateway_options *options, gateway **opened);

/*
 * Closes a gateway. Its backends, requests and exchanges have to be closed before; while one is
 * not, the memory of the gateway stays, and nothing else happens. The log function is not called
 * any more once this returns.
 *
 * Thread: setup. Blocks: no. Fork: allowed in parent and child, each for itself.
 */
void gateway_close(gateway *gateway);

/*
 * Does for all backends of a gateway what is due: closes connections that were idle for too long or
 * were closed by their application, goes on closing those of exchanges that were given up, and does
 * what gateway_application_maintain does for applications that were opened by this process.
 * Exchanges do part of it for their backend; a host that may be without exchanges for long, and
 * does not ask for GATEWAY_MAINTENANCE_THREAD, calls it when gateway_next_deadline says, or once a
 * second.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_maintain(gateway *gateway);

/*
 * Tells when gateway_maintain has to be called next, if no exchange ends before: to be asked again
 * whenever one has.
 *
 * timeout_ms   receives the time from now, rounded up; GATEWAY_WAIT_FOREVER: nothing is to be done
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_next_deadline(gateway *gateway, uint32_t *timeout_ms);

/* ------------------------------------------------------------------------------------- backend */

/* An application and how to treat it: its address, time limits, size limits. */
typedef struct gateway_backend gateway_backend;

/* Keep connections open for further exchanges (FCGI_KEEP_CONN). An application that runs one
 * exchange at a time per process, as php-fpm does, needs a process for each connection that is
 * kept, idle or not. */
#define GATEWAY_BACKEND_KEEP_CONNECTIONS 0x1u

/* The connection of an exchange that was given up is closed at once. */
#define GATEWAY_DRAIN_OFF 0xFFFFFFFFu

/* For max_stderr_size: the host takes all of STDERR, and bounds it by itself. */
#define GATEWAY_STDERR_ALL 0xFFFFFFFFu

/* Durations are at most 86400000 ms (a day). Each field's 0 is its default. */
typedef struct gateway_backend_options {
    size_t size;                 /* sizeof(gateway_backend_options) */
    uint32_t flags;              /* GATEWAY_BACKEND_KEEP_CONNECTIONS or 0 */
    uint32_t connect_timeout_ms; /* to connect; default 5000 */
    uint32_t send_timeout_ms;    /* without a byte taken by the application while something is to
                                    be sent; default 60000 */
    uint32_t head_timeout_ms;    /* from the last byte of the request to the end of the whole
                                    response head; default 60000 */
    uint32_t read_timeout_ms;    /* between two pieces of the response body; default 60000 */
    uint32_t total_timeout_ms;   /* for the whole exchange; default none */
    uint32_t io_buffer_size;     /* bytes read at once, 8192 to 1048576; default 131072 */
    uint32_t max_head_size;      /* bytes of the response head, 1024 to 16777216; default 262144 */
    uint32_t max_head_fields;    /* header fields in it, 1 to 65535; default 1000 */
    uint32_t max_params_size;    /* bytes of the encoded params, 1024 to 16777216;
                                    default 1048576 */
    uint32_t max_stderr_size;    /* bytes of STDERR that are handed to the host for one exchange,
                                    the rest is counted and dropped; 1 to 16777216, or
                                    GATEWAY_STDERR_ALL; default 65536 */
    uint32_t idle_timeout_ms;    /* how long a kept connection may be idle before it is closed;
                                    default 30000 */
    uint32_t max_idle;           /* idle connections, 1 to 65535; default 32 */
    uint32_t max_requests_per_connection; /* before it is closed; default no limit */
    uint32_t max_connection_age_ms; /* of a kept one; default no limit */
    uint32_t max_connections;    /* idle ones included, which are closed first; default no limit */
    uint32_t max_active;         /* exchanges that run at once; default no limit */
    uint32_t max_endpoint_active; /* the same for each address; default no limit */
    uint32_t queue_length;       /* exchanges that wait for their turn, first in, first out; one
                                    more is overloaded at once; default 100 */
    uint32_t queue_timeout_ms;   /* how long one waits before it is overloaded; default 10000 */
    uint64_t max_spooled_size;   /* bytes of a body that is gathered before it is sent;
                                    default 1073741824 */
    uint32_t drain_timeout_ms;   /* how long what the application still sends is read once its
                                    exchange was given up (gateway_exchange_cancel); default 5000.
                                    GATEWAY_DRAIN_OFF: not at all */
    uint32_t drain_size;         /* how much of it, in bytes; default 67108864 */
} gateway_backend_options;

/* clang-format off */
#define GATEWAY_BACKEND_OPTIONS_INIT \
    { sizeof(gateway_backend_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
      0, 0, 0, 0, 0, 0, 0, 0, 0 }
/* clang-format on */

/*
 * Opens a backend.
 *
 * gateway   stays open at least as long as the backend
 * address   a string: "unix:/path/to/socket" or "/path/to/socket" (at most 107 bytes of path),
 *           "unix:@name" (an abstract socket of Linux), "tcp:host:port" or "host:port", or httpd's
 *           "fcgi://host:port", whose port is 8000 if it is missing; an IPv6 address stands in
 *           brackets. Names are resolved here, and each address of a name is tried in turn when
 *           connecting. Up to 64 of them with spaces between are endpoints of one application
 *           (after a path, which may hold spaces, the next one begins with its scheme):
 *           the least busy one takes the next exchange; one that refuses connections rests for 0.1
 *           to 30 seconds, longer each time, and the exchange goes to another. NULL: the backend
 *           has no address, and runs exchanges only on connections that the host supplies
 * options   NULL for the defaults; copied, not kept
 * opened    receives the backend, which the host closes with gateway_backend_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (an option out of its range included),
 * GATEWAY_ERR_ADDRESS (it cannot be read, or the name is unknown), GATEWAY_ERR_MEMORY.
 * Thread: setup. Blocks: only to resolve a host name. Fork: allowed before.
 */
gateway_status gateway_backend_open(gateway *gateway, const char *address,
                                    const gateway_backend_options *options,
                                    gateway_backend **opened);

/*
 * Closes a backend and its idle connections. Exchanges of it that are still open go on until they
 * are closed.
 *
 * Thread: setup. Blocks: no. Fork: allowed in parent and child, each for itself.
 */
void gateway_backend_close(gateway_backend *backend);

/* The buckets of a histogram of waits. Each counts those of at most 1, 5, 10, 50, 100, 500 ms, 1, 5
 * and 10 s that the one before does not count; the last one counts all that are longer. */
#define GATEWAY_WAIT_BUCKETS 10

/* What a backend has done and does. Exchanges that the host supplied a connection for count too. */
typedef struct gateway_stats {
    size_t size;      /* sizeof(gateway_stats) */
    uint64_t active;  /* exchanges that are open, queued ones too */
    uint64_t queued;  /* exchanges that wait for their turn */
    uint64_t idle;    /* kept connections without an exchange */
    uint64_t closing; /* connections of exchanges that were given up, on their way to the end */
    /* Exchanges that ended, by outcome. */
    uint64_t complete;
    uint64_t connect_failed;
    uint64_t timed_out;
    uint64_t overloaded;
    uint64_t protocol_error;
    uint64_t truncated;
    uint64_t cancelled;
    uint64_t bad_request;
    uint64_t connected;      /* connections that were made */
    uint64_t reused;         /* exchanges on a kept connection */
    uint64_t retried;        /* exchanges that were sent a second time */
    uint64_t late_records;   /* records that came after the END_REQUEST of their exchange */
    uint64_t bytes_sent;     /* records included */
    uint64_t bytes_received; /* records included */
    uint64_t waited;         /* exchanges that had to wait for their turn, and no longer do */
    uint64_t wait_us;        /* how long in all, in microseconds */
    uint64_t wait_max_us;
    uint64_t wait_histogram[GATEWAY_WAIT_BUCKETS];
    /* Of gateway_shared_stats alone: answers that began, and how long that took from the exchange's
     * turn on. The histogram's buckets are those of waits. */
    uint64_t answered;
    uint64_t first_byte_us;
    uint64_t first_byte_max_us;
    uint64_t first_byte_histogram[GATEWAY_WAIT_BUCKETS];
} gateway_stats;

/* clang-format off */
#define GATEWAY_STATS_INIT \
    { sizeof(gateway_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
      0, 0, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 0, 0, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } }
/* clang-format on */

/*
 * Tells what a backend has done in this process and does now.
 *
 * stats   receives it; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_backend_stats(gateway_backend *backend, gateway_stats *stats);

/*
 * The same for one endpoint of a backend: exchanges that run there or ended there. What came to no
 * endpoint, such as overloaded in the queue, and all of the queue, counts for the backend alone.
 *
 * endpoint   the number of its address in the order of gateway_backend_open, from 0
 * stats      receives it; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (no such endpoint too).
 * Thread: free. Blocks: no.
 */
gateway_status gateway_endpoint_stats(gateway_backend *backend, uint32_t endpoint,
                                      gateway_stats *stats);

/*
 * Resolves the host names of a backend again. Connections that are open stay; new ones go to the
 * new addresses. When a name cannot be resolved, it and those behind it keep their addresses.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_ADDRESS.
 * Thread: free. Blocks: to resolve host names.
 */
gateway_status gateway_backend_resolve(gateway_backend *backend);

/* Flags of gateway_values: what the application has told. */
#define GATEWAY_VALUES_MAX_CONNECTIONS 0x1u
#define GATEWAY_VALUES_MAX_REQUESTS 0x2u
#define GATEWAY_VALUES_MULTIPLEXES 0x4u

/* What an application says of itself (FastCGI 1.0 section 4.1). */
typedef struct gateway_values {
    size_t size;              /* sizeof(gateway_values) */
    uint32_t known;           /* GATEWAY_VALUES_ flags; 0: it does not answer such questions */
    uint32_t max_connections; /* FCGI_MAX_CONNS */
    uint32_t max_requests;    /* FCGI_MAX_REQS */
    uint32_t multiplexes;     /* FCGI_MPXS_CONNS: 1 yes, 0 no. The library never multiplexes */
} gateway_values;

/* clang-format off */
#define GATEWAY_VALUES_INIT { sizeof(gateway_values), 0, 0, 0, 0 }
/* clang-format on */

/*
 * Asks an application by FCGI_GET_VALUES what it can do, on a connection of its own. It only
 * reports: max_active is the host's to set. Some applications answer with numbers that are not
 * their limits.
 *
 * endpoint     as for gateway_endpoint_stats
 * timeout_ms   for all of it, at most 60000; 0: 1000
 * values       receives the answer; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_SYSTEM (no connection, or no answer in time;
 * the log says which).
 * Thread: free. Blocks: up to the timeout.
 */
gateway_status gateway_backend_values(gateway_backend *backend, uint32_t endpoint,
                                      uint32_t timeout_ms, gateway_values *values);

/* ------------------------------------------------------------------------------------- request */

/* What is to be sent: params (FastCGI 1.0 section 5.2) and a body. It may be used for one exchange
 * after another, not for two at once. */
typedef struct gateway_request gateway_request;

/*
 * Opens an empty request for a backend, whose max_params_size bounds it.
 *
 * backend   stays open at least as long as the request
 * opened    receives the request, which the host closes with gateway_request_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_MEMORY.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_request_open(gateway_backend *backend, gateway_request **opened);

/*
 * Adds a parameter (a meta-variable, RFC 3875 section 4.1) as it is. The application gets the
 * params in the order in which they were added; the library adds none of its own and does not look
 * for names that come twice. Of their values it looks at REQUEST_METHOD only: a HEAD's response has
 * no body, and a method that is idempotent (RFC 9110 section 9.2.2) may be sent a second time.
 *
 * name, name_length     1 byte and more, without NUL; copied
 * value, value_length   0 bytes and more, without NUL; copied; value may be NULL if the length is 0
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_ENCODING (NUL in a name or value, empty
 * name), GATEWAY_ERR_LIMIT (the params are then larger than max_params_size), GATEWAY_ERR_STATE (an
 * exchange of the request is open), GATEWAY_ERR_MEMORY. After GATEWAY_ERR_LIMIT or
 * GATEWAY_ERR_ENCODING an exchange of the request ends as GATEWAY_OUTCOME_BAD_REQUEST: a request
 * never runs without a parameter that it was given.
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_param(gateway_request *request, const char *name, size_t name_length,
                                     const char *value, size_t value_length);

/*
 * Adds params in one call, in their order, as gateway_request_param adds one. The first that is
 * refused ends the call: the params before it stay, those after it are not added, and an exchange
 * of the request ends as described there.
 *
 * params   count pairs of name and value; NULL if count is 0; copied
 * count    any number: max_params_size bounds the params
 *
 * Returns what gateway_request_param returns.
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_params(gateway_request *request, const gateway_field *params,
                                      size_t count);

/* What the application is to be to the request (FastCGI 1.0 section 6). */
typedef enum GATEWAY_OPEN_ENUM gateway_role {
    /* It answers the request. */
    GATEWAY_ROLE_RESPONDER = 1,
    /* It decides whether the request may be answered: with 200 it may, and the fields of the head
     * whose names begin with "Variable-" are variables for whoever answers it; any other response
     * is the client's. It gets params and no STDIN. */
    GATEWAY_ROLE_AUTHORIZER = 2
} gateway_role;

/*
 * Sets the role of the application; GATEWAY_ROLE_RESPONDER without it. A body that is set too is
 * not sent to an authorizer.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (another role too), GATEWAY_ERR_STATE (an exchange of the
 * request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_role(gateway_request *request, gateway_role role);

/*
 * Sets the body to bytes in memory. A request of raw params has to tell the application
 * CONTENT_LENGTH itself; gateway_request_http does so by itself.
 *
 * bytes, length   not copied: they stay valid until the exchange is closed
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (an exchange of the request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_body_bytes(gateway_request *request, const void *bytes,
                                          size_t length);

/* What a read function answers. */
typedef enum GATEWAY_OPEN_ENUM gateway_read_status {
    /* *length bytes were put into the buffer; 0 bytes end the body. */
    GATEWAY_READ_OK = 0,
    /* The body cannot be had: the exchange ends as GATEWAY_OUTCOME_CANCELLED. */
    GATEWAY_READ_FAILED = 1
} gateway_read_status;

/* Supplies the body of a request, piece by piece: puts at most capacity bytes into buffer and their
 * number into *length. Called by gateway_exchange_next and gateway_handle, on the caller's thread,
 * with no lock held; buffer and length live until the function returns; on this exchange no
 * gateway_ function may be called in it. It may block: the response then waits for it, so a host
 * whose body comes slowly uses gateway_request_body_written instead. */
typedef gateway_read_status (*gateway_read_function)(void *context, void *buffer, size_t capacity,
                                                     size_t *length);

/* The length of a body that is not known before its end. */
#define GATEWAY_LENGTH_UNKNOWN 0xFFFFFFFFFFFFFFFFu

/*
 * Sets the body to what a function supplies.
 *
 * read, context   kept until the body is set again or the request is closed
 * length          bytes that it will supply, or GATEWAY_LENGTH_UNKNOWN. A body that turns out
 *                 shorter ends the exchange as GATEWAY_OUTCOME_CANCELLED; longer is cut
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (an exchange of the request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_body_callback(gateway_request *request, gateway_read_function read,
                                             void *context, uint64_t length);

/*
 * Sets the body to a part of a file, which is read with pread(2).
 *
 * descriptor       of a regular file; stays the host's, and open until the exchange is closed
 * offset, length   which bytes; a file that ends before ends the exchange as
 *                  GATEWAY_OUTCOME_CANCELLED
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (an exchange of the request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_body_descriptor(gateway_request *request, int32_t descriptor,
                                               uint64_t offset, uint64_t length);

/*
 * Says that the host writes the body with gateway_exchange_write while the exchange runs.
 *
 * length   bytes that it will write, or GATEWAY_LENGTH_UNKNOWN. With gateway_request_http the
 *          application is told the length: a write beyond it is refused, and a body that ends
 *          before it ends the exchange as GATEWAY_OUTCOME_CANCELLED. A body of unknown length is
 *          gathered to its end before the exchange has its turn and connects (see
 *          GATEWAY_HTTP_STREAM_BODY). For a request of raw params the length is not looked at
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (an exchange of the request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_body_written(gateway_request *request, uint64_t length);

/* What of a target's path is the script (RFC 3875 sections 4.1.5 and 4.1.13). */
typedef enum GATEWAY_OPEN_ENUM gateway_script_rule {
    /* script is a path such as "/wiki", or empty for every path: SCRIPT_NAME is that path, and
     * PATH_INFO what follows it. */
    GATEWAY_SCRIPT_PREFIX = 0,
    /* script is an extension such as ".php": SCRIPT_NAME ends with the first segment that ends so,
     * and PATH_INFO is what follows it. A path that ends with a slash gets index appended. */
    GATEWAY_SCRIPT_EXTENSION = 1
} gateway_script_rule;

/* The request came over TLS: HTTPS=on. */
#define GATEWAY_HTTP_SECURE 0x1u
/* Hand the Authorization field to the application, as HTTP_AUTHORIZATION. */
#define GATEWAY_HTTP_PASS_AUTHORIZATION 0x2u
/* A body of unknown length is sent as it comes, without CONTENT_LENGTH. Many applications, php-fpm
 * among them, then take the body for empty. Without the flag such a body is first gathered to its
 * end, whether a function supplies it or the host writes it: in memory, beyond 65536 bytes in a
 * file of APR's temporary directory that has no name. Only then the exchange enters the queue and
 * connects. A body larger than max_spooled_size ends it as GATEWAY_OUTCOME_BAD_REQUEST with 413, a
 * file that cannot be written as GATEWAY_OUTCOME_OVERLOADED with 503; one that is given up before
 * its end has sent nothing. A body is also sent as it comes where the host adds CONTENT_LENGTH with
 * gateway_request_param: the library adds none then. */
#define GATEWAY_HTTP_STREAM_BODY 0x4u

/* An HTTP request as a server knows it. Bytes of length 0 are not known. All are copied. */
typedef struct gateway_http_request {
    size_t size;                     /* sizeof(gateway_http_request) */
    uint32_t flags;                  /* GATEWAY_HTTP_ flags */
    gateway_script_rule script_rule;
    gateway_bytes method;            /* required: "GET" */
    gateway_bytes target;            /* required: as in the request line, "/a.php/info?x=1" */
    gateway_bytes protocol;          /* default "HTTP/1.1" */
    const gateway_field *fields;     /* header fields; at most 1000 */
    size_t field_count;
    gateway_bytes script;            /* the path or the extension of the rule */
    gateway_bytes index;             /* "index.php" */
    gateway_bytes document_root;     /* "/srv/www": begins SCRIPT_FILENAME, PATH_TRANSLATED */
    gateway_bytes script_filename;   /* instead of document_root and SCRIPT_NAME */
    gateway_bytes server_name;       /* default: the host of the Host field, or "localhost" */
    gateway_bytes server_address;
    uint32_t server_port;            /* default 80, with GATEWAY_HTTP_SECURE 443 */
    uint32_t remote_port;
    gateway_bytes remote_address;
    gateway_bytes remote_user;       /* whom the server has authenticated */
    gateway_bytes auth_type;         /* and how: "Basic" */
    gateway_bytes server_software;   /* default "libgateway/" and its version */
} gateway_http_request;

/* clang-format off */
#define GATEWAY_HTTP_REQUEST_INIT \
    { sizeof(gateway_http_request), 0, GATEWAY_SCRIPT_PREFIX, { NULL, 0 }, { NULL, 0 }, \
      { NULL, 0 }, NULL, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, \
      { NULL, 0 }, 0, 0, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } }
/* clang-format on */

/*
 * Turns an HTTP request into meta-variables (RFC 3875 section 4.1): GATEWAY_INTERFACE,
 * REQUEST_METHOD, REQUEST_URI, REQUEST_SCHEME, QUERY_STRING, SCRIPT_NAME, PATH_INFO,
 * PATH_TRANSLATED, SCRIPT_FILENAME, DOCUMENT_ROOT, SERVER_NAME, SERVER_PORT, SERVER_ADDR,
 * SERVER_PROTOCOL, SERVER_SOFTWARE, REMOTE_ADDR, REMOTE_PORT, REMOTE_USER, AUTH_TYPE, HTTPS,
 * CONTENT_TYPE, CONTENT_LENGTH and HTTP_*, each at most once. More can be added with
 * gateway_request_param.
 *
 * The path is decoded and freed of "." and ".."; encoded slashes, NUL, control characters and paths
 * that lead above the root are refused. Fields with other characters than letters, digits and "-"
 * in their name are left out, since X_A would become the variable of X-A; so are Proxy (it would
 * become HTTP_PROXY), Proxy-Authorization, and what concerns only the client's connection. A field
 * that comes several times is joined with ", ", Cookie with "; ". CONTENT_LENGTH is that of the
 * body of the request, not what the client wrote.
 *
 * Answers GATEWAY_OK; GATEWAY_ERR_INVALID (method or target missing too); GATEWAY_ERR_NO_SCRIPT:
 * the rule does not match, a server answers 404; GATEWAY_ERR_ENCODING: a server answers 400;
 * GATEWAY_ERR_LIMIT (max_params_size, too many fields): a server answers 431; GATEWAY_ERR_STATE (an
 * exchange of the request is open). After a failure an exchange of the request ends as
 * GATEWAY_OUTCOME_BAD_REQUEST.
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_http(gateway_request *request, const gateway_http_request *http);

/*
 * Makes the request empty again, for the next use: no params, no body, a responder's. Its memory is
 * kept.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (an exchange of the request is open).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_request_clear(gateway_request *request);

/*
 * Closes a request. One whose exchange is open stays alive until that is closed.
 *
 * Thread: per-handle. Blocks: no.
 */
void gateway_request_close(gateway_request *request);

/* ------------------------------------------------------------------------------------ exchange */

/* One request and its response. */
typedef struct gateway_exchange gateway_exchange;

/* gateway_exchange_next and gateway_exchange_write never wait; they answer GATEWAY_AGAIN. */
#define GATEWAY_EXCHANGE_NONBLOCKING 0x1u
/* On a connection that the host supplies: ask the application to keep it open (FCGI_KEEP_CONN). */
#define GATEWAY_EXCHANGE_KEEP_CONNECTION 0x2u
/* The descriptor that the host supplies has O_NONBLOCK set. The library never changes that. */
#define GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING 0x4u
/* The descriptor that the host supplies is a TCP socket. While the rest of an answer is awaited,
 * TCP_QUICKACK is set on it: an application that sends in small pieces waits for each to be
 * acknowledged. */
#define GATEWAY_EXCHANGE_DESCRIPTOR_TCP 0x8u
/* Hand out interim heads, such as 103 Early Hints, as GATEWAY_EVENT_INTERIM; otherwise they are
 * skipped. */
#define GATEWAY_EXCHANGE_INTERIM 0x10u
/* Hand out the response body as it comes, whatever its Content-Length says, and that of HEAD, 204
 * and 304 as well: the host compares them, as one does that holds the head back and can still
 * correct it, and drops what the client is not to have. Without this flag a body that is too long
 * is cut, and one that is too short ends as GATEWAY_OUTCOME_TRUNCATED. */
#define GATEWAY_EXCHANGE_ANY_LENGTH 0x20u

/* Which way bytes go. */
typedef enum GATEWAY_OPEN_ENUM gateway_direction {
    GATEWAY_DIRECTION_SENT = 1,
    GATEWAY_DIRECTION_RECEIVED = 2
} gateway_direction;

/* Is told of the bytes of an exchange as they are on the wire, records included, right after they
 * were sent or received: at least one, and no more than one write or receive has. Called by
 * gateway_exchange_next, gateway_exchange_write and gateway_handle, on the caller's thread, with no
 * lock held; bytes live until the function returns; on this exchange no gateway_ function may be
 * called in it. context is the host's own, passed back untouched. */
typedef void (*gateway_traffic_function)(void *context, gateway_direction direction,
                                         const void *bytes, size_t length);

/* A timeout of 0 is the backend's. */
typedef struct gateway_exchange_options {
    size_t size;    /* sizeof(gateway_exchange_options) */
    uint32_t flags; /* GATEWAY_EXCHANGE_ flags */
    /* A connected stream socket of the host, to be used instead of the backend's address, when
     * supplied is not 0. It stays the host's: the library does not close it and does not change
     * its mode. Only when the exchange is given up, the library goes on with the connection by a
     * duplicate of the descriptor, and half-closes it where the request is not whole: the host
     * closes its own at once, or at any time, and does not use the connection again. */
    uint32_t supplied;
    int32_t descriptor;
    uint32_t request_id;          /* on a supplied connection, 1 to 65535; default 1. Hosts that
                                     keep the connection alternate 1 and 2, so that a late record
                                     of the last exchange shows */
    uint32_t previous_request_id; /* of the exchange before on the same connection; 0: none */
    uint32_t connect_timeout_ms;
    uint32_t send_timeout_ms;
    uint32_t head_timeout_ms;
    uint32_t read_timeout_ms;
    uint32_t total_timeout_ms;
    gateway_traffic_function traffic; /* NULL: nobody is told */
    void *traffic_context;
    uint32_t descriptor_timeout_ms; /* a supplied descriptor is blocking, and its SO_RCVTIMEO and
                                       SO_SNDTIMEO are so long; at most 86400000. A small request
                                       is then written, and an answer whose deadline is as far
                                       received, without a poll(2) before. 0: not known */
    struct gateway_shared *shared; /* where the supplied connection holds a place of
                                      gateway_place_enter; NULL: it holds none. When the exchange is
                                      given up and its connection drains, the place is the
                                      library's (GATEWAY_RESULT_PLACE_TAKEN): it rests, and is left
                                      when the connection is closed, at the latest by the
                                      gateway_maintain after gateway_place_asked */
    uint32_t shared_application;   /* of the place */
    uint32_t shared_place;
} gateway_exchange_options;

/* clang-format off */
#define GATEWAY_EXCHANGE_OPTIONS_INIT \
    { sizeof(gateway_exchange_options), 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, NULL, \
      0, 0 }
/* clang-format on */

/*
 * Begins an exchange. Nothing is sent before the first gateway_exchange_next or
 * gateway_exchange_write. Failures to connect or to encode are not answered here: they are the
 * outcome that gateway_exchange_next reports.
 *
 * backend   stays open at least until this returns
 * request   stays as it is until the exchange is closed
 * options   NULL for the defaults; copied, not kept
 * opened    receives the exchange, which the host closes with gateway_exchange_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (also: a backend without an address and no connection
 * supplied), GATEWAY_ERR_STATE (the request has an open exchange), GATEWAY_ERR_MEMORY.
 * Thread: free on backend, per-handle on request. Blocks: no.
 */
gateway_status gateway_exchange_open(gateway_backend *backend, gateway_request *request,
                                     const gateway_exchange_options *options,
                                     gateway_exchange **opened);

typedef enum GATEWAY_OPEN_ENUM gateway_event_type {
    /* The response head: http_status, fields and field_count are set. Exactly one, before any
     * body. */
    GATEWAY_EVENT_HEAD = 1,
    /* A piece of the response body, in data. */
    GATEWAY_EVENT_BODY = 2,
    /* Text that the application wrote to STDERR, in data, as it came: not by lines. */
    GATEWAY_EVENT_STDERR = 3,
    /* Everything that was written is sent or gathered, and gateway_exchange_write will take more.
     * Comes only for requests with gateway_request_body_written, once at the beginning and once
     * after each write that was not the last. The response goes on meanwhile. */
    GATEWAY_EVENT_WANTS_BODY = 4,
    /* The exchange is over: gateway_exchange_result says how. Exactly one, the last. */
    GATEWAY_EVENT_END = 5,
    /* An interim head (a status from 100 to 199), before GATEWAY_EVENT_HEAD: http_status, fields
     * and field_count are set, and valid until the next call. Comes only with
     * GATEWAY_EXCHANGE_INTERIM, any number of times; it does not extend the time for the head. */
    GATEWAY_EVENT_INTERIM = 6
} gateway_event_type;

/* The next gateway_exchange_next answers at once, from what was received already. The pointers of
 * this event then stay valid through that call too, and so on up to the call after the first event
 * without this flag: a host can gather all events of one receive before it passes them on. */
#define GATEWAY_EVENT_MORE 0x1u
/* Only for GATEWAY_EVENT_HEAD: the response is a local redirect (RFC 3875 section 6.2.2). Its
 * Location is a path of this server, with a query perhaps, that the host answers with instead;
 * nothing but GATEWAY_EVENT_END follows. */
#define GATEWAY_EVENT_LOCAL_REDIRECT 0x2u
/* Only for GATEWAY_EVENT_HEAD: the application sent Status itself. */
#define GATEWAY_EVENT_STATUS_GIVEN 0x4u
/* Only for GATEWAY_EVENT_HEAD: the whole body is at hand, and has another length than was
 * declared. Content-Length among the fields is right; gateway_result has both numbers. */
#define GATEWAY_EVENT_LENGTH_CORRECTED 0x8u
/* Only for GATEWAY_EVENT_HEAD: a Content-Length that is no number is not among the fields. */
#define GATEWAY_EVENT_LENGTH_DROPPED 0x10u

/* What happened next. Without GATEWAY_EVENT_MORE the pointers are valid until the next call on the
 * same exchange. */
typedef struct gateway_event {
    size_t size; /* sizeof(gateway_event) */
    gateway_event_type type;
    uint32_t flags;       /* GATEWAY_EVENT_ flags */
    uint32_t http_status; /* 200 where the application sent no Status (RFC 3875 section 6.3.3) */
    const gateway_field *fields; /* without Status; repeated fields stay apart */
    size_t field_count;
    gateway_bytes data;
    gateway_bytes reason; /* the phrase behind the number in Status; empty where there is none */
} gateway_event;

/* clang-format off */
#define GATEWAY_EVENT_INIT \
    { sizeof(gateway_event), GATEWAY_EVENT_END, 0, 0, NULL, 0, { NULL, 0 }, { NULL, 0 } }
/* clang-format on */

/*
 * Waits for what happens next in an exchange, and tells it: connects, sends, and receives as far as
 * is needed for that. Not calling it is the back-pressure on the application. In a non-blocking
 * exchange it sends and receives 16 times at most, each time io_buffer_size bytes at most, so that
 * the host's other work goes on: with GATEWAY_AGAIN the time to wait is 0 then.
 *
 * event   receives the event; its size is set by the caller
 *
 * Answers GATEWAY_OK; GATEWAY_AGAIN for a non-blocking exchange only, when gateway_exchange_wait
 * says what to wait for; GATEWAY_ERR_INVALID; GATEWAY_ERR_STATE after GATEWAY_EVENT_END;
 * GATEWAY_ERR_FORKED.
 * Thread: per-handle. Blocks: a blocking exchange, bounded by the timeouts of the backend; between
 * GATEWAY_EVENT_WANTS_BODY and the next write too, bounded by the same.
 */
gateway_status gateway_exchange_next(gateway_exchange *exchange, gateway_event *event);

/* This is the end of the request body. */
#define GATEWAY_WRITE_END 0x1u

/*
 * Writes a piece of the request body, gathered from several places. What the application does not
 * take at once is copied, so that the bytes are the host's again when the call returns. Before the
 * first gateway_exchange_next the params, the piece and, with GATEWAY_WRITE_END, the end of STDIN
 * leave in one write. A body of unknown length that has to be gathered first is never refused for
 * being early.
 *
 * pieces, count   the bytes, at most 64 pieces and 1048576 bytes in all, more is
 *                 GATEWAY_ERR_INVALID; count 0 with GATEWAY_WRITE_END only ends the body
 * flags           GATEWAY_WRITE_END or 0
 *
 * Answers GATEWAY_OK when all of it was taken; GATEWAY_AGAIN when none was, since an earlier piece
 * is not sent yet: write it again after GATEWAY_EVENT_WANTS_BODY; GATEWAY_ERR_INVALID (also: more
 * than the length that the application was told); nothing of the pieces was taken then;
 * GATEWAY_ERR_STATE (the body is not of this kind, has ended, or the exchange has ended). Bytes
 * for an application that has stopped reading are taken and dropped, since its answer is what
 * counts.
 * Thread: per-handle. Blocks: no; only to connect, in a blocking exchange.
 */
gateway_status gateway_exchange_write(gateway_exchange *exchange, const gateway_bytes *pieces,
                                      size_t count, uint32_t flags);

/* What a non-blocking exchange waits for. */
#define GATEWAY_WAIT_READ 0x1u
#define GATEWAY_WAIT_WRITE 0x2u
#define GATEWAY_WAIT_FOREVER 0xFFFFFFFFu

typedef struct gateway_wait {
    size_t size;        /* sizeof(gateway_wait) */
    int32_t descriptor; /* to be polled; the library's or the host's own; -1: none yet */
    uint32_t interest;  /* GATEWAY_WAIT_READ, GATEWAY_WAIT_WRITE, both or 0 */
    uint32_t timeout_ms; /* until the next deadline, from now, rounded up: call
                            gateway_exchange_next then; 0 also when it has more to do at once;
                            GATEWAY_WAIT_FOREVER: there is none, since the exchange waits for a body
                            that the host writes; while that is gathered, descriptor is -1 */
} gateway_wait;

/* clang-format off */
#define GATEWAY_WAIT_INIT { sizeof(gateway_wait), -1, 0, 0 }
/* clang-format on */

/*
 * Says what to wait for after GATEWAY_AGAIN, each time anew: until the descriptor is ready for the
 * interest, or until the time is over, whichever is first; then gateway_exchange_next is called
 * again. Calling it too early does no harm.
 *
 * The descriptor changes only during gateway_exchange_next and gateway_exchange_write: from that of
 * the place in the queue to that of the connection, from one address that refuses to the next, from
 * a dead kept connection to a fresh one. The one before is closed by then, so that nothing has to
 * be taken out of epoll, but its number may be another's. While it is -1 only the time counts.
 * After GATEWAY_EVENT_END the connection may be kept and be another exchange's: a host takes it out
 * of its set before it makes the next call of the library.
 *
 *   poll, select    ask for descriptor and interest anew before each round
 *   epoll, level    register with EPOLLONESHOT, and again after each GATEWAY_AGAIN: EPOLL_CTL_MOD,
 *                   or EPOLL_CTL_ADD where the descriptor is new
 *   epoll, edge     register each new descriptor once, when GATEWAY_AGAIN came, for EPOLLIN |
 *                   EPOLLOUT | EPOLLRDHUP | EPOLLET: what was there is received to its end by then,
 *                   unless timeout_ms is 0
 *   libuv           uv_poll_start with the interest, and a uv_timer_t for the time; a uv_poll_t is
 *                   closed and another one begun when the descriptor changes
 *
 * wait   receives descriptor, interest and time; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (the exchange has ended).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_exchange_wait(gateway_exchange *exchange, gateway_wait *wait);

/*
 * Waits on this thread for what gateway_exchange_wait would say: for a host that at this moment has
 * nothing else to wait for. Where the exchange has a blocking descriptor it takes no system call
 * more than receiving does. What it receives is no edge any more: a host that watches descriptors
 * edge-triggered does not use it on them. Where nothing but the host's own next write can go on,
 * the wait is bounded by send_timeout_ms, after which the exchange ends as
 * GATEWAY_OUTCOME_TIMED_OUT.
 *
 * most_ms   the longest to wait; GATEWAY_WAIT_FOREVER: no longer than to the exchange's deadline
 *
 * Answers GATEWAY_OK when gateway_exchange_next has something to do; GATEWAY_AGAIN when most_ms
 * are over before; GATEWAY_ERR_INVALID; GATEWAY_ERR_STATE (the exchange has ended);
 * GATEWAY_ERR_FORKED.
 * Thread: per-handle. Blocks: bounded by most_ms and the timeouts of the exchange.
 */
gateway_status gateway_exchange_block(gateway_exchange *exchange, uint32_t most_ms);

/* The connection was used for an exchange before this one. */
#define GATEWAY_RESULT_REUSED 0x1u
/* The request was sent a second time on a fresh connection. */
#define GATEWAY_RESULT_RETRIED 0x2u
/* A supplied connection may be used for another exchange. */
#define GATEWAY_RESULT_REUSABLE 0x4u
/* The response head was handed to the host: a failure after it cannot become another answer, and
 * the client's connection has to be broken off so that nobody takes the response for whole. */
#define GATEWAY_RESULT_HEAD_SENT 0x8u
/* The request body was sent to its end. */
#define GATEWAY_RESULT_BODY_SENT 0x10u
/* Bytes beyond the Content-Length that the application declared were cut off. */
#define GATEWAY_RESULT_BODY_CUT 0x20u
/* A supplied connection that was used before turned out dead before one byte came, and the request
 * cannot have run, or may run twice: it may be sent once more, on a fresh connection. */
#define GATEWAY_RESULT_REPEATABLE 0x40u
/* The place that a supplied connection held is the library's: the host does not leave it. */
#define GATEWAY_RESULT_PLACE_TAKEN 0x80u
/* The body has another length than the application said: declared_length and body_length. */
#define GATEWAY_RESULT_LENGTH_WRONG 0x100u

/* How an exchange went. Times are microseconds since it was opened, 0 where it never came. */
typedef struct gateway_result {
    size_t size; /* sizeof(gateway_result) */
    gateway_outcome outcome;
    gateway_stage stage;         /* where it failed; GATEWAY_STAGE_END when it did not */
    uint32_t flags;              /* GATEWAY_RESULT_ flags */
    uint32_t http_status;        /* the application's once a head was handed out; before that the
                                    one to answer with, 0 for cancelled */
    uint32_t application_status; /* appStatus of END_REQUEST (FastCGI 1.0 section 5.5) */
    int32_t error_number;        /* errno's value of the failure, or 0 */
    uint64_t bytes_sent;         /* to the application, records included */
    uint64_t bytes_received;     /* from it, records included */
    uint64_t body_bytes;         /* of the response body that the host was given */
    uint64_t stderr_dropped;     /* bytes of STDERR over max_stderr_size */
    uint64_t queued_us;     /* when its turn came, or it gave up waiting; 0: it had not to wait */
    uint64_t connected_us;
    uint64_t sent_us;       /* the last byte of the request, STDIN's end included */
    uint64_t first_byte_us; /* the first byte from the application */
    uint64_t total_us;      /* the end */
    uint32_t retry_after_s; /* for Retry-After, when the queue was the reason; else 0 */
    char message[256];      /* for the log, a string; empty when complete */
    uint64_t declared_length; /* with GATEWAY_RESULT_LENGTH_WRONG: Content-Length as it was sent */
    uint64_t body_length;     /* of the response body that came, handed out or not */
} gateway_result;

/* clang-format off */
#define GATEWAY_RESULT_INIT \
    { sizeof(gateway_result), GATEWAY_OUTCOME_PENDING, GATEWAY_STAGE_CONNECT, \
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, 0 }
/* clang-format on */

/*
 * Tells how an exchange went, or how it goes while it has not ended (GATEWAY_OUTCOME_PENDING).
 *
 * result   receives it; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_exchange_result(gateway_exchange *exchange, gateway_result *result);

/*
 * Gives an exchange up. It ends as GATEWAY_OUTCOME_CANCELLED, which gateway_exchange_next still
 * reports. On an exchange that has ended it does nothing.
 *
 * A request body that did not end is never ended: STDIN's record at hand is completed,
 * ABORT_REQUEST follows (FastCGI 1.0 section 5.4), and the connection is half-closed, so that no
 * application takes the body for whole or waits for the rest. The same holds when a deadline passes
 * or the body cannot be had.
 *
 * What the application still sends is then read and dropped, up to drain_timeout_ms and drain_size,
 * since some applications leak where the connection disappears under their answer. That delays
 * nobody: it is done by the maintenance thread or by later calls, not for an event stream
 * (text/event-stream), and ends as soon as somebody waits for the place of the exchange
 * (max_active, max_connections, max_endpoint_active, a place of gateway_place_enter). A process of
 * a supervised application keeps its claim until it is done; where somebody waits its writes fail
 * instead.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_STATE (in a read function of the exchange).
 * Thread: per-handle. Blocks: no.
 */
gateway_status gateway_exchange_cancel(gateway_exchange *exchange);

/*
 * Closes an exchange; one that has not ended is given up first.
 *
 * Thread: per-handle. Blocks: no.
 */
void gateway_exchange_close(gateway_exchange *exchange);

/* ----------------------------------------------------------------------------- one call for all */

/* What a callback of gateway_handle answers. */
typedef enum GATEWAY_OPEN_ENUM gateway_callback_status {
    GATEWAY_CONTINUE = 0,
    /* Give the exchange up: it ends as GATEWAY_OUTCOME_CANCELLED. */
    GATEWAY_STOP = 1
} gateway_callback_status;

/* The functions that gateway_handle calls, each with the context given to it. They are called on
 * the caller's thread, with no lock held; what they are handed lives until they return; they may
 * call every gateway_ function but those on the request. A function that is NULL is not called,
 * and what it would have been given is dropped. */
typedef struct gateway_callbacks {
    size_t size; /* sizeof(gateway_callbacks) */
    gateway_callback_status (*head)(void *context, uint32_t http_status,
                                    const gateway_field *fields, size_t field_count);
    gateway_callback_status (*body)(void *context, const void *bytes, size_t length);
    gateway_callback_status (*error_text)(void *context, const void *bytes, size_t length);
} gateway_callbacks;

/* clang-format off */
#define GATEWAY_CALLBACKS_INIT { sizeof(gateway_callbacks), NULL, NULL, NULL }
/* clang-format on */

/*
 * Runs a whole exchange: sends the request, hands the response to the callbacks, tells how it went.
 *
 * backend     as for gateway_exchange_open
 * request     its body is none, bytes or a callback
 * options     as for gateway_exchange_open, without GATEWAY_EXCHANGE_NONBLOCKING; NULL for the
 *             defaults. Interim heads reach no callback
 * callbacks   NULL: the response is read and dropped; copied, not kept. A local redirect (RFC 3875
 *             section 6.2.2) reaches head as status 200 with a Location that begins with "/"; no
 *             body follows
 * context     for the callbacks
 * result      receives how it went; its size is set by the caller; may be NULL
 *
 * Answers GATEWAY_OK whenever the exchange ran, whatever its outcome; otherwise as
 * gateway_exchange_open does.
 * Thread: free on backend, per-handle on request. Blocks: bounded by the timeouts of the backend.
 */
gateway_status gateway_handle(gateway_backend *backend, gateway_request *request,
                              const gateway_exchange_options *options,
                              const gateway_callbacks *callbacks, void *context,
                              gateway_result *result);

/* ----------------------------------------------------------------------- what processes share */

/*
 * What the processes of a host share about its applications: for a host that forks, and has
 * connections of its own to each application in each process.
 *
 * An application may have a capacity: as many places as it runs exchanges at once, for all the
 * processes together. A connection to it, in use or kept, takes one: gateway_place_enter before it
 * is made, gateway_place_leave when it is closed, gateway_place_rest and gateway_place_resume when
 * it is kept and used again. Who finds no place free waits, the oldest first. A process that keeps
 * connections without using them is asked to close one when somebody waits. The places of a process
 * that ends are taken back.
 */
typedef struct gateway_shared gateway_shared;

/*
 * Makes the memory that this process shares with those that it forks later.
 *
 * opened   receives it; each process closes it with gateway_shared_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_SYSTEM.
 * Thread: setup. Blocks: no. Fork: before.
 */
gateway_status gateway_shared_open(gateway_shared **opened);

/*
 * Lets go of the memory in this process. It ends with the last process that has it.
 *
 * Thread: setup. Blocks: no. Fork: allowed in parent and children, each for itself.
 */
void gateway_shared_close(gateway_shared *shared);

/*
 * Finds an application or adds it.
 *
 * name           a string of 1 to 127 bytes, by which it is found
 * exchanges      its capacity, at most 1024; 0 leaves the one that it has, which is none at first
 * queue_length   who may wait, at most 1024; 0: 100
 * application    receives its number
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_LIMIT (there are 64 already).
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_application(gateway_shared *shared, const char *name,
                                          uint32_t exchanges, uint32_t queue_length,
                                          uint32_t *application);

/*
 * Takes a place at an application that has a capacity, and waits for it if need be.
 *
 * timeout_ms   how long to wait at most
 * place        receives the place
 *
 * Answers GATEWAY_OK; GATEWAY_AGAIN: it took too long; GATEWAY_ERR_LIMIT: too many wait already;
 * GATEWAY_ERR_INVALID (it has no capacity, too).
 * Thread: free. Blocks: up to the timeout.
 */
gateway_status gateway_place_enter(gateway_shared *shared, uint32_t application,
                                   uint32_t timeout_ms, uint32_t *place);

/*
 * Keeps a place for a connection that is kept without an exchange.
 *
 * Answers GATEWAY_OK; GATEWAY_AGAIN: somebody waits, so the connection is to be closed and the
 * place left; GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_place_rest(gateway_shared *shared, uint32_t application, uint32_t place);

/*
 * Uses a connection again that was kept.
 *
 * Answers GATEWAY_OK; GATEWAY_AGAIN: somebody waits and comes first, so the connection is to be
 * closed, the place left, and gateway_place_enter called; GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_place_resume(gateway_shared *shared, uint32_t application, uint32_t place);

/*
 * Leaves a place: its connection is closed, or was never made.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_place_leave(gateway_shared *shared, uint32_t application, uint32_t place);

/*
 * Waits until this process is asked to close a connection that it keeps without an exchange. For a
 * thread that does nothing else.
 *
 * timeout_ms    how long to wait at most
 * application   receives to which application
 *
 * Answers GATEWAY_OK; GATEWAY_AGAIN: it was not asked; GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: up to the timeout, or until gateway_shared_wake.
 */
gateway_status gateway_place_asked(gateway_shared *shared, uint32_t timeout_ms,
                                   uint32_t *application);

/*
 * Ends the waits of gateway_place_asked, of all processes, with GATEWAY_AGAIN.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_wake(gateway_shared *shared);

/*
 * Tells how many exchanges this process runs at an application that has no capacity, and how many
 * connections it keeps without one: they are active and idle in gateway_shared_stats until they are
 * taken off again, or the process has ended.
 *
 * active, idle   are added to what there is, and may be negative
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_LIMIT (1024 processes do already).
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_add(gateway_shared *shared, uint32_t application, int32_t active,
                                  int32_t idle);

/*
 * Counts an exchange that has ended, and remembers how it failed.
 *
 * result   of the exchange; of one that never was, a result with its outcome
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (one that has not ended too).
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_count(gateway_shared *shared, uint32_t application,
                                    const gateway_result *result);

/*
 * Tells what is and was at an application, over all processes: exchanges that were counted, places
 * in use (active) and of kept connections (idle), without a capacity what gateway_shared_add told,
 * who waits for a place, and how long others did. Who
 * waited in vain or found the queue full is overloaded.
 *
 * application   from 0 on; GATEWAY_ERR_INVALID behind the last one
 * name          receives its name, a string that lives as long as the memory; may be NULL
 * stats         receives the numbers; its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_stats(gateway_shared *shared, uint32_t application,
                                    const char **name, gateway_stats *stats);

/* How an exchange failed. */
typedef struct gateway_failure {
    size_t size; /* sizeof(gateway_failure) */
    gateway_outcome outcome;
    gateway_stage stage;
    uint64_t time_ms;  /* when, since the beginning of 1970 */
    char message[256]; /* of its result, a string */
} gateway_failure;

/* clang-format off */
#define GATEWAY_FAILURE_INIT \
    { sizeof(gateway_failure), GATEWAY_OUTCOME_PENDING, GATEWAY_STAGE_CONNECT, 0, { 0 } }
/* clang-format on */

/* How many of them are remembered for each application. */
#define GATEWAY_FAILURES 4

/*
 * Tells how exchanges with an application failed last, over all processes. Those that their host
 * gave up are not among them.
 *
 * number    0: the newest one, 1: the one before, up to GATEWAY_FAILURES - 1
 * failure   its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_AGAIN (there were not so many), GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_shared_failure(gateway_shared *shared, uint32_t application,
                                      uint32_t number, gateway_failure *failure);

/* -------------------------------------------------------------------- supervised applications */

/*
 * An application whose processes gateway-supervisor runs: it starts them, gives each only what it
 * can run at once, and replaces them without a failed request. A backend of it is used as any
 * other: an exchange claims a process, or waits in the one queue of all hosts of the application
 * until it is its turn, and runs on a connection of its own, which ends with the claim. What waits
 * too long, or finds the queue full, is overloaded; what runs longer than request-timeout is timed
 * out, and its process is ended.
 */
typedef struct gateway_application gateway_application;

/*
 * What the application is. Each setting is "key=value"; times are 30, 30s, 500ms, 5m, 2h or 1d,
 * sizes 64K, 200M or 1G:
 *   processes=1-4           at least and at most, up to 64
 *   concurrency=1           exchanges that a process runs at once, up to 8
 *   max-requests=0          replaces a process after so many; 0: never, as in the next two
 *   max-memory=0            replaces one that is larger
 *   lifetime=0              replaces one that is older
 *   memory=proportional     what counts: proportional (PSS) or resident (RSS)
 *   share=                  how many are replaced at once; a quarter of the most, 1 at least
 *   idle-timeout=60s        ends one above the least number; 0: never
 *   request-timeout=5m      ends a process that takes longer for an exchange
 *   start-timeout=30s       until a process accepts connections
 *   stop-timeout=10s        before a process that is to end is killed
 *   queue=100               exchanges that may wait
 *   queue-timeout=30s       how long they may wait
 *   watch=FILE              a change reloads the application; may come more than once
 *   user= group= dir= umask=   of the processes
 *   log-level=                 the least event that its supervisor logs: error, warn, notice or
 *                              info, the default
 *   env:NAME=VALUE          of the processes
 *   limit:RESOURCE=N        of the processes: nofile, nproc, as, core, cpu, data, fsize, stack,
 *                           memlock
 */
typedef struct gateway_application_options {
    size_t size;                    /* sizeof(gateway_application_options) */
    const char *name;               /* letters, digits and hyphens, 1 to 63; case does not count */
    const char *const *settings;    /* strings, of which the last is NULL; NULL: the defaults */
    const char *const *command;     /* program and arguments, of which the last is NULL; NULL: the
                                       application is supervised already, and is attached to */
    const char *runtime_directory;  /* where the sockets are; NULL: /run/gateway, or gateway in
                                       $XDG_RUNTIME_DIR for users other than root */
    const char *supervisor;         /* the program; NULL: gateway-supervisor beside the library */
    const char *client;             /* a user who may connect beside that of this process; NULL */
    int32_t log_descriptor;         /* of the supervisor's log; 0: standard error */
    uint32_t flags;                 /* 0 */
} gateway_application_options;

/* clang-format off */
#define GATEWAY_APPLICATION_OPTIONS_INIT \
    { sizeof(gateway_application_options), NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 }
/* clang-format on */

/*
 * Tells whether the options are right, without doing anything.
 *
 * message   receives why not, a string, cut to its capacity; may be NULL when that is 0
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_application_check(const gateway_application_options *options,
                                         char *message, size_t capacity);

/*
 * Starts a supervisor for an application, or attaches to one that runs.
 *
 * A supervisor that is started is a child process of the caller, and ends when that process has
 * ended, however it ends. It takes no descriptor but its log's. A host that forks opens the
 * application before it does; the handle is used in its children as well.
 *
 * gateway   stays open at least as long as the application
 * options   copied, not kept
 * opened    receives the application, which the host closes with gateway_application_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID (an option), GATEWAY_ERR_SYSTEM (there is no supervisor
 * of that name, or none can be started); the log says why. That the application itself does not
 * start is told by the supervisor's log only.
 * Thread: setup. Blocks: to attach, up to 10 seconds. Fork: before.
 */
gateway_status gateway_application_open(gateway *gateway,
                                        const gateway_application_options *options,
                                        gateway_application **opened);

/*
 * Closes an application. Its backends may go on. In the process that started the supervisor it
 * ends, after its processes have finished what they run.
 *
 * Thread: setup. Blocks: until the supervisor has ended, which stop-timeout bounds. Fork: in a
 * child only the handle is closed.
 */
void gateway_application_close(gateway_application *application);

/*
 * Opens a backend for exchanges with the application. Of the options those of connections that are
 * kept, and of admission, do not apply; queue_timeout_ms, send_timeout_ms, head_timeout_ms and
 * read_timeout_ms are those of the application when they are 0.
 *
 * options   NULL for the defaults; copied, not kept
 * opened    receives the backend, which the host closes with gateway_backend_close
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: setup. Blocks: no.
 */
gateway_status gateway_application_backend(gateway_application *application,
                                           const gateway_backend_options *options,
                                           gateway_backend **opened);

/*
 * Goes over to other settings or another command: processes of the new definition take over from
 * the old ones. While they do not start, the old ones go on serving. The supervisor's log goes on
 * to what the log descriptor is now.
 *
 * Answers GATEWAY_OK (also when nothing is different), GATEWAY_ERR_INVALID, GATEWAY_ERR_SYSTEM (the
 * supervisor does not answer, or refuses; the log says why).
 * Thread: per-handle. Blocks: up to 10 seconds.
 */
gateway_status gateway_application_define(gateway_application *application,
                                          const gateway_application_options *options);

/*
 * Replaces all processes, and waits until new ones serve.
 *
 * timeout_ms   how long to wait, at most a day
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_SYSTEM (the new ones do not start, and the
 * old ones go on serving; or the supervisor does not answer; the log says why).
 * Thread: free. Blocks: up to the timeout.
 */
gateway_status gateway_application_reload(gateway_application *application, uint32_t timeout_ms);

/*
 * Starts the supervisor again if it has ended, at most once a second: by the process that opened
 * the application, about that often or when it learns of the end, unless it calls gateway_maintain
 * or has a maintenance thread. Exchanges that wait go on waiting.
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID, GATEWAY_ERR_SYSTEM (it cannot be started; the log says
 * why).
 * Thread: free. Blocks: no.
 */
gateway_status gateway_application_maintain(gateway_application *application);

/*
 * Tells which process the supervisor is, for a host that waits for its children itself.
 *
 * process   receives its number; 0: it has ended, or was not started by this host
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_application_supervisor(gateway_application *application, int32_t *process);

/* What a process of an application does. */
typedef enum GATEWAY_OPEN_ENUM gateway_process_state {
    GATEWAY_PROCESS_STARTING = 1, /* it does not accept connections yet */
    GATEWAY_PROCESS_READY = 2,
    GATEWAY_PROCESS_LEAVING = 3, /* it is given nothing more */
    GATEWAY_PROCESS_STOPPING = 4 /* it was told to end */
} gateway_process_state;

typedef struct gateway_process {
    size_t size;              /* sizeof(gateway_process) */
    int32_t process;
    gateway_process_state state;
    uint32_t generation;      /* grows with each reload */
    uint32_t served;          /* exchanges that it was given */
    uint32_t active;          /* that it runs now */
    uint32_t flags;           /* 0 */
    uint64_t memory;          /* bytes, when it was last looked at */
    uint64_t age_ms;
    uint64_t busy_ms;         /* since it was given the newest of those that it runs */
    char request[128];        /* its method and REQUEST_URI, else SCRIPT_NAME; a string, cut;
                               * untrusted text */
} gateway_process;

/* clang-format off */
#define GATEWAY_PROCESS_INIT \
    { sizeof(gateway_process), 0, (gateway_process_state)0, 0, 0, 0, 0, 0, 0, 0, { 0 } }
/* clang-format on */

/*
 * Tells of one process of an application.
 *
 * slot      from 0 to 127
 * process   its size is set by the caller
 *
 * Answers GATEWAY_OK, GATEWAY_AGAIN (there is none in this slot), GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_application_process(gateway_application *application, uint32_t slot,
                                           gateway_process *process);

/*
 * Tells how many exchanges run (active) and wait (queued) at an application, of all hosts.
 *
 * stats   its size is set by the caller; the other fields are 0
 *
 * Answers GATEWAY_OK, GATEWAY_ERR_INVALID.
 * Thread: free. Blocks: no.
 */
gateway_status gateway_application_stats(gateway_application *application, gateway_stats *stats);

#ifdef __cplusplus
}
#endif

/*
 * Additions, newest last:
 *   0.1.0   the first interface
 */

#endif /* GATEWAY_H */
