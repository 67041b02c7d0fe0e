# SPDX-License-Identifier: Apache-2.0
"""httpd's status page beside what gateway-supervisor says of the same processes."""

from processes import wait_until
from status_forms import (applications_of_json, applications_of_metrics, figures_of_json,
                          figures_of_metrics, figures_of_page, page_of)  # fmt: skip


def wiki_of(httpd):
    return applications_of_json(httpd)["wiki"]


def running(httpd, name="wiki"):
    """What its processes run, by pid."""
    processes = applications_of_json(httpd)[name]["processes"]
    return {pid: each["request"] for pid, each in processes.items() if each["active"]}


def wait_for_running(httpd, count):
    wait_until(lambda: len(running(httpd)) == count, "%d that run" % count)
    return running(httpd)


def check_agreement(httpd, *supervised):
    """All forms say the same of what stands still, and so do the supervisors."""
    wait_until(lambda: all(process["memory"] for each in applications_of_json(httpd).values()
                           for process in each["processes"].values()), "all to be measured")
    figures = figures_of_json(httpd)
    assert figures == figures_of_metrics(httpd) == figures_of_page(httpd)
    in_json, in_metrics = applications_of_json(httpd), applications_of_metrics(httpd)
    on_page = page_of(httpd).applications
    assert set(in_json) == set(in_metrics) == set(on_page) == {each.name for each in supervised}
    for named in supervised:
        told, application = named.status(), in_json[named.name]
        of_backend = figures["gateway://" + named.name]
        assert application["active"] == told["active"] == of_backend["active"]
        assert application["queued"] == told["waiting"] == of_backend["queued"]
        check_processes(told["processes"], application["processes"],
                        in_metrics[named.name], on_page[named.name])  # fmt: skip


def check_processes(told, in_json, in_metrics, on_page):
    pids = {each["pid"] for each in told}
    assert set(in_json) == set(in_metrics["processes"]) == set(on_page) == pids
    for each in told:
        json_process, page_process = in_json[each["pid"]], on_page[each["pid"]]
        metric_process = in_metrics["processes"][each["pid"]]
        said = (each["state"], each["generation"], each["served"], each["request"])
        for form, keys in ((json_process, ("requests", "request")),
                           (page_process, ("requests", "runs"))):  # fmt: skip
            assert (form["state"], form["generation"], *(form[key] for key in keys)) == said
        assert metric_process["generation"] == each["generation"]
        assert metric_process["requests"] == each["served"]
        assert metric_process["active"] == json_process["active"] == each["active"]
        assert each["memory"] > 1 << 20
        check_times(each, json_process, page_process, metric_process)
    states = [each["state"] for each in told]
    assert in_metrics["states"] == {
        state: states.count(state) for state in ("starting", "ready", "leaving", "stopping")
    }


def check_times(said, in_json, on_page, in_metrics):
    """JSON was asked first, then for the metrics, for the page, and then the supervisor."""
    for ours, of_page, theirs in (("age_ms", "age", "age_ms"), ("busy_ms", "busy", "busy_ms")):
        assert in_json[ours] <= in_metrics[ours] <= on_page[of_page] <= said[theirs]
    assert (in_json["busy_ms"] > 0) == bool(said["active"])
