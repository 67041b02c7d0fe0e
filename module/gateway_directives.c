/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: what a directory says, and how directories add up. */
#include "mod_gateway.h"

void *gw_directory_create(apr_pool_t *pool, char *path)
{
    gw_directory *directory = apr_pcalloc(pool, sizeof *directory);
    directory->rules = apr_array_make(pool, 4, sizeof(gw_rule));
    directory->stderr_level = -1;
    directory->streams_uploads = -1;
    directory->cancels_on_disconnect = -1;
    directory->spools_uploads = -1;
    directory->tells_timing = -1;
    directory->passes_interim = -1;
    directory->resolves_symlinks = -1;
    directory->buffer_size = -1;
    directory->recorder_size = -1;
    return directory;
}

static int first_set(int added, int base)
{
    return added >= 0 ? added : base;
}

void *gw_directory_merge(apr_pool_t *pool, void *base_config, void *added_config)
{
    const gw_directory *base = base_config;
    const gw_directory *added = added_config;
    gw_directory *merged = apr_palloc(pool, sizeof *merged);
    merged->type = added->type != GW_TYPE_UNSET ? added->type : base->type;
    merged->rules = apr_array_append(pool, base->rules, added->rules);
    merged->stderr_level = first_set(added->stderr_level, base->stderr_level);
    merged->streams_uploads = first_set(added->streams_uploads, base->streams_uploads);
    merged->cancels_on_disconnect =
        first_set(added->cancels_on_disconnect, base->cancels_on_disconnect);
    merged->spools_uploads = first_set(added->spools_uploads, base->spools_uploads);
    merged->passes_interim = first_set(added->passes_interim, base->passes_interim);
    merged->resolves_symlinks = first_set(added->resolves_symlinks, base->resolves_symlinks);
    merged->tells_timing = first_set(added->tells_timing, base->tells_timing);
    const gw_directory *recorder = added->recorder_size >= 0 ? added : base;
    merged->recorder_size = recorder->recorder_size;
    merged->recorder_path = recorder->recorder_path;
    merged->authorizer = added->authorizer ? added->authorizer : base->authorizer;
    merged->buffer_size = added->buffer_size >= 0 ? added->buffer_size : base->buffer_size;
    merged->head_size = added->head_size ? added->head_size : base->head_size;
    merged->head_fields = added->head_fields ? added->head_fields : base->head_fields;
    merged->sendfile_roots = added->sendfile_roots ? added->sendfile_roots : base->sendfile_roots;
    merged->drain = added->drain.is_set ? added->drain : base->drain;
    return merged;
}

gw_directory *gw_directory_of(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, gw_record);
}

int gw_may_be_fpm(const request_rec *r)
{
    return gw_directory_of(r)->type != GW_TYPE_GENERIC;
}

static const char *set_type(cmd_parms *cmd, void *config, const char *name)
{
    gw_directory *directory = config;
    if (ap_cstr_casecmp(name, "FPM") == 0) {
        directory->type = GW_TYPE_FPM;
    }
    else if (ap_cstr_casecmp(name, "GENERIC") == 0) {
        directory->type = GW_TYPE_GENERIC;
    }
    else {
        return "ProxyFCGIBackendType requires one of the following arguments: 'GENERIC', 'FPM'";
    }
    return NULL;
}

static const char *add_rule(cmd_parms *cmd, void *config, const char *condition, const char *name,
                            const char *value)
{
    gw_directory *directory = config;
    gw_rule rule = { name, *name == '!', NULL, NULL };
    const char *error;
    if (rule.unsets) {
        rule.name = name + 1;
        if (*rule.name == '\0') {
            return "missing variable name after '!' in ProxyFCGISetEnvIf";
        }
        if (value) {
            return apr_psprintf(cmd->pool, "third argument is not allowed to unset \"%s\"",
                                rule.name);
        }
    }
    rule.condition = ap_expr_parse_cmd(cmd, condition, 0, &error, NULL);
    if (error) {
        return apr_psprintf(cmd->pool, "cannot read condition \"%s\": %s", condition, error);
    }
    if (!rule.unsets) {
        rule.value =
            ap_expr_parse_cmd(cmd, value ? value : "", AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
        if (error) {
            return apr_psprintf(cmd->pool, "cannot read value \"%s\": %s", value, error);
        }
    }
    APR_ARRAY_PUSH(directory->rules, gw_rule) = rule;
    return NULL;
}

static const char *set_stderr_level(cmd_parms *cmd, void *config, const char *name)
{
    static const char *const levels[] = { "emerg",  "alert", "crit",  "error", "warn",
                                          "notice", "info",  "debug", NULL };
    gw_directory *directory = config;
    for (int level = 0; levels[level]; ++level) {
        if (ap_cstr_casecmp(name, levels[level]) == 0) {
            directory->stderr_level = level;
            return NULL;
        }
    }
    return "GatewayStderrLevel requires emerg, alert, crit, error, warn, notice, info or debug";
}

static const char *set_head_size(cmd_parms *cmd, void *config, const char *word)
{
    gw_directory *directory = config;
    apr_off_t size = gw_size_read(word);
    if (size < 1024 || size > 16777216) {
        return apr_psprintf(cmd->pool,
                            "GatewayLimitResponseHead: \"%s\" is not a number of bytes from 1024 "
                            "to 16M",
                            word);
    }
    directory->head_size = (uint32_t)size;
    return NULL;
}

static const char *set_head_fields(cmd_parms *cmd, void *config, const char *word)
{
    gw_directory *directory = config;
    char *end;
    apr_int64_t number = apr_strtoi64(word, &end, 10);
    if (end == word || *end || number < 1 || number > 65535) {
        return apr_psprintf(cmd->pool,
                            "GatewayLimitResponseFields: \"%s\" is not a number from 1 to 65535",
                            word);
    }
    directory->head_fields = (uint32_t)number;
    return NULL;
}

const command_rec gw_directives[] = {
    AP_INIT_TAKE1("ProxyFCGIBackendType", set_type, NULL, OR_FILEINFO,
                  "the kind of application: 'GENERIC' or 'FPM'"),
    AP_INIT_TAKE23("ProxyFCGISetEnvIf", add_rule, NULL, OR_FILEINFO,
                   "a condition, a variable to set or !unset, an expression for its value"),
    AP_INIT_TAKE1("GatewayStderrLevel", set_stderr_level, NULL, OR_FILEINFO,
                  "the log level of what applications write to STDERR"),
    AP_INIT_FLAG("GatewayStreamUploads", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, streams_uploads), OR_FILEINFO,
                 "send uploads of unknown length as they come"),
    AP_INIT_FLAG("GatewayCancelOnDisconnect", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, cancels_on_disconnect), OR_FILEINFO,
                 "give the exchange up when the client leaves"),
    AP_INIT_FLAG("GatewaySpoolUploads", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, spools_uploads), OR_FILEINFO,
                 "read uploads to their end before the application is asked"),
    AP_INIT_TAKE1("GatewayBuffer", gw_buffer_size, NULL, OR_FILEINFO,
                  "how much of an answer is kept for a slow client, or Off"),
    AP_INIT_FLAG("GatewayInterim", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, passes_interim), OR_FILEINFO,
                 "pass interim responses such as 103 on to the client"),
    AP_INIT_FLAG("GatewayResolveSymlinks", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, resolves_symlinks), OR_FILEINFO,
                 "hand on SCRIPT_FILENAME and DOCUMENT_ROOT behind their symbolic links"),
    AP_INIT_FLAG("GatewayServerTiming", ap_set_flag_slot,
                 (void *)APR_OFFSETOF(gw_directory, tells_timing), OR_FILEINFO,
                 "tell the client where the time went"),
    AP_INIT_TAKE1("GatewayLimitResponseHead", set_head_size, NULL, RSRC_CONF | ACCESS_CONF,
                  "how many bytes the head of a response may have"),
    AP_INIT_TAKE1("GatewayLimitResponseFields", set_head_fields, NULL, RSRC_CONF | ACCESS_CONF,
                  "how many header fields a response may have"),
    AP_INIT_TAKE_ARGV("GatewayAuthorizer", gw_authorizer_line, NULL, RSRC_CONF | ACCESS_CONF,
                      "an application that decides who may have what, script=PATH, "
                      "timeout=SECONDS; or Off"),
    AP_INIT_TAKE12("GatewayFlightRecorder", gw_recorder_line, NULL, RSRC_CONF | ACCESS_CONF,
                   "how much of each exchange is kept, and where that of one that fails is "
                   "written; or Off"),
    AP_INIT_ITERATE("GatewaySendfile", gw_sendfile_word, NULL, RSRC_CONF | ACCESS_CONF,
                    "directories of files that the application may have sent, or Off"),
    AP_INIT_TAKE12("GatewayDrain", gw_drain_line, NULL, RSRC_CONF | ACCESS_CONF,
                   "how long, and how much of, the answer is read of an exchange that was given "
                   "up; or Off"),
    AP_INIT_TAKE_ARGV("GatewayCapacity", gw_capacity_line, NULL, RSRC_CONF,
                      "an address, how many exchanges it runs at once, queue=N, wait=SECONDS"),
    AP_INIT_RAW_ARGS("GatewayApplication", gw_application_line, NULL, RSRC_CONF,
                     "a name, key=value settings, --, and the command of its processes"),
    AP_INIT_TAKE1("GatewayRuntimeDir", gw_application_directory, NULL, RSRC_CONF,
                  "where the sockets of applications are"),
    AP_INIT_TAKE1("GatewaySupervisor", gw_application_supervisor, NULL, RSRC_CONF,
                  "the gateway-supervisor program"),
    { NULL }
};
