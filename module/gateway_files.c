/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The users, files and directories that directives name, looked at when httpd reads its
 * configuration: so `configtest` refuses what httpd could not start with. Each function returns
 * what is wrong, or NULL.
 */
#include "mod_gateway.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Looks at a file. Who may not look, such as an ordinary user that runs configtest, cannot tell
 * that it is missing. */
static const char *look(apr_pool_t *pool, const char *path, struct stat *about)
{
    if (stat(path, about) == 0) {
        return NULL;
    }
    memset(about, 0, sizeof *about);
    return errno == EACCES ? NULL : apr_psprintf(pool, "%s: %s", path, strerror(errno));
}

const char *gw_files_directory_flaw(apr_pool_t *pool, const char *path)
{
    struct stat about;
    if (*path != '/') {
        return apr_psprintf(pool, "\"%s\" is not an absolute path", path);
    }
    const char *flaw = look(pool, path, &about);
    if (!flaw && about.st_mode && !S_ISDIR(about.st_mode)) {
        return apr_psprintf(pool, "%s is not a directory", path);
    }
    return flaw;
}

const char *gw_files_program_flaw(apr_pool_t *pool, const char *path)
{
    struct stat about;
    const char *flaw = look(pool, path, &about);
    if (!flaw && about.st_mode && (!S_ISREG(about.st_mode) || access(path, X_OK) != 0)) {
        return apr_psprintf(pool, "%s is not a program that can be run", path);
    }
    return flaw;
}

/* Whoever can rename what is in the directory could put a socket of his own there: the rule that
 * the library's RuntimeDirectory applies at the start. */
const char *gw_files_runtime_directory_flaw(apr_pool_t *pool, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 && errno == ENOENT) {
        /* The supervisor makes it, but not what is above. */
        return gw_files_directory_flaw(pool, ap_make_dirstr_parent(pool, path));
    }
    const char *flaw = gw_files_directory_flaw(pool, path);
    int is_ours = about.st_uid == geteuid() || about.st_uid == 0;
    int is_closed = !(about.st_mode & (S_IWGRP | S_IWOTH)) || about.st_mode & S_ISVTX;
    if (!flaw && about.st_mode && (!is_ours || !is_closed)) {
        return apr_psprintf(pool, "%s is not a directory in which only its owner writes", path);
    }
    return flaw;
}

const char *gw_files_socket_flaw(apr_pool_t *pool, const char *directory, const char *name)
{
    const struct sockaddr_un *room = NULL;
    const char *path = apr_pstrcat(pool, directory, "/", name, "/control", NULL);
    return strlen(path) < sizeof room->sun_path
               ? NULL
               : apr_psprintf(pool, "%s is too long for a socket", path);
}

/* --------------------------------------------------------------- settings of GatewayApplication */

static const char *user_flaw(apr_pool_t *pool, const char *name)
{
    uint32_t number;
    const struct passwd *known = gw_number_read(name, 0, UINT32_MAX, &number)
                                     ? getpwuid((uid_t)number)
                                     : getpwnam(name);
    return known ? NULL : apr_psprintf(pool, "there is no user \"%s\"", name);
}

static const char *group_flaw(apr_pool_t *pool, const char *name)
{
    uint32_t number;
    int is_known = gw_number_read(name, 0, UINT32_MAX, &number) || getgrnam(name);
    return is_known ? NULL : apr_psprintf(pool, "there is no group \"%s\"", name);
}

/* The last setting of a key holds; NULL: there is none. */
static const char *setting(const apr_array_header_t *settings, const char *key)
{
    const char *value = NULL;
    for (int i = 0; i < settings->nelts; ++i) {
        const char *word = APR_ARRAY_IDX(settings, i, const char *);
        if (strncmp(word, key, strlen(key)) == 0) {
            value = word + strlen(key);
        }
    }
    return value;
}

/* Looked for as execvp(3) does. */
static const char *searched_flaw(apr_pool_t *pool, const char *name, const char *path)
{
    char *rest = NULL;
    char *list = apr_pstrdup(pool, path ? path : "/bin:/usr/bin");
    for (char *each = apr_strtok(list, ":", &rest); each; each = apr_strtok(NULL, ":", &rest)) {
        const char *program = apr_pstrcat(pool, each, "/", name, NULL);
        if (access(program, X_OK) == 0 && !gw_files_program_flaw(pool, program)) {
            return NULL;
        }
    }
    return apr_psprintf(pool, "there is no program \"%s\" in PATH", name);
}

static const char *command_flaw(apr_pool_t *pool, const apr_array_header_t *settings,
                                const char *program)
{
    const char *directory = setting(settings, "dir=");
    const char *path = setting(settings, "env:PATH=");
    if (*program == '/') {
        return gw_files_program_flaw(pool, program);
    }
    if (!strchr(program, '/')) {
        return searched_flaw(pool, program, path ? path : getenv("PATH"));
    }
    /* Where httpd itself begins is not known to configtest. */
    return directory ? gw_files_program_flaw(
                           pool, apr_pstrcat(pool, directory, "/", program, NULL))
                     : NULL;
}

const char *gw_files_application_flaw(apr_pool_t *pool, const apr_array_header_t *settings,
                                      const char *program)
{
    const char *user = setting(settings, "user=");
    const char *group = setting(settings, "group=");
    const char *directory = setting(settings, "dir=");
    const char *flaw = user ? user_flaw(pool, user) : NULL;
    if (!flaw && group) {
        flaw = group_flaw(pool, group);
    }
    if (!flaw && directory) {
        flaw = gw_files_directory_flaw(pool, directory);
    }
    return flaw ? flaw : command_flaw(pool, settings, program);
}
