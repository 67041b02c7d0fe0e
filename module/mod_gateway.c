/* SPDX-License-Identifier: Apache-2.0 */
/* The module records, the hooks, and what is checked at start-up. */
#include "gateway_check.h"
#include "mod_gateway.h"

#include <apr_thread_mutex.h>
#include <dlfcn.h>
#include <limits.h>
#include <mod_status.h>
#include <mpm_common.h>

/* The only names that the module exports. */
#define GW_EXPORTED __attribute__((visibility("default")))
extern GW_EXPORTED module proxy_fcgi_module;
extern GW_EXPORTED module gateway_module;

module *gw_record;

/* ------------------------------------------------------------------------ the library's handles */

/* What of an exchange is bounded by its worker and its directory; 0: the library's default. */
typedef struct gw_limits {
    uint32_t io_size;
    uint32_t head_size;
    uint32_t head_fields;
    gw_drain drain;
} gw_limits;

/* A backend for each set of limits that workers and directories ask for, whose connections are
 * mod_proxy's; and for each address that has none of those. */
typedef struct sized_backend {
    const char *address;
    const char *application; /* of a supervised one: its name */
    gw_limits limits;
    gateway_backend *handle;
    struct sized_backend *next;
} sized_backend;

/* One of each per child, which opens them and closes them when it ends. */
static struct {
    gateway *handle;
    sized_backend *backends;
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex;
} child;

static void log_line(void *context, gateway_log_level level, const char *line)
{
    ap_log_error(APLOG_MARK, (int)level, 0, context, "%s", line);
}

static apr_status_t child_end(void *unused)
{
    for (sized_backend *each = child.backends; each; each = each->next) {
        gateway_backend_close(each->handle);
    }
    gateway_close(child.handle);
    memset(&child, 0, sizeof child);
    return APR_SUCCESS;
}

static void child_begin(apr_pool_t *pool, server_rec *server)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    /* The thread drains the connections of exchanges that were given up. */
    options.flags = GATEWAY_SIGPIPE_IGNORED | GATEWAY_MAINTENANCE_THREAD;
    options.log = log_line;
    options.log_context = server;
    child.pool = pool;
    apr_thread_mutex_create(&child.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    gateway_status status = gateway_open(&options, &child.handle);
    if (status != GATEWAY_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "GW1003: the library does not open: %s",
                     gateway_status_name(status));
    }
    apr_pool_cleanup_register(pool, NULL, child_end, apr_pool_cleanup_null);
}

static int is_same(const char *address, const char *other)
{
    return address == other || (address && other && strcmp(address, other) == 0);
}

static int has_limits(const sized_backend *backend, const gw_limits *limits)
{
    const gw_limits *own = &backend->limits;
    return own->io_size == limits->io_size && own->head_size == limits->head_size
        && own->head_fields == limits->head_fields
        && own->drain.timeout_ms == limits->drain.timeout_ms
        && own->drain.size == limits->drain.size;
}

/* The address lives as long as the configuration. */
static gateway_backend *find_backend(const char *address, const char *application,
                                     const gw_limits *limits)
{
    sized_backend *each = child.backends;
    while (each && (!has_limits(each, limits) || !is_same(each->address, address)
                    || !is_same(each->application, application))) {
        each = each->next;
    }
    if (each) {
        return each->handle;
    }
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    options.io_buffer_size = limits->io_size;
    options.max_head_size = limits->head_size;
    /* What of it is logged is decided when all of it has come. */
    options.max_stderr_size = GATEWAY_STDERR_ALL;
    options.max_head_fields = limits->head_fields;
    options.drain_timeout_ms = limits->drain.timeout_ms;
    options.drain_size = limits->drain.size;
    gateway_backend *handle = NULL;
    if (application) {
        handle = gw_application_backend(application, &options);
    }
    else if (gateway_backend_open(child.handle, address, &options, &handle) != GATEWAY_OK) {
        return NULL;
    }
    if (!handle) {
        return NULL;
    }
    each = apr_pcalloc(child.pool, sizeof *each);
    *each = (sized_backend){ address, application, *limits, handle, child.backends };
    child.backends = each;
    return handle;
}

static uint32_t within(apr_size_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : (uint32_t)value;
}

gateway_backend *gw_backend_of(const proxy_worker *worker, const char *application,
                               const gw_directory *directory)
{
    const proxy_worker_shared *s = worker->s;
    gw_limits limits = {
        .io_size = s->io_buffer_size_set ? within(s->io_buffer_size, 8192, 1 << 20) : 0,
        .head_size = s->response_field_size_set
                         ? within(s->response_field_size, 1 << 16, 1 << 24)
                         : directory->head_size,
        .head_fields = directory->head_fields,
        .drain = directory->drain,
    };
    apr_thread_mutex_lock(child.mutex);
    gateway_backend *handle = find_backend(NULL, application, &limits);
    apr_thread_mutex_unlock(child.mutex);
    return handle;
}

gateway_backend *gw_backend_at(const char *address, const char *application)
{
    const gw_limits defaults = { 0 };
    apr_thread_mutex_lock(child.mutex);
    gateway_backend *handle = find_backend(address, application, &defaults);
    apr_thread_mutex_unlock(child.mutex);
    return handle;
}

void gw_library_maintain(void)
{
    gateway_maintain(child.handle);
}

/* ------------------------------------------------------------------------------------- start-up */

static const char *file_of(const module *record)
{
    Dl_info info;
    return dladdr(record, &info) && info.dli_fname ? info.dli_fname : "mod_proxy_fcgi.so";
}

/* Two modules that both answer for fcgi:// would leave it to the order of lines which one does. */
static int stop_beside_stock_module(apr_pool_t *log_pool)
{
    for (const module *each = ap_top_module; each; each = each->next) {
        if (each != &proxy_fcgi_module && strcmp(each->name, "mod_proxy_fcgi.c") == 0) {
            ap_log_perror(APLOG_MARK, APLOG_EMERG, 0, log_pool,
                          "GW1001: mod_gateway replaces mod_proxy_fcgi, and both are loaded: "
                          "remove the line \"LoadModule proxy_fcgi_module %s\"",
                          file_of(each));
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

/* After an upgrade a graceful restart can load this module beside the library of before, which
 * stays in memory. */
static int stop_on_other_library(apr_pool_t *log_pool)
{
    if (gateway_abi_version() == GATEWAY_ABI_VERSION
        && gateway_version_number() >= GATEWAY_VERSION_NUMBER) {
        return OK;
    }
    ap_log_perror(APLOG_MARK, APLOG_EMERG, 0, log_pool,
                  "GW1002: mod_gateway needs libgateway %d.%d.%d, in memory is %s: "
                  "full restart needed",
                  GATEWAY_VERSION_MAJOR, GATEWAY_VERSION_MINOR, GATEWAY_VERSION_PATCH,
                  gateway_version());
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int check_modules(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool)
{
    int status = stop_beside_stock_module(log_pool);
    return status != OK ? status : stop_on_other_library(log_pool);
}

/* ---------------------------------------------------------------------------------------- hooks */

static apr_status_t forget_record(void *unused)
{
    gw_record = NULL;
    return APR_SUCCESS;
}

/* Both records ask for the hooks; the first gets them, anew at each restart. */
static void register_hooks_once(module *record, apr_pool_t *pool)
{
    if (gw_record) {
        return;
    }
    gw_record = record;
    apr_pool_cleanup_register(pool, NULL, forget_record, apr_pool_cleanup_null);
    ap_hook_pre_config(check_modules, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_check_config(gw_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(gw_check_sockets, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(gw_shared_begin, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(gw_application_begin, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(gw_check_health, NULL, NULL, APR_HOOK_LAST);
    ap_hook_monitor(gw_check_health_again, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(gw_application_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(gw_kept_begin, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(gw_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, gw_shared_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_begin, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_access(gw_authorize, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(gw_authorize_fixup, NULL, NULL, APR_HOOK_FIRST);
    ap_register_input_filter(GW_NO_BODY_FILTER, gw_client_no_body, NULL, AP_FTYPE_PROTOCOL);
    proxy_hook_canon_handler(gw_canon, NULL, NULL, APR_HOOK_FIRST);
    proxy_hook_scheme_handler(gw_handler, NULL, NULL, APR_HOOK_FIRST);
    proxy_hook_post_request(gw_post_request, NULL, NULL, APR_HOOK_FIRST);
}

static void register_as_proxy_fcgi(apr_pool_t *pool)
{
    register_hooks_once(&proxy_fcgi_module, pool);
}

static void register_as_gateway(apr_pool_t *pool)
{
    register_hooks_once(&gateway_module, pool);
}

#define GW_RECORD_AS(name)                                                                         \
    MODULE_MAGIC_NUMBER_MAJOR, MODULE_MAGIC_NUMBER_MINOR, -1, name, NULL, NULL,                    \
        MODULE_MAGIC_COOKIE, NULL

/* httpd finds <IfModule X_module> and LogLevel by the symbol, <IfModule mod_X.c> by the name. The
 * first record makes the module a drop-in for the one that it replaces. */
module proxy_fcgi_module = {
    GW_RECORD_AS("mod_proxy_fcgi.c"), gw_directory_create,    gw_directory_merge, NULL, NULL,
    gw_directives,                    register_as_proxy_fcgi, AP_MODULE_FLAG_NONE
};

module gateway_module = {
    GW_RECORD_AS("mod_gateway.c"), gw_directory_create, gw_directory_merge, NULL, NULL,
    gw_directives,                 register_as_gateway, AP_MODULE_FLAG_NONE
};
