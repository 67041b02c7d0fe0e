/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of mod_gateway share. They are read in the order of a request:
 *
 *   mod_gateway.c          module records, hooks, start-up checks, the library's handles
 *   gateway_directives.c   configuration
 *   gateway_address.c      addresses, as directives and workers spell them
 *   gateway_files.c        users, files and directories that directives name
 *   gateway_check.c        what is checked once all lines are read
 *   gateway_authorizer.c   an application that decides who may have what
 *   gateway_sockets.c      lines that mod_proxy takes for one worker
 *   gateway_canon.c        fcgi:// URL -> r->filename and PATH_INFO
 *   gateway_handler.c      one request: body, connection, attempts
 *   gateway_client.c       reading the client; see gateway_client.h
 *   gateway_unread.c       what becomes of its connection when a body is not read to its end
 *   gateway_body.c         request body: client's filters -> exchange
 *   gateway_spool.c        bodies whose length has to be known first
 *   gateway_params.c       request_rec -> params
 *   gateway_connection.c   mod_proxy's connection, its deadline, its reuse
 *   gateway_capacity.c     how many exchanges an application runs, over all children
 *   gateway_kept.c         connections of this child that are kept
 *   gateway_drain.c        connections whose exchange was given up
 *   gateway_application.c  applications whose processes httpd runs
 *   gateway_shared.c       what all children share, and mod_status shows
 *   gateway_status.c       the status of all of it, of which the next three are forms
 *   gateway_status_page.c     HTML
 *   gateway_status_json.c     JSON
 *   gateway_status_metrics.c  Prometheus' text
 *   gateway_exchange.c     the exchange's events -> client
 *   gateway_wait.c         what it waits for meanwhile
 *   gateway_outcome.c      how it ended, and what is answered
 *   gateway_head.c         response head -> headers of the answer
 *   gateway_stderr.c       STDERR -> the error log
 *   gateway_length.c       Content-Length against the body that comes
 *   gateway_timing.c       where the time went, for the client
 *   gateway_buffer.c       answers that wait for slow clients in the application's place
 *   gateway_recorder.c     what went over a connection, for the search for faults
 *   gateway_sendfile.c     files that an application names instead of sending them
 */
#ifndef MOD_GATEWAY_H
#define MOD_GATEWAY_H

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <ap_expr.h>
#include <apr_strings.h>
#include <mod_proxy.h>

#include <gateway.h>

#include "gateway_application.h"
#include "gateway_names.h"

#include "gateway_client.h"

/* The record whose configuration and log level count: the first of the two that was loaded. */
extern module *gw_record;

#undef APLOG_MODULE_INDEX
#define APLOG_MODULE_INDEX (gw_record->module_index)

#define GW_SCHEME "FCGI"
/* Of supervised applications: gateway://NAME/. */
#define GW_APPLICATION_SCHEME "gateway"
/* A request body of up to this size is read before a connection is taken; longer ones are gathered
 * to pieces of this size. */
#define GW_BODY_AT_HAND 65536

/* -------------------------------------------------------------------------------- configuration */

typedef enum { GW_TYPE_UNSET, GW_TYPE_FPM, GW_TYPE_GENERIC } gw_type;

typedef struct gw_authorizer gw_authorizer;

/* GatewayDrain, as the library takes it. */
typedef struct gw_drain {
    uint32_t timeout_ms;
    uint32_t size;
    unsigned is_set : 1;
} gw_drain;

typedef struct gw_directory {
    gw_type type;                 /* ProxyFCGIBackendType */
    apr_array_header_t *rules;    /* of gw_rule: ProxyFCGISetEnvIf */
    int stderr_level;             /* GatewayStderrLevel; -1: unset */
    int streams_uploads;          /* GatewayStreamUploads; -1: unset */
    int cancels_on_disconnect;    /* GatewayCancelOnDisconnect; -1: unset */
    int spools_uploads;           /* GatewaySpoolUploads; -1: unset */
    apr_off_t recorder_size;      /* GatewayFlightRecorder; -1: unset */
    const char *recorder_path;
    int tells_timing;             /* GatewayServerTiming; -1: unset */
    gw_authorizer *authorizer;    /* GatewayAuthorizer; NULL: unset */
    int passes_interim;           /* GatewayInterim; -1: unset */
    int resolves_symlinks;        /* GatewayResolveSymlinks; -1: unset */
    apr_off_t buffer_size;        /* GatewayBuffer; -1: unset */
    apr_array_header_t *sendfile_roots; /* GatewaySendfile; NULL: unset */
    gw_drain drain;
    uint32_t head_size;           /* GatewayLimitResponseHead; 0: unset */
    uint32_t head_fields;         /* GatewayLimitResponseFields; 0: unset */
} gw_directory;

/* A variable to be set or unset when a condition holds. */
typedef struct gw_rule {
    const char *name;
    int unsets;
    ap_expr_info_t *condition;
    ap_expr_info_t *value;
} gw_rule;

/* Tells at start-up which lines mod_proxy has made one worker although their sockets differ. */
int gw_check_sockets(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                     server_rec *server);

extern const command_rec gw_directives[];
void *gw_directory_create(apr_pool_t *pool, char *path);
void *gw_directory_merge(apr_pool_t *pool, void *base, void *added);
gw_directory *gw_directory_of(const request_rec *r);
/* php-fpm is assumed unless the directory says otherwise: it strips "proxy:fcgi://" itself. */
int gw_may_be_fpm(const request_rec *r);

/* --------------------------------------------------------------------------------- request body */

/* The client's request body on its way to an application. */
typedef struct gw_body {
    gw_client client;
    /* Read before a connection was taken. It is sent again when another application is tried. */
    apr_bucket_brigade *kept;
    /* To be sent in this attempt, and what the attempt is sending. */
    apr_bucket_brigade *rest;
    apr_bucket_brigade *sending;
    apr_off_t kept_length;
    unsigned is_complete : 1; /* kept is all of it */
    unsigned is_streamed : 1; /* something beyond kept was read: it cannot be sent again */
    unsigned is_written : 1;  /* the end was handed to the exchange in this attempt */
} gw_body;

typedef enum { GW_FED, GW_FED_NOTHING, GW_FED_FAILED } gw_fed;

/* Reads what is at hand, or all of it where the application has to know its length. */
int gw_body_prepare(request_rec *r, proxy_worker *worker, gw_body *body);
int gw_body_ends(const apr_bucket_brigade *brigade);
/* Whether there is a body to send, be it still on its way. */
int gw_body_is_there(const gw_body *body);
/* Reads it to its end: into memory, then a file, within LimitRequestBody. */
int gw_body_spool(request_rec *r, proxy_conn_rec *connection, gw_body *body);
void gw_body_rewind(gw_body *body, request_rec *r);
/* Hands the exchange what is at hand, without waiting for the client. */
gw_fed gw_body_feed(gw_body *body, request_rec *r, gateway_exchange *exchange,
                    apr_status_t *failure);

/* A file that is gone with the request; NULL: there is none to be had, and the log says why. */
apr_file_t *gw_spool_file(request_rec *r);
apr_status_t gw_spool_write(apr_file_t *file, apr_bucket_brigade *piece);

/* -------------------------------------------------------------------------------- request state */

typedef struct gw_buffer gw_buffer;

/* What is known of a request, over all its attempts at a balancer's members. */
typedef struct gw_request {
    const char *walk_path; /* proxy-fcgi-pathinfo full: to be looked up as a file */
    gw_body *body;
    const char *application; /* a supervised one */
    /* Answered with once the connection is given back. */
    const char *redirect; /* a local redirect */
    int override_status;  /* ProxyErrorOverride */
    gw_buffer *buffer;    /* the answer so far, as long as all of it is kept back */
    const char *file_field; /* the field that named a file to be sent instead */
    const char *file_name;
    apr_table_t *variables;       /* of the authorizer */
    apr_table_t *own_err_headers; /* before the application's head was taken */
    /* Of the last attempt. */
    apr_interval_time_t queue_time;
    apr_interval_time_t connect_time;
    unsigned is_noted : 1; /* how it ended, for the access log */
    unsigned says_retry_after : 1; /* by ourselves, of the member that was tried */
    apr_array_header_t *overloaded; /* of proxy_worker *: not to be left in error */
} gw_request;

gw_request *gw_request_of(request_rec *r);
/* As the library takes it: at least 1, and a day at most. */
uint32_t gw_milliseconds(apr_interval_time_t time);
/* Answers as if the client had asked for that path (RFC 3875 section 6.2.2). */
int gw_redirect_locally(request_rec *r, const char *location);

int gw_canon(request_rec *r, char *url);
int gw_handler(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
               const char *proxyname, apr_port_t proxyport);
int gw_post_request(proxy_worker *worker, proxy_balancer *balancer, request_rec *r,
                    proxy_server_conf *conf);

/* Fills in the params. Answers OK or the status to fail with. */
int gw_params_add(request_rec *r, gateway_request *params);
/* The same, of what is in r->subprocess_env as it is. */
int gw_params_send(request_rec *r, gateway_request *params);

/* The library's backend for connections of a worker, with the limits of a directory. */
gateway_backend *gw_backend_of(const proxy_worker *worker, const char *application,
                               const gw_directory *directory);
/* Does what is due in the library, on this thread. */
void gw_library_maintain(void);
/* The library's backend at an address as it spells it, or of a supervised application; NULL: there
 * is none. */
gateway_backend *gw_backend_at(const char *address, const char *application);

/* ---------------------------------------------------------------------------------- connections */

/* What is known of a connection, in proxy_conn_rec.data for as long as its socket lives. */
typedef struct gw_place gw_place;
typedef struct gw_connection {
    int descriptor;
    int is_nonblocking;
    uint32_t timeout_ms; /* of calls on it, where it is blocking */
    unsigned requests;
    gw_place *place;
} gw_connection;

apr_interval_time_t gw_timeout(const request_rec *r, const proxy_worker *worker,
                               const proxy_server_conf *conf);
/* Connects conn unless a kept connection of it is alive; *reused says which. OK or 503. */
int gw_connect(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, proxy_conn_rec *conn,
               const char *address, int *reused);
/* Keeps it without an exchange; 0: it is to be closed. */
int gw_rest(proxy_conn_rec *conn);

/* ------------------------------------------------------------------------- what children share */

extern gateway_shared *gw_shared;

int gw_shared_begin(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                    server_rec *server);
int gw_shared_status(request_rec *r, int flags);

/* An application of which nothing is counted, since there are too many. */
#define GW_NO_APPLICATION UINT32_MAX
/* The number of the application at an address, such as /path or host:port. */
uint32_t gw_shared_application(const char *address);
/* Counts what a request came to. */
void gw_shared_count(uint32_t application, const gateway_result *result, int is_retry);
void gw_shared_count_unconnected(const char *address, apr_status_t error);

/* GatewayCapacity. */
const char *gw_capacity_line(cmd_parms *cmd, void *config, int count, char *const words[]);
int gw_capacity_begin(server_rec *server);
/* Whether shared memory has room for the addresses of all lines. */
int gw_capacity_fits(void);

/* A connection's place at its application, of those that GatewayCapacity gives it, if it does. */
struct gw_place {
    uint32_t application;
    uint32_t number;
    int descriptor;
    apr_time_t expiry; /* of a kept connection; 0: never */
    unsigned has_place : 1;
    unsigned is_left : 1;
    unsigned is_counted : 1; /* as a kept connection of this child */
    gw_place *next; /* among those that are kept */
};

/* Takes the place before the connection is made, waiting if need be; it is left when that is
 * closed. OK or 503. */
int gw_place_take(request_rec *r, proxy_conn_rec *conn, const char *address, gw_place **taken);
/* 0: the connection is to be closed, since somebody else waits for the place, or has it. */
int gw_place_rest(gw_place *place, const proxy_worker *worker, int descriptor);
int gw_place_resume(gw_place *place);
/* The connection is not kept any more; by whom gw_kept_remove has left it to. */
void gw_place_uncount(gw_place *place);

void gw_kept_begin(apr_pool_t *pool, server_rec *server);
/* 0: somebody else waits for the place. */
int gw_kept_add(gw_place *place);
/* The library keeps a place of this child, which is to be asked for it. */
void gw_kept_watch(void);
/* 0: it was shut down meanwhile, and its place left. */
int gw_kept_remove(gw_place *place);

/* SetHandler gateway-status; see gateway_status.h. */
int gw_status_handler(request_rec *r);

/* ------------------------------------------------------------------------------------ exchanges */

typedef struct gw_recorder gw_recorder;
typedef struct gw_stderr gw_stderr;

typedef struct gw_exchange {
    request_rec *r;
    gw_request *request;
    gw_directory *directory;
    proxy_worker *worker;
    proxy_dir_conf *proxy;
    gateway_exchange *handle;
    gateway_result result;
    gw_recorder *recorder; /* NULL: nothing is told or kept */
    apr_bucket_brigade *out; /* gathered for the client */
    apr_off_t declared_length; /* Content-Length as the application sent it; -1: none */
    apr_off_t body_length;     /* of what came */
    int own_status;                /* before the application's head was taken */
    apr_status_t body_failure;
    gw_stderr *stderr_text; /* NULL: none came */
    unsigned has_head : 1;
    unsigned has_passed : 1;  /* something went to the client's filters */
    unsigned ignores_body : 1;
    unsigned flushes : 1;     /* each piece */
    unsigned is_unflushed : 1;
    unsigned is_hungry : 1;   /* the exchange wants more of the body than is at hand */
    unsigned is_client_gone : 1;
    unsigned is_output_broken : 1;
    unsigned may_be_sliced : 1; /* by httpd, which may refuse the range that was asked for */
    unsigned is_short : 1; /* the body ended before its Content-Length, and the head is gone */
} gw_exchange;

/* Runs the exchange to its end and passes the answer to the client. */
void gw_exchange_run(gw_exchange *x);

/* Waits for the application, or for the client where it has to be waited for too. */
void gw_wait(gw_exchange *x);
/* Passes on all that httpd holds for the client. */
void gw_flush(gw_exchange *x);
/* Nobody takes the answer any more. */
void gw_give_up(gw_exchange *x);

void gw_head_take(gw_exchange *x, const gateway_event *head);
/* The response is a page of the application's, not a file: whether httpd may slice it. */
int gw_head_settle_ranges(request_rec *r);
/* Sends an interim response on its way. */
void gw_head_pass_interim(request_rec *r, const gateway_event *head);
/* Takes the head back: nothing of it was passed on, and another answer follows. */
void gw_head_forget(gw_exchange *x);
void gw_head_restore(request_rec *r);

/* ------------------------------------------------------------------------------------- delivery */

/* GatewayServerTiming: adds the field, when the head has come. */
void gw_timing_tell(const gw_exchange *x);

/* A size in the words of directives: bytes, perhaps with K, M or G; -1: it is none. */
apr_off_t gw_size_read(const char *word);

/* GatewayBuffer. */
const char *gw_buffer_size(cmd_parms *cmd, void *config, const char *word);
/* The head has come, and nothing was passed on; a limit of 0 keeps nothing back. */
void gw_buffer_begin(gw_exchange *x, apr_off_t limit);
/* Keeps back what is to go out; 0: it does go out, together with all that was kept. */
int gw_buffer_take(gw_exchange *x);
/* Nothing more is kept back: all that was kept goes out first. */
void gw_buffer_release(gw_exchange *x);
/* Sends what was kept, once the connection to the application is given back. */
int gw_buffer_send(request_rec *r);

/* GatewayDrain. */
const char *gw_drain_line(cmd_parms *cmd, void *config, const char *time, const char *size);

/* GatewayAuthorizer. */
/* The application that a line names and no GatewayApplication defines, or NULL. */
const char *gw_authorizer_unknown(void);
const char *gw_authorizer_line(cmd_parms *cmd, void *config, int count, char *const words[]);
int gw_authorize(request_rec *r);
int gw_authorize_fixup(request_rec *r);

/* GatewayFlightRecorder, and records in the log. */
const char *gw_recorder_line(cmd_parms *cmd, void *config, const char *size, const char *path);
void gw_recorder_begin(gw_exchange *x, gateway_exchange_options *options);
/* The exchange has failed. */
void gw_recorder_write(const gw_exchange *x, const char *backend);

/* GatewaySendfile. */
const char *gw_sendfile_word(cmd_parms *cmd, void *config, const char *word);
/* Whether a field of the head names a file, and is not for the client. */
int gw_sendfile_takes(gw_exchange *x, const char *name, const char *value);
/* Sends the file, once the connection to the application is given back. */
int gw_sendfile_answer(request_rec *r);

/* ------------------------------------------------------------------------------------- outcomes */

/* One try at one connection. */
typedef struct gw_attempt {
    const char *backend;
    int is_reused;
    int is_retry;
    apr_interval_time_t connect_time;
} gw_attempt;

/* How an exchange failed, for the log: stage, error, bytes, times. */
const char *gw_outcome_text(apr_pool_t *pool, const gateway_result *result);
/* Notes for the access log. */
void gw_outcome_note(const gw_exchange *x, const gw_attempt *attempt);
void gw_outcome_note_unconnected(request_rec *r, const gw_attempt *attempt);
/* The worker, which is only busy, is not to be left in error for the 503. */
void gw_outcome_overloaded(request_rec *r, proxy_worker *worker);
/* Ends the answer. OK, or the status to fail with. */
int gw_outcome_answer(gw_exchange *x, const char *backend);

#endif
