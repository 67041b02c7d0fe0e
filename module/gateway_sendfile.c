/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GatewaySendfile: the application names a file instead of sending it (X-Sendfile,
 * X-LIGHTTPD-send-file, X-Accel-Redirect), and httpd sends that once the application is free.
 *
 * What counts is where the file lies that was opened, not how its name reads: so neither "..", nor
 * a symbolic link, nor an encoding leads out of the roots, and nobody can exchange the file between
 * the look and its use.
 */
#include "mod_gateway.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCEL_REDIRECT "X-Accel-Redirect"

static const char *const fields[] = { "X-Sendfile", "X-LIGHTTPD-send-file", ACCEL_REDIRECT, NULL };

/* A word of GatewaySendfile. */
typedef struct sendfile_root {
    const char *prefix; /* of what X-Accel-Redirect names; NULL: files are named by their paths */
    const char *path;
} sendfile_root;

/* -------------------------------------------------------------------------------- configuration */

static const char *without_last_slashes(apr_pool_t *pool, const char *text, apr_size_t length)
{
    while (length && text[length - 1] == '/') {
        --length;
    }
    return apr_pstrmemdup(pool, text, length);
}

const char *gw_sendfile_word(cmd_parms *cmd, void *config, const char *word)
{
    gw_directory *directory = config;
    if (!directory->sendfile_roots) {
        directory->sendfile_roots = apr_array_make(cmd->pool, 2, sizeof(sendfile_root));
    }
    if (ap_cstr_casecmp(word, "Off") == 0) {
        apr_array_clear(directory->sendfile_roots);
        return NULL;
    }
    const char *equals = strstr(word, "=/");
    const char *path = equals ? equals + 1 : word;
    sendfile_root root = { NULL, without_last_slashes(cmd->pool, path, strlen(path)) };
    if (*word != '/' || !*root.path) {
        return apr_psprintf(cmd->pool,
                            "GatewaySendfile: \"%s\" is neither a directory's path, nor "
                            "/prefix=/path, nor Off",
                            word);
    }
    const char *flaw = gw_files_directory_flaw(cmd->pool, root.path);
    if (flaw) {
        return apr_pstrcat(cmd->pool, "GatewaySendfile: ", flaw, NULL);
    }
    if (equals) {
        root.prefix = without_last_slashes(cmd->pool, word, (apr_size_t)(equals - word));
    }
    APR_ARRAY_PUSH(directory->sendfile_roots, sendfile_root) = root;
    return NULL;
}

/* ------------------------------------------------------------------------ what is asked to send */

int gw_sendfile_takes(gw_exchange *x, const char *name, const char *value)
{
    const apr_array_header_t *roots = x->directory->sendfile_roots;
    if (!roots || !roots->nelts) {
        return 0;
    }
    for (const char *const *each = fields; *each; ++each) {
        if (ap_cstr_casecmp(name, *each) == 0) {
            if (!x->request->file_name && *value) {
                x->request->file_field = *each;
                x->request->file_name = value;
            }
            return 1;
        }
    }
    return 0;
}

/* The root that X-Accel-Redirect means, and what of the name is below it; NULL: none. */
static const sendfile_root *mapped_root(const apr_array_header_t *roots, const char *name,
                                        const char **rest)
{
    for (int i = 0; i < roots->nelts; ++i) {
        const sendfile_root *root = &APR_ARRAY_IDX(roots, i, sendfile_root);
        apr_size_t length = root->prefix ? strlen(root->prefix) : 0;
        if (root->prefix && strncmp(name, root->prefix, length) == 0 && name[length] == '/') {
            *rest = name + length;
            return root;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------- the file */

static int is_below(const char *path, const char *root)
{
    char real[PATH_MAX];
    if (!realpath(root, real)) {
        return 0;
    }
    apr_size_t length = strlen(real);
    return strncmp(path, real, length) == 0 && path[length] == '/';
}

/* Among the roots of paths, or at the one that a prefix led to. */
static int is_allowed(const apr_array_header_t *roots, const sendfile_root *mapped,
                      const char *path)
{
    if (mapped) {
        return is_below(path, mapped->path);
    }
    for (int i = 0; i < roots->nelts; ++i) {
        const sendfile_root *root = &APR_ARRAY_IDX(roots, i, sendfile_root);
        if (!root->prefix && is_below(path, root->path)) {
            return 1;
        }
    }
    return 0;
}

static int refuse(request_rec *r, apr_status_t error, const char *name, const char *reason)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, error, r, "GW1020: %s: %s is not sent: %s",
                  gw_request_of(r)->file_field, ap_escape_logitem(r->pool, name), reason);
    return HTTP_FORBIDDEN;
}

static int is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

/* A descriptor that names the file without having opened it: that of a device does nothing to it.
 * A name that is not there as it is may be encoded. */
static int look_up(request_rec *r, const char *name)
{
    int descriptor = open(name, O_PATH | O_CLOEXEC);
    if (descriptor >= 0 || !is_missing(errno) || !ap_strchr_c(name, '%')) {
        return descriptor;
    }
    char *decoded = apr_pstrdup(r->pool, name);
    if (ap_unescape_url(decoded) != OK) {
        errno = ENOENT;
        return -1;
    }
    return open(decoded, O_PATH | O_CLOEXEC);
}

/* Opens what the descriptor names, once it is known to be a file below a root. */
static int open_found(request_rec *r, const sendfile_root *mapped, const char *name, int found,
                      apr_file_t **file)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *link = apr_psprintf(r->pool, "/proc/self/fd/%d", found);
    char path[PATH_MAX];
    struct stat about;
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || fstat(found, &about) != 0) {
        return refuse(r, APR_FROM_OS_ERROR(errno), name, "where it lies cannot be told");
    }
    path[length] = '\0';
    if (!is_allowed(gw_directory_of(r)->sendfile_roots, mapped, path)) {
        return refuse(r, 0, name, "it is not below a root of GatewaySendfile");
    }
    if (!S_ISREG(about.st_mode)) {
        return refuse(r, 0, name, "it is not a regular file");
    }
    apr_int32_t flags = APR_FOPEN_READ | APR_FOPEN_BINARY;
    flags |= core->enable_sendfile == ENABLE_SENDFILE_ON ? APR_FOPEN_SENDFILE_ENABLED : 0;
    apr_status_t status = apr_file_open(file, link, flags, APR_FPROT_OS_DEFAULT, r->pool);
    if (status == APR_SUCCESS) {
        status = apr_file_info_get(&r->finfo, APR_FINFO_NORM, *file);
    }
    if (status != APR_SUCCESS) {
        return refuse(r, status, name, "it cannot be opened");
    }
    r->filename = apr_pstrdup(r->pool, path);
    return OK;
}

static int open_file(request_rec *r, const sendfile_root *mapped, const char *name,
                     apr_file_t **file)
{
    if (*name != '/') {
        return refuse(r, 0, name, "it is not an absolute path");
    }
    int found = look_up(r, name);
    if (found < 0) {
        int error = errno;
        int status = refuse(r, APR_FROM_OS_ERROR(error), name, "it cannot be found");
        return is_missing(error) ? HTTP_NOT_FOUND : status;
    }
    int status = open_found(r, mapped, name, found, file);
    close(found);
    return status;
}

/* ----------------------------------------------------------------------------------- the answer */

/* What the application says of the file itself is kept. */
static void describe(request_rec *r)
{
    if (!r->content_type) {
        ap_run_type_checker(r);
    }
    if (!apr_table_get(r->headers_out, "Last-Modified")) {
        ap_update_mtime(r, r->finfo.mtime);
        ap_set_last_modified(r);
    }
    if (!apr_table_get(r->headers_out, "ETag")) {
        ap_set_etag(r);
    }
    ap_set_accept_ranges(r);
    ap_set_content_length(r, r->finfo.size);
}

static int send_file(request_rec *r, apr_file_t *file)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    apr_bucket_alloc_t *buckets = r->connection->bucket_alloc;
    apr_bucket_brigade *out = apr_brigade_create(r->pool, buckets);
    describe(r);
    int is_page = r->status == HTTP_OK && r->method_number == M_GET;
    int condition = is_page ? ap_meets_conditions(r) : OK;
    if (condition != OK) {
        r->status = condition;
    }
    else {
        apr_bucket *content = apr_brigade_insert_file(out, file, 0, r->finfo.size, r->pool);
        if (core->enable_mmap == ENABLE_MMAP_OFF) {
            apr_bucket_file_enable_mmap(content, 0);
        }
    }
    APR_BRIGADE_INSERT_TAIL(out, apr_bucket_eos_create(buckets));
    apr_status_t status = ap_pass_brigade(r->output_filters, out);
    return status == APR_SUCCESS || r->connection->aborted ? OK : AP_FILTER_ERROR;
}

/* Nothing of the application's answer is left in that of a failure. */
static int fail(request_rec *r, int status)
{
    gw_head_restore(r);
    r->status = HTTP_OK;
    ap_die(status, r);
    return OK;
}

int gw_sendfile_answer(request_rec *r)
{
    const gw_request *request = gw_request_of(r);
    const sendfile_root *mapped = NULL;
    const char *name = request->file_name;
    apr_file_t *file;
    apr_table_unset(r->headers_out, "Content-Length");
    if (strcmp(request->file_field, ACCEL_REDIRECT) == 0) {
        const char *rest = NULL;
        const char *path = apr_pstrmemdup(r->pool, name, strcspn(name, "?"));
        mapped = mapped_root(gw_directory_of(r)->sendfile_roots, path, &rest);
        if (!mapped && *name == '/') {
            return gw_redirect_locally(r, name);
        }
        name = mapped ? apr_pstrcat(r->pool, mapped->path, rest, NULL) : path;
    }
    int status = open_file(r, mapped, name, &file);
    return status == OK ? send_file(r, file) : fail(r, status);
}
