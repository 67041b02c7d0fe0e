/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the program, with the name of what did not hold. */
#ifndef EXPECT_H
#define EXPECT_H

#include <err.h>
#include <stdbool.h>

static inline void expect(bool holds, const char *what)
{
    if (!holds) errx(1, "%s", what);
}

#endif
