/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory with arguments that it refuses. */
#include "arguments.h"

void refuse_open_shared(void)
{
    INVALID(gateway_shared_open(NULL));
}

void refuse_close_shared(void)
{
    FOREIGN(gateway_shared, shared, gateway_shared_close(it));
}

void refuse_add_application(void)
{
    char name[129];
    uint32_t number = 7;
    FOREIGN(gateway_shared, shared, INVALID(gateway_shared_application(it, "a", 1, 1, &number)));
    INVALID(gateway_shared_application(shared, NULL, 1, 1, &number));
    INVALID(gateway_shared_application(shared, "a", 1, 1, NULL));
    INVALID(gateway_shared_application(shared, "", 1, 1, &number));
    INVALID(gateway_shared_application(shared, "a", 1025, 1, &number));
    INVALID(gateway_shared_application(shared, "a", 1, 0xFFFFFFFFu, &number));
    memset(name, 'a', 128);
    name[128] = 0;
    INVALID(gateway_shared_application(shared, name, 1, 1, &number));
    EXPECT(number == 7);
}

#define PLACE(function)                                                                            \
    do {                                                                                           \
        FOREIGN(gateway_shared, shared, INVALID(function(it, application, 0)));                    \
        INVALID(function(shared, 64, 0));                                                          \
        INVALID(function(shared, 0xFFFFFFFFu, 0));                                                 \
        INVALID(function(shared, application, 1024));                                              \
        INVALID(function(shared, application, 0xFFFFFFFFu));                                       \
    } while (0)

void refuse_enter(void)
{
    uint32_t place = 7, unlimited = 0;
    FOREIGN(gateway_shared, shared, INVALID(gateway_place_enter(it, application, 0, &place)));
    INVALID(gateway_place_enter(shared, 0xFFFFFFFFu, 0, &place));
    INVALID(gateway_place_enter(shared, application, 0, NULL));
    EXPECT(gateway_shared_application(shared, "unlimited", 0, 0, &unlimited) == GATEWAY_OK);
    INVALID(gateway_place_enter(shared, unlimited, 0, &place));
    EXPECT(place == 7);
}

/* Whoever leaves what it never entered frees what nobody has. */
void refuse_leave(void)
{
    uint32_t first = 7, second = 7;
    PLACE(gateway_place_leave);
    EXPECT(gateway_place_leave(shared, application, 1023) == GATEWAY_OK);
    EXPECT(gateway_place_enter(shared, application, 0, &first) == GATEWAY_OK && first == 0);
    EXPECT(gateway_place_enter(shared, application, 1, &second) == GATEWAY_AGAIN && second == 7);
    EXPECT(gateway_place_leave(shared, application, first) == GATEWAY_OK);
}

void refuse_rest(void)
{
    PLACE(gateway_place_rest);
}

void refuse_resume(void)
{
    PLACE(gateway_place_resume);
}

void refuse_asked(void)
{
    uint32_t number = 7;
    FOREIGN(gateway_shared, shared, INVALID(gateway_place_asked(it, 0, &number)));
    INVALID(gateway_place_asked(shared, 0, NULL));
    EXPECT(gateway_place_asked(shared, 0, &number) == GATEWAY_AGAIN && number == 7);
}

void refuse_wake(void)
{
    FOREIGN(gateway_shared, shared, INVALID(gateway_shared_wake(it)));
}

void refuse_count(void)
{
    gateway_result report = GATEWAY_RESULT_INIT;
    INVALID(gateway_shared_count(shared, application, NULL));
    INVALID(gateway_shared_count(shared, application, &report));
    report.outcome = (gateway_outcome)77;
    INVALID(gateway_shared_count(shared, application, &report));
    report.outcome = GATEWAY_OUTCOME_COMPLETE;
    FOREIGN(gateway_shared, shared, INVALID(gateway_shared_count(it, application, &report)));
    INVALID(gateway_shared_count(shared, 0xFFFFFFFFu, &report));
    BAD_SIZES(report, gateway_shared_count(shared, application, &report));
}

void refuse_shared_stats(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    FOREIGN(gateway_shared, shared, INVALID(gateway_shared_stats(it, application, NULL, &stats)));
    INVALID(gateway_shared_stats(shared, application, NULL, NULL));
    INVALID(gateway_shared_stats(shared, 0xFFFFFFFFu, NULL, &stats));
    BAD_SIZES(stats, gateway_shared_stats(shared, application, NULL, &stats));
    LONGER(gateway_stats, stats,
           gateway_shared_stats(shared, application, NULL, &newer.known));
}

void refuse_add(void)
{
    FOREIGN(gateway_shared, shared, INVALID(gateway_shared_add(it, application, 1, 1)));
    INVALID(gateway_shared_add(shared, 64, 1, 1));
    INVALID(gateway_shared_add(shared, 0xFFFFFFFFu, 1, 1));
    EXPECT(gateway_shared_add(shared, application, 2147483647, 2147483647) == GATEWAY_OK);
    EXPECT(gateway_shared_add(shared, application, 2147483647, 2147483647) == GATEWAY_OK);
    EXPECT(gateway_shared_add(shared, application, -2147483647 - 1, -2147483647 - 1)
           == GATEWAY_OK);
    EXPECT(gateway_shared_add(shared, application, -2147483647 - 1, -2147483647 - 1)
           == GATEWAY_OK);
    EXPECT(gateway_shared_add(shared, application, 2, 2) == GATEWAY_OK);
}

void refuse_failure(void)
{
    gateway_failure failure = GATEWAY_FAILURE_INIT;
    FOREIGN(gateway_shared, shared,
            INVALID(gateway_shared_failure(it, application, 0, &failure)));
    INVALID(gateway_shared_failure(shared, application, 0, NULL));
    INVALID(gateway_shared_failure(shared, application, GATEWAY_FAILURES, &failure));
    INVALID(gateway_shared_failure(shared, application, 0xFFFFFFFFu, &failure));
    INVALID(gateway_shared_failure(shared, 64, 0, &failure));
    BAD_SIZES(failure, gateway_shared_failure(shared, application, 0, &failure));
}
