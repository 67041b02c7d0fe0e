/* SPDX-License-Identifier: Apache-2.0 */
/* GatewayDrain: how far the answer of an exchange that was given up is read. */
#include "mod_gateway.h"

#define MOST_TIME apr_time_from_sec(3600)
#define MOST_SIZE ((apr_off_t)UINT32_MAX)

const char *gw_drain_line(cmd_parms *cmd, void *config, const char *time, const char *size)
{
    gw_directory *directory = config;
    apr_interval_time_t limit = 0;
    apr_off_t bytes = size ? gw_size_read(size) : 0;
    directory->drain = (gw_drain){ .is_set = 1 };
    if (ap_cstr_casecmp(time, "Off") == 0 && !size) {
        directory->drain.timeout_ms = GATEWAY_DRAIN_OFF;
        return NULL;
    }
    if (ap_timeout_parameter_parse(time, &limit, "s") != APR_SUCCESS
        || limit < apr_time_from_msec(1) || limit > MOST_TIME
        || (size && (bytes < 1 || bytes > MOST_SIZE))) {
        return apr_psprintf(cmd->pool,
                            "GatewayDrain: \"%s%s%s\" is neither a time from 1ms to 1h (seconds "
                            "without a unit), perhaps with a size from 1 to 4294967295 bytes (K, M "
                            "or G), nor Off",
                            time, size ? " " : "", size ? size : "");
    }
    directory->drain.timeout_ms = gw_milliseconds(limit);
    directory->drain.size = (uint32_t)bytes;
    return NULL;
}
