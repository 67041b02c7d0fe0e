/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no single line can tell: checked once all of them are read, also by configtest, which runs
 * check_config and not post_config. And health checks of members that are supervised applications:
 * mod_proxy_hcheck knows only how to connect to a host and port. It would look the application's
 * name up as a host's, and take a healthy member out.
 */
#include "gateway_check.h"
#include "mod_gateway.h"

typedef int visitor(proxy_worker *worker, server_rec *server);

static int is_supervised(const proxy_worker *worker)
{
    return ap_cstr_casecmp(worker->s->scheme, GW_APPLICATION_SCHEME) == 0;
}

/* Visits the workers of supervised applications until one is refused. */
static int visit(server_rec *server, visitor *look)
{
    int status = OK;
    for (server_rec *each = server; each && status == OK; each = each->next) {
        proxy_server_conf *conf = ap_get_module_config(each->module_config, &proxy_module);
        for (int i = 0; i < conf->workers->nelts && status == OK; ++i) {
            proxy_worker *worker = &APR_ARRAY_IDX(conf->workers, i, proxy_worker);
            status = is_supervised(worker) ? look(worker, each) : OK;
        }
        for (int i = 0; i < conf->balancers->nelts; ++i) {
            const apr_array_header_t *members =
                APR_ARRAY_IDX(conf->balancers, i, proxy_balancer).workers;
            for (int j = 0; j < members->nelts && status == OK; ++j) {
                proxy_worker *member = APR_ARRAY_IDX(members, j, proxy_worker *);
                status = is_supervised(member) ? look(member, each) : OK;
            }
        }
    }
    return status;
}

/* -------------------------------------------------------------------------------- health checks */

static int release(proxy_worker *worker, server_rec *server)
{
    if (worker->s->method != NONE) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "GW1043: %s is not checked by mod_proxy_hcheck: its supervisor looks after it",
                     worker->s->name_ex);
        worker->s->method = NONE;
        worker->s->status &= ~PROXY_WORKER_HC_FAIL;
    }
    return OK;
}

/* -------------------------------------------------------------------------------- check_config */

static int refuse(server_rec *server, const char *line)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "%s", line);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* A name that no line defines would be found out by the first request. One that a request computes
 * is not known yet. */
static int check_worker(proxy_worker *worker, server_rec *server)
{
    const char *url = strchr(worker->s->name_ex, '|');
    const char *name = gw_application_name(server->process->pconf,
                                           url ? url + 1 : worker->s->name_ex);
    if (gw_application_is_defined(name) || strchr(name, '$')) {
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                 "GW1033: %s: there is no GatewayApplication %s", worker->s->name_ex, name);
    return HTTP_INTERNAL_SERVER_ERROR;
}

int gw_check(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
             server_rec *server)
{
    const char *unknown = gw_authorizer_unknown();
    const char *flaw = gw_application_flaw(temporary_pool);
    if (unknown) {
        return refuse(server, apr_psprintf(temporary_pool,
                                           "GW1040: GatewayAuthorizer gateway://%s: there is no "
                                           "GatewayApplication %s",
                                           unknown, unknown));
    }
    if (flaw) {
        return refuse(server, apr_pstrcat(temporary_pool, "GW1041: GatewayRuntimeDir: ", flaw,
                                          NULL));
    }
    if (!gw_capacity_fits()) {
        return refuse(server, "GW1042: GatewayCapacity: at most 64 addresses");
    }
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        visit(server, release);
    }
    return visit(server, check_worker);
}

/* --------------------------------------------------------------------------------------- hooks */

int gw_check_health(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                    server_rec *server)
{
    /* httpd reads its configuration twice when it starts. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    return visit(server, release);
}

/* A check may also be asked for in balancer-manager. */
int gw_check_health_again(apr_pool_t *pool, server_rec *server)
{
    visit(server, release);
    return DECLINED;
}
