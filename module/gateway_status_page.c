/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status as a page of HTML that needs nothing else: no file, no script. Each number is in a
 * data element, so that a program can read the page too.
 */
#include "gateway_status.h"

#define NUMBER "%" APR_UINT64_T_FMT

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"refresh\" content=\"5\">\n<title>Gateway status</title>\n<style>\n"
    ":root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #1c2128;\n"
    "  --soft: #59636e; --line: #d8dee4; --good: #1a7f37; --bad: #cf222e; --bar: #0969da }\n"
    "@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --card: #161b22;\n"
    "  --text: #e6edf3; --soft: #9198a1; --line: #30363d; --good: #3fb950; --bad: #ff7b72;\n"
    "  --bar: #58a6ff } }\n"
    "* { box-sizing: border-box }\n"
    "body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--ground);\n"
    "  color: var(--text); font: 15px/1.45 system-ui, sans-serif }\n"
    "h1 { font-size: 1.4rem; margin: 0 }\n"
    "h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }\n"
    "h3 { font: 600 .95rem/1.4 ui-monospace, monospace; margin: 0 0 .6rem;\n"
    "  overflow-wrap: anywhere }\n"
    "h4 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: 0 0 .2rem }\n"
    "a { color: var(--bar) }\n"
    ".soft { color: var(--soft); margin: .2rem 0 }\n"
    ".cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill,\n"
    "  minmax(min(100%, 26rem), 1fr)) }\n"
    ".card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;\n"
    "  padding: .9rem; min-width: 0 } .application { margin-bottom: 1rem }\n"
    "dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr));\n"
    "  gap: .5rem .8rem; margin: 0 0 .9rem }\n"
    "dt { color: var(--soft); font-size: .8rem } dd { margin: 0; font-size: 1.05rem;\n"
    "  font-variant-numeric: tabular-nums }\n"
    ".good { color: var(--good) } .bad { color: var(--bad) }\n"
    ".times { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));\n"
    "  gap: .8rem; margin-bottom: .5rem }\n"
    "svg { display: block; width: 100%; height: auto }\n"
    "rect { fill: var(--bar) } line { stroke: var(--line) }\n"
    "text { fill: var(--soft); font: 8px system-ui, sans-serif; text-anchor: middle }\n"
    "ul { margin: 0; padding: 0; list-style: none; font-size: .85rem }\n"
    "li { border-top: 1px solid var(--line); padding: .35rem 0; overflow-wrap: anywhere }\n"
    ".wide { overflow-x: auto }\n"
    "table { border-collapse: collapse; width: 100%; font-size: .85rem }\n"
    "th, td { text-align: right; padding: .25rem .5rem; border-top: 1px solid var(--line);\n"
    "  font-variant-numeric: tabular-nums; white-space: nowrap }\n"
    "th { color: var(--soft); font-weight: 600; border-top: 0 }\n"
    "td:last-child, th:last-child { text-align: left; white-space: normal;\n"
    "  overflow-wrap: anywhere; min-width: 10rem; width: 99% }\n"
    "td:last-child { font-family: ui-monospace, monospace }\n"
    "@media (max-width: 45rem) { tr { display: grid; grid-template-columns: repeat(4, 1fr);\n"
    "  border-top: 1px solid var(--line); padding: .35rem 0 } tr:first-child { display: none }\n"
    "  td { border: 0; padding: .1rem .4rem .1rem 0; text-align: left }\n"
    "  td:last-child { grid-column: 1 / -1; width: auto } td:last-child:empty { display: none }\n"
    "  td::before { content: attr(data-name); display: block; color: var(--soft);\n"
    "  font: .75rem system-ui, sans-serif } }\n"
    "</style>\n</head>\n<body>\n";

/* ---------------------------------------------------------------------------------------- words */

static const char *escaped(request_rec *r, const char *text)
{
    return ap_escape_html(r->pool, text);
}

static const char *size_text(apr_pool_t *pool, uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    double size = (double)bytes;
    int unit = 0;
    for (; size >= 1024 && unit < 5; ++unit) {
        size /= 1024;
    }
    return apr_psprintf(pool, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

static const char *time_text(apr_pool_t *pool, uint64_t microseconds)
{
    double seconds = (double)microseconds / 1e6;
    return seconds < 1       ? apr_psprintf(pool, "%.1f ms", seconds * 1e3)
           : seconds < 120   ? apr_psprintf(pool, "%.1f s", seconds)
           : seconds < 7200  ? apr_psprintf(pool, "%.0f min", seconds / 60)
           : seconds < 172800 ? apr_psprintf(pool, "%.0f h", seconds / 3600)
                              : apr_psprintf(pool, "%.0f d", seconds / 86400);
}

static const char *moment_text(apr_pool_t *pool, apr_time_t moment)
{
    apr_time_exp_t parts;
    apr_time_exp_lt(&parts, moment);
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* ------------------------------------------------------------------------------------- backends */

static void put_number(request_rec *r, const gw_status_backend *backend,
                       const gw_status_number *number, const char *colour)
{
    uint64_t value = gw_status_value(&backend->stats, number->offset);
    int is_size = strncmp(number->name, "bytes-", 6) == 0;
    const char *text =
        is_size ? size_text(r->pool, value) : apr_psprintf(r->pool, NUMBER, value);
    ap_rprintf(r,
               "<div><dt>%s</dt><dd class=\"%s\"><data value=\"" NUMBER "\">%s</data></dd></div>\n",
               number->name, value ? colour : "", value, text);
}

static void put_numbers(request_rec *r, const gw_status_backend *backend)
{
    ap_rputs("<dl>\n", r);
    for (const gw_status_number *each = gw_status_gauges; each->name; ++each) {
        put_number(r, backend, each, "");
    }
    for (const gw_status_number *each = gw_status_outcomes; each->name; ++each) {
        put_number(r, backend, each, each == gw_status_outcomes ? "good" : "bad");
    }
    for (const gw_status_number *each = gw_status_counters; each->name; ++each) {
        put_number(r, backend, each, "");
    }
    ap_rputs("</dl>\n", r);
}

#define BAR_WIDTH 22
#define BAR_HEIGHT 40

/* Bars are as high as their bucket is full beside the fullest. */
static void put_histogram(request_rec *r, const gw_status_backend *backend,
                          const gw_status_times *times)
{
    static const char *const bounds[] = { "1 ms", "5",   "10", "50", "100",
                                          "500",  "1 s", "5",  "10", "more" };
    const uint64_t *buckets = gw_status_buckets(&backend->stats, times);
    uint64_t count = 0, fullest = 1;
    for (int i = 0; i < GATEWAY_WAIT_BUCKETS; ++i) {
        count += buckets[i];
        fullest = buckets[i] > fullest ? buckets[i] : fullest;
    }
    uint64_t sum = gw_status_value(&backend->stats, times->sum);
    ap_rprintf(r, "<div><h4>%s</h4>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
               strcmp(times->name, "wait") == 0 ? "Wait for a turn" : "First byte",
               BAR_WIDTH * GATEWAY_WAIT_BUCKETS, BAR_HEIGHT + 14, times->help);
    for (int i = 0; i < GATEWAY_WAIT_BUCKETS; ++i) {
        double height = (double)buckets[i] * BAR_HEIGHT / (double)fullest;
        height = buckets[i] && height < 1 ? 1 : height;
        ap_rprintf(r,
                   "<rect data-name=\"%s\" data-value=\"" NUMBER "\" x=\"%d\" y=\"%.1f\" "
                   "width=\"%d\" height=\"%.1f\"><title>%s %s: " NUMBER "</title></rect>"
                   "<text x=\"%d\" y=\"%d\">%s</text>\n",
                   times->name, buckets[i], i * BAR_WIDTH + 1, BAR_HEIGHT - height, BAR_WIDTH - 2,
                   height, i < GATEWAY_WAIT_BUCKETS - 1 ? "at most" : "more than",
                   time_text(r->pool, gw_status_bounds[i < GATEWAY_WAIT_BUCKETS - 1 ? i : i - 1]),
                   buckets[i], i * BAR_WIDTH + BAR_WIDTH / 2, BAR_HEIGHT + 11, bounds[i]);
    }
    ap_rprintf(r,
               "<line x1=\"0\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/></svg>\n<p class=\"soft\">" NUMBER
               ", mean %s, longest %s</p></div>\n",
               BAR_WIDTH * GATEWAY_WAIT_BUCKETS, BAR_HEIGHT, BAR_HEIGHT, count,
               time_text(r->pool, count ? sum / count : 0),
               time_text(r->pool, gw_status_value(&backend->stats, times->longest)));
}

static void put_failures(request_rec *r, const gw_status *status, const gw_status_backend *backend)
{
    if (!backend->failure_count) {
        return;
    }
    ap_rputs("<h4>Last failures</h4>\n<ul>\n", r);
    for (int i = 0; i < backend->failure_count; ++i) {
        const gateway_failure *failure = &backend->failures[i];
        apr_time_t moment = apr_time_from_msec((apr_time_t)failure->time_ms);
        uint64_t age = moment < status->now ? (uint64_t)(status->now - moment) : 0;
        ap_rprintf(r, "<li><time>%s</time> (%s ago): <span class=\"bad\">%s</span></li>\n",
                   moment_text(r->pool, moment), time_text(r->pool, age),
                   escaped(r, backend->messages[i]));
    }
    ap_rputs("</ul>\n", r);
}

static void put_backend(request_rec *r, const gw_status *status, const gw_status_backend *backend)
{
    ap_rprintf(r, "<section class=\"card backend\"><h3>%s</h3>\n", escaped(r, backend->name));
    put_numbers(r, backend);
    ap_rputs("<div class=\"times\">\n", r);
    for (const gw_status_times *each = gw_status_histograms; each->name; ++each) {
        put_histogram(r, backend, each);
    }
    ap_rputs("</div>\n", r);
    put_failures(r, status, backend);
    ap_rputs("</section>\n", r);
}

/* --------------------------------------------------------------------------------- applications */

/* Narrow windows show the name before each cell, wide ones above all of them. */
static void put_text_cell(request_rec *r, const char *name, const char *text)
{
    ap_rprintf(r, "<td data-name=\"%s\">%s</td>", name, escaped(r, text));
}

static void put_cell(request_rec *r, const char *name, uint64_t value, const char *text)
{
    ap_rprintf(r, "<td data-name=\"%s\"><data value=\"" NUMBER "\">%s</data></td>", name, value,
               text ? text : apr_psprintf(r->pool, NUMBER, value));
}

static void put_process(request_rec *r, const gw_status_process *process)
{
    const gateway_process *is = &process->is;
    ap_rputs("<tr>", r);
    put_cell(r, "pid", (uint64_t)is->process, NULL);
    put_text_cell(r, "state", process->state);
    put_cell(r, "generation", is->generation, NULL);
    put_cell(r, "requests", is->served, NULL);
    put_cell(r, "memory", is->memory, size_text(r->pool, is->memory));
    put_cell(r, "age", is->age_ms, time_text(r->pool, is->age_ms * 1000));
    put_cell(r, "busy", is->busy_ms, is->active ? time_text(r->pool, is->busy_ms * 1000) : "");
    put_text_cell(r, "runs", process->request);
    ap_rputs("</tr>\n", r);
}

static void put_application(request_rec *r, const gw_status_application *application)
{
    ap_rprintf(r,
               "<section class=\"card application\"><h3>%s</h3>\n<p class=\"soft\">%d processes, "
               NUMBER " active, " NUMBER " queued</p>\n"
               "<div class=\"wide\"><table>\n<tr><th>pid</th><th>state</th><th>generation</th>"
               "<th>requests</th><th>memory</th><th>age</th><th>busy</th><th>runs</th></tr>\n",
               escaped(r, application->name), application->processes->nelts,
               application->stats.active, application->stats.queued);
    for (int i = 0; i < application->processes->nelts; ++i) {
        put_process(r, &APR_ARRAY_IDX(application->processes, i, gw_status_process));
    }
    ap_rputs("</table></div>\n</section>\n", r);
}

void gw_status_page(request_rec *r, const gw_status *status)
{
    ap_set_content_type(r, "text/html; charset=utf-8");
    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                   "form-action 'none'");
    ap_rputs(head, r);
    ap_rprintf(r,
               "<h1>Gateway status</h1>\n<p class=\"soft\">%s at %s; libgateway %s; also as "
               "<a href=\"?json\">JSON</a> and for <a href=\"?metrics\">Prometheus</a></p>\n"
               "<h2>Backends</h2>\n<div class=\"cards\">\n",
               escaped(r, ap_get_server_name(r)), moment_text(r->pool, status->now),
               gateway_version());
    for (int i = 0; i < status->backends->nelts; ++i) {
        put_backend(r, status, &APR_ARRAY_IDX(status->backends, i, gw_status_backend));
    }
    ap_rputs(status->backends->nelts ? "</div>\n" : "</div>\n<p>No request came so far.</p>\n", r);
    ap_rputs(status->applications->nelts ? "<h2>Applications</h2>\n" : "", r);
    for (int i = 0; i < status->applications->nelts; ++i) {
        put_application(r, &APR_ARRAY_IDX(status->applications, i, gw_status_application));
    }
    ap_rputs("</body>\n</html>\n", r);
}
