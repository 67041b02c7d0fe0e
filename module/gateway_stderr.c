/* SPDX-License-Identifier: Apache-2.0 */
/* STDERR: the first and the last of it in the error log, within bounds of what is written there. */
#include "gateway_stderr.h"

#define LINE_LIMIT 4096
/* Of the text at the beginning, and of that at the end. */
#define KEPT_SIZE 32768
/* Of the log, for each of the two: a short line takes many times its length there. */
#define WRITTEN_LIMIT 131072
#define USUAL_PREFIX 160

struct gw_stderr {
    char line[LINE_LIMIT + 1]; /* of the beginning, as far as it has come */
    apr_size_t line_length;
    apr_size_t taken;   /* bytes of the beginning */
    apr_size_t written; /* about what its lines take in the log */
    char *end;          /* a ring; NULL while the beginning is not over */
    apr_uint64_t end_count; /* bytes that came after the beginning */
};

/* The log repeats the referer on each line. */
static apr_size_t written_by(const gw_exchange *x, apr_size_t length)
{
    const char *referer = apr_table_get(x->r->headers_in, "Referer");
    return length + USUAL_PREFIX + (referer ? strlen(referer) : 0);
}

/* php-fpm does not say which file it did not find. */
static const char *missing_script(const gw_exchange *x, const char *line)
{
    const char *script = apr_table_get(x->r->subprocess_env, "SCRIPT_FILENAME");
    return script && strstr(line, "Primary script unknown")
               ? apr_pstrcat(x->r->pool, "; SCRIPT_FILENAME was ", script, NULL)
               : "";
}

/* The line has room for its end. */
static void log_line(gw_exchange *x, char *line, apr_size_t length)
{
    int level = x->directory->stderr_level >= 0 ? x->directory->stderr_level : APLOG_ERR;
    if (length && line[length - 1] == '\r') {
        --length;
    }
    for (char *nul = line; (nul = memchr(nul, '\0', (apr_size_t)(line + length - nul)));) {
        *nul = '?';
    }
    line[length] = '\0';
    if (length) {
        ap_log_rerror(APLOG_MARK, level, 0, x->r, APLOGNO(01071) "Got error '%s'%s", line,
                      missing_script(x, line));
    }
}

/* ------------------------------------------------------------------------------- the beginning */

static void end_line(gw_exchange *x, gw_stderr *all)
{
    all->written += written_by(x, all->line_length);
    log_line(x, all->line, all->line_length);
    all->line_length = 0;
}

static int is_begun(const gw_stderr *all)
{
    return all->line_length || (all->taken < KEPT_SIZE && all->written < WRITTEN_LIMIT);
}

/* Takes text up to the end of a line, or of what a line may have. Returns how much that was. */
static apr_size_t take_line(gw_exchange *x, gw_stderr *all, const char *text, apr_size_t length)
{
    const char *newline = memchr(text, '\n', length);
    apr_size_t part = newline ? (apr_size_t)(newline - text) : length;
    apr_size_t room = LINE_LIMIT - all->line_length;
    apr_size_t taken = part < room ? part : room;
    memcpy(all->line + all->line_length, text, taken);
    all->line_length += taken;
    int is_whole = newline && taken == part;
    if (is_whole || all->line_length == LINE_LIMIT) {
        end_line(x, all);
    }
    all->taken += taken + (apr_size_t)is_whole;
    return taken + (apr_size_t)is_whole;
}

/* ------------------------------------------------------------------------------------- the end */

static void keep_end(gw_exchange *x, gw_stderr *all, const char *text, apr_size_t length)
{
    if (!all->end) {
        all->end = apr_palloc(x->r->pool, KEPT_SIZE);
    }
    if (length > KEPT_SIZE) {
        all->end_count += length - KEPT_SIZE;
        text += length - KEPT_SIZE;
        length = KEPT_SIZE;
    }
    apr_size_t start = (apr_size_t)(all->end_count % KEPT_SIZE);
    apr_size_t first = length < KEPT_SIZE - start ? length : KEPT_SIZE - start;
    memcpy(all->end + start, text, first);
    memcpy(all->end, text + first, length - first);
    all->end_count += length;
}

/* The ring in one piece. */
static char *straighten(gw_exchange *x, const gw_stderr *all, apr_size_t size)
{
    char *text = apr_palloc(x->r->pool, size + 1);
    apr_size_t start = all->end_count > size ? (apr_size_t)(all->end_count % size) : 0;
    memcpy(text, all->end + start, size - start);
    memcpy(text + size - start, all->end, start);
    text[size] = '\0';
    return text;
}

/* Where the last lines begin that the log has room for; a line that has lost its own beginning is
 * not among them. */
static char *first_line(const gw_exchange *x, char *text, char *end, int is_cut)
{
    char *first = end;
    apr_size_t written = 0;
    char *line_end = end > text && end[-1] == '\n' ? end - 1 : end;
    for (char *c = line_end; c >= text; --c) {
        if (c == text ? is_cut : c[-1] != '\n') {
            continue;
        }
        written += written_by(x, (apr_size_t)(line_end - c));
        if (written > WRITTEN_LIMIT) {
            break;
        }
        first = c;
        line_end = c > text ? c - 1 : c;
    }
    /* One line without an end is better cut than lost. */
    return first == end ? text : first;
}

static void log_end(gw_exchange *x, gw_stderr *all)
{
    apr_size_t size = all->end_count < KEPT_SIZE ? (apr_size_t)all->end_count : KEPT_SIZE;
    char *text = straighten(x, all, size);
    char *end = text + size;
    char *line = first_line(x, text, end, all->end_count > size);
    apr_uint64_t left_out = all->end_count - (apr_uint64_t)(end - line);
    if (left_out) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, x->r,
                      "GW1011: %" APR_UINT64_T_FMT " bytes of STDERR are left out here", left_out);
    }
    while (line < end) {
        char *stop = memchr(line, '\n', (apr_size_t)(end - line));
        int is_whole = stop && stop - line <= LINE_LIMIT;
        stop = is_whole ? stop : end - line < LINE_LIMIT ? end : line + LINE_LIMIT;
        char next = *stop;
        log_line(x, line, (apr_size_t)(stop - line));
        *stop = next;
        line = stop + is_whole;
    }
}

/* ----------------------------------------------------------------------------------- all of it */

void gw_stderr_take(gw_exchange *x, const char *text, apr_size_t length)
{
    if (!x->stderr_text) {
        x->stderr_text = apr_palloc(x->r->pool, sizeof *x->stderr_text);
        *x->stderr_text = (gw_stderr){ .taken = 0 };
    }
    gw_stderr *all = x->stderr_text;
    while (length && !all->end && is_begun(all)) {
        apr_size_t taken = take_line(x, all, text, length);
        text += taken;
        length -= taken;
    }
    if (length) {
        keep_end(x, all, text, length);
    }
}

void gw_stderr_end(gw_exchange *x)
{
    gw_stderr *all = x->stderr_text;
    if (!all) {
        return;
    }
    end_line(x, all);
    if (all->end) {
        log_end(x, all);
    }
    x->stderr_text = NULL;
}
