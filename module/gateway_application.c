/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GatewayApplication: applications whose processes httpd runs itself (gateway.h, "supervised
 * applications"). httpd's parent has their supervisors; they go on over restarts, and go over to
 * what their lines say then.
 */
#include "mod_gateway.h"

#include <ap_mpm.h>
#include <mpm_common.h>
#include <unixd.h>

#include <signal.h>
#include <unistd.h>

#define RETAINED_KEY "mod_gateway-applications"

/* A line "GatewayApplication NAME [key=value...] -- command [arguments...]". */
typedef struct application_line {
    const char *name;
    apr_array_header_t *settings; /* of const char *, as the next */
    apr_array_header_t *command;
    const char *place; /* FILE:LINE */
} application_line;

/* What the parent keeps over restarts, in its process pool; the library stays in memory too. */
typedef struct supervised {
    const char *name;
    gateway_application *handle;
    int is_wanted;
    apr_proc_t supervisor;
    struct supervised *next;
} supervised;

typedef struct retained {
    gateway *library;
    supervised *first;
} retained;

/* Of the configuration that was read last. */
static struct {
    apr_array_header_t *lines; /* of application_line */
    const char *directory;     /* GatewayRuntimeDir */
    const char *supervisor;    /* GatewaySupervisor */
} given;

static retained *kept;

/* -------------------------------------------------------------------------------- configuration */

static apr_status_t forget_lines(void *unused)
{
    memset(&given, 0, sizeof given);
    return APR_SUCCESS;
}

static void options_of(apr_pool_t *pool, const application_line *line,
                       gateway_application_options *options)
{
    *options = (gateway_application_options)GATEWAY_APPLICATION_OPTIONS_INIT;
    options->name = line->name;
    options->settings = (const char *const *)line->settings->elts;
    options->command = (const char *const *)line->command->elts;
    options->runtime_directory = given.directory;
    options->supervisor = given.supervisor;
}

/* The list of a line ends with NULL, which does not count. */
static void end_list(apr_array_header_t *list)
{
    APR_ARRAY_PUSH(list, const char *) = NULL;
    --list->nelts;
}

const char *gw_application_line(cmd_parms *cmd, void *config, const char *words)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    if (error) {
        return error;
    }
    application_line line = { .settings = apr_array_make(cmd->pool, 8, sizeof(const char *)),
                              .command = apr_array_make(cmd->pool, 8, sizeof(const char *)) };
    apr_array_header_t *list = line.settings;
    line.name = ap_getword_conf(cmd->pool, &words);
    while (*words) {
        const char *word = ap_getword_conf(cmd->pool, &words);
        if (list == line.settings && strcmp(word, "--") == 0) {
            list = line.command;
        }
        else {
            APR_ARRAY_PUSH(list, const char *) = word;
        }
    }
    end_list(line.settings);
    end_list(line.command);
    if (line.command->nelts == 0) {
        return "GatewayApplication: NAME [key=value...] -- command [arguments...]";
    }
    line.place = apr_psprintf(cmd->pool, "%s:%u", cmd->directive->filename,
                              cmd->directive->line_num);
    gateway_application_options options;
    char message[256];
    options_of(cmd->pool, &line, &options);
    const char *flaw = gateway_application_check(&options, message, sizeof message) != GATEWAY_OK
                           ? message
                           : gw_files_application_flaw(cmd->pool, line.settings,
                                                       options.command[0]);
    if (flaw) {
        return apr_psprintf(cmd->pool, "GatewayApplication %s: %s", line.name, flaw);
    }
    if (!given.lines) {
        given.lines = apr_array_make(cmd->pool, 4, sizeof(application_line));
        apr_pool_cleanup_register(cmd->pool, NULL, forget_lines, apr_pool_cleanup_null);
    }
    for (int i = 0; i < given.lines->nelts; ++i) {
        const application_line *other = &APR_ARRAY_IDX(given.lines, i, application_line);
        if (strcmp(other->place, line.place) == 0) {
            /* Both module records have the directive. */
            return NULL;
        }
        if (ap_cstr_casecmp(other->name, line.name) == 0) {
            return apr_psprintf(cmd->pool, "GatewayApplication %s is in %s already", line.name,
                                other->place);
        }
    }
    APR_ARRAY_PUSH(given.lines, application_line) = line;
    return NULL;
}

static const char *absolute_path(cmd_parms *cmd, const char *path, const char **set,
                                 const char *(*look)(apr_pool_t *, const char *))
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    if (error) {
        return error;
    }
    *set = ap_server_root_relative(cmd->pool, path);
    apr_pool_cleanup_register(cmd->pool, NULL, forget_lines, apr_pool_cleanup_null);
    const char *flaw = *path && *set ? look(cmd->pool, *set) : "the path is not valid";
    return flaw ? apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, flaw) : NULL;
}

const char *gw_application_directory(cmd_parms *cmd, void *config, const char *path)
{
    return absolute_path(cmd, path, &given.directory, gw_files_runtime_directory_flaw);
}

const char *gw_application_supervisor(cmd_parms *cmd, void *config, const char *path)
{
    return absolute_path(cmd, path, &given.supervisor, gw_files_program_flaw);
}

int gw_application_is_defined(const char *name)
{
    for (int i = 0; given.lines && i < given.lines->nelts; ++i) {
        if (ap_cstr_casecmp(APR_ARRAY_IDX(given.lines, i, application_line).name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *gw_application_flaw(apr_pool_t *pool)
{
    const char *flaw = NULL;
    for (int i = 0; given.directory && given.lines && i < given.lines->nelts && !flaw; ++i) {
        flaw = gw_files_socket_flaw(pool, given.directory,
                                    APR_ARRAY_IDX(given.lines, i, application_line).name);
    }
    return flaw;
}

/* ------------------------------------------------------------------------------------- start-up */

static supervised *find(const char *name)
{
    supervised *each = kept ? kept->first : NULL;
    while (each && ap_cstr_casecmp(each->name, name) != 0) {
        each = each->next;
    }
    return each;
}

static int has_setting(const apr_array_header_t *settings, const char *key)
{
    for (int i = 0; i < settings->nelts; ++i) {
        if (strncmp(APR_ARRAY_IDX(settings, i, const char *), key, strlen(key)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* LogLevel holds for what supervisors write to the error log as well. */
static const char *log_level(const server_rec *server)
{
    int level = ap_get_server_module_loglevel(server, gw_record->module_index);
    return level <= APLOG_ERR       ? "log-level=error"
           : level <= APLOG_WARNING ? "log-level=warn"
           : level <= APLOG_NOTICE  ? "log-level=notice"
                                    : "log-level=info";
}

/* What a line leaves to httpd. */
static void add_defaults(apr_pool_t *pool, const application_line *line, const server_rec *server,
                         gateway_application_options *options)
{
    apr_array_header_t *settings = apr_array_copy(pool, line->settings);
    if (!has_setting(settings, "log-level=")) {
        APR_ARRAY_PUSH(settings, const char *) = log_level(server);
    }
    /* Processes run as httpd's children do, and these are who connects. */
    options->client = geteuid() == 0 ? ap_unixd_config.user_name : NULL;
    if (options->client && !has_setting(settings, "user=")) {
        APR_ARRAY_PUSH(settings, const char *) = apr_pstrcat(pool, "user=", options->client, NULL);
        if (!has_setting(settings, "group=")) {
            APR_ARRAY_PUSH(settings, const char *) =
                apr_psprintf(pool, "group=%ld", (long)ap_unixd_config.group_id);
        }
    }
    end_list(settings);
    options->settings = (const char *const *)settings->elts;
}

static void watch(supervised *application, apr_pool_t *pool);

/* httpd's parent has waited for a child of its own that is none of its workers. */
static void supervisor_ended(int reason, void *data, apr_wait_t status)
{
    supervised *application = data;
    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) {
        return;
    }
    apr_proc_other_child_unregister(application);
    int state = AP_MPMQ_STARTING;
    ap_mpm_query(AP_MPMQ_MPM_STATE, &state);
    if (application->is_wanted && state != AP_MPMQ_STOPPING) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     "GW1030: the supervisor of application %s has ended (status %d)",
                     application->name, (int)status);
        gateway_application_maintain(application->handle);
        watch(application, ap_server_conf->process->pconf);
    }
}

static void watch(supervised *application, apr_pool_t *pool)
{
    int32_t process = 0;
    gateway_application_supervisor(application->handle, &process);
    application->supervisor.pid = process;
    if (process > 0) {
        apr_proc_other_child_register(&application->supervisor, supervisor_ended, application,
                                      NULL, pool);
    }
}

/* One that could not be started at once is tried again. */
int gw_application_monitor(apr_pool_t *pool, server_rec *server)
{
    for (supervised *each = kept ? kept->first : NULL; each; each = each->next) {
        int32_t process = 0;
        gateway_application_supervisor(each->handle, &process);
        if (each->is_wanted && process == 0) {
            gateway_application_maintain(each->handle);
            watch(each, server->process->pconf);
        }
    }
    return DECLINED;
}

static int begin(application_line *line, server_rec *server)
{
    apr_pool_t *pool = server->process->pconf;
    gateway_application_options options;
    options_of(pool, line, &options);
    add_defaults(pool, line, server, &options);
    supervised *known = find(line->name);
    gateway_status status;
    if (known) {
        /* A supervisor that is not there now goes on as before, once it is there again. */
        if (gateway_application_define(known->handle, &options) != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                         "GW1036: the supervisor of application %s does not take its line at %s",
                         line->name, line->place);
        }
        status = GATEWAY_OK;
    }
    else {
        known = apr_pcalloc(server->process->pool, sizeof *known);
        known->name = apr_pstrdup(server->process->pool, line->name);
        status = gateway_application_open(kept->library, &options, &known->handle);
        if (status == GATEWAY_OK) {
            known->next = kept->first;
            kept->first = known;
        }
    }
    if (status != GATEWAY_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                     "GW1031: application %s (%s) cannot be supervised: %s; see GatewaySupervisor "
                     "and GatewayRuntimeDir",
                     line->name, line->place, gateway_status_name(status));
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    known->is_wanted = 1;
    watch(known, pool);
    return OK;
}

/* Ends when it has finished what it runs; httpd's parent waits for it. */
static void end_unwanted(server_rec *server)
{
    for (supervised **each = &kept->first; *each;) {
        int32_t process = 0;
        if ((*each)->is_wanted) {
            each = &(*each)->next;
            continue;
        }
        gateway_application_supervisor((*each)->handle, &process);
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                     "GW1032: application %s is configured no more", (*each)->name);
        if (process > 0) {
            kill(process, SIGTERM);
        }
        *each = (*each)->next;
    }
}

int gw_application_begin(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                         server_rec *server)
{
    void *known = NULL;
    /* httpd reads its configuration twice when it starts. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    apr_pool_userdata_get(&known, RETAINED_KEY, server->process->pool);
    kept = known;
    if (!kept) {
        gateway_options options = GATEWAY_OPTIONS_INIT;
        /* Without a log: its function would be gone when the module is loaded anew. */
        options.flags = GATEWAY_SIGPIPE_IGNORED | GATEWAY_MAINTENANCE_THREAD;
        kept = apr_pcalloc(server->process->pool, sizeof *kept);
        if (gateway_open(&options, &kept->library) != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                         "GW1034: the library does not open");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        /* Copies the key: the literal is gone when httpd unloads the module at a restart. */
        apr_pool_userdata_set(kept, RETAINED_KEY, NULL, server->process->pool);
    }
    for (supervised *each = kept->first; each; each = each->next) {
        each->is_wanted = 0;
    }
    for (int i = 0; given.lines && i < given.lines->nelts; ++i) {
        if (begin(&APR_ARRAY_IDX(given.lines, i, application_line), server) != OK) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    end_unwanted(server);
    return OK;
}

/* ---------------------------------------------------------------------------------- in children */

const char *gw_application_of(request_rec *r, const char *url)
{
    const supervised *application = find(gw_application_name(r->pool, url));
    return application ? application->name : NULL;
}

int gw_application_unknown(request_rec *r, const char *url)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "GW1035: there is no application at %s", url);
    return HTTP_INTERNAL_SERVER_ERROR;
}

gateway_application *gw_application_number(int number, const char **name)
{
    for (supervised *each = kept ? kept->first : NULL; each; each = each->next) {
        if (number-- == 0) {
            *name = each->name;
            return each->handle;
        }
    }
    return NULL;
}

gateway_backend *gw_application_backend(const char *name, const gateway_backend_options *options)
{
    supervised *application = find(name);
    gateway_backend *backend = NULL;
    if (application) {
        gateway_application_backend(application->handle, options, &backend);
    }
    return backend;
}
