# SPDX-License-Identifier: Apache-2.0
"""What SetHandler gateway-status tells, read from each of its three forms: the page, JSON and
Prometheus' text. Numbers of backends and of applications come in one shape from all three."""

import json
import re
from collections import Counter
from html.parser import HTMLParser

from client import get
from prometheus_client.parser import text_string_to_metric_families

STATUS = '<Location "/status">\n    SetHandler gateway-status\n    ProxyPass "!"\n</Location>\n'
GAUGES = {
    "active": "gateway_active_requests",
    "queued": "gateway_queued_requests",
    "idle": "gateway_idle_connections",
}
COUNTERS = {
    "connected": "gateway_connections",
    "reused": "gateway_reuses",
    "retried": "gateway_retries",
    "bytes-sent": "gateway_sent_bytes",
    "bytes-received": "gateway_received_bytes",
}
TIMES = {"wait": "gateway_queue_wait_seconds", "first-byte": "gateway_first_byte_seconds"}
# Of a process, and how many of the metric's units are one of JSON's.
OF_PROCESS = {
    "requests": ("gateway_process_requests", 1),
    "active": ("gateway_process_active_requests", 1),
    "memory": ("gateway_process_memory_bytes", 1),
    "age_ms": ("gateway_process_age_seconds", 1000),
    "busy_ms": ("gateway_process_busy_seconds", 1000),
}
# Metrics are of the base units, and only a counter's name ends in _total.
METRIC = re.compile(r"gateway_[a-z]+(_[a-z]+)*")
UNITS = re.compile(r"_(ms|milliseconds|us|microseconds|minutes|kib|kilobytes|mib|megabytes)(_|$)")


def ask(httpd, query=""):
    """Strictly UTF-8, as whoever reads it expects."""
    response = get(httpd.port, "/status" + query)
    assert response.status == 200
    return response.body.decode()


# ----------------------------------------------------------------------------------------- JSON


def refuse(word):
    raise ValueError("%s is no number of JSON" % word)


def json_of(httpd):
    return json.loads(ask(httpd, "?json"), parse_constant=refuse)


def figures_of_json(httpd):
    """Of each backend: the numbers by name, and the buckets of its times."""
    found = {}
    for backend in json_of(httpd)["backends"]:
        numbers = {name: backend[name] for name in GAUGES} | backend["outcomes"]
        numbers |= {name: backend[name.replace("-", "_")] for name in COUNTERS}
        for name in TIMES:
            times = backend[name.replace("-", "_")]
            numbers[name] = tuple(each["count"] for each in times["buckets"])
            assert times["count"] == sum(numbers[name])
        found[backend["name"]] = numbers
    return found


def applications_of_json(httpd):
    """Of each application: its numbers, and its processes by pid."""
    found = {}
    for each in json_of(httpd)["applications"]:
        processes = {process.pop("pid"): process for process in each["processes"]}
        assert len(processes) == len(each["processes"])
        found[each["name"]] = each | {"processes": processes}
    return found


# -------------------------------------------------------------------------------------- metrics


def families_of_metrics(httpd):
    text = ask(httpd, "?metrics")
    assert text.endswith("\n")
    families = {each.name: each for each in text_string_to_metric_families(text)}
    for name, each in families.items():
        assert METRIC.fullmatch(name) and not UNITS.search(name), name
        assert each.documentation and each.type in {"counter", "gauge", "histogram"}, name
        # The parser has taken it off a counter's name.
        assert not name.endswith("_total")
        assert ("# TYPE %s_total counter" % name in text) == (each.type == "counter")
    return families


def figures_of_metrics(httpd):
    families = families_of_metrics(httpd)
    found = {}

    def numbers(sample):
        return found.setdefault(sample.labels["backend"], {})

    for sample in families["gateway_requests"].samples:
        numbers(sample)[sample.labels["outcome"]] = int(sample.value)
    for name, family in (GAUGES | COUNTERS).items():
        for sample in families[family].samples:
            numbers(sample)[name] = int(sample.value)
    for name, family in TIMES.items():
        assert families[family].type == "histogram"
        for sample in families[family].samples:
            if sample.name.endswith("_bucket"):
                numbers(sample).setdefault(name, []).append(int(sample.value))
            elif sample.name.endswith("_count"):
                buckets = numbers(sample)[name]
                assert sample.value == buckets[-1]
                pairs = zip(buckets, [0, *buckets])
                numbers(sample)[name] = tuple(upto - before for upto, before in pairs)
    return found


def applications_of_metrics(httpd):
    """Of each application: how many processes are in each state, and their numbers by pid."""
    families = families_of_metrics(httpd)
    found = {}
    for sample in families["gateway_processes"].samples:
        application = found.setdefault(sample.labels["application"], {"states": {}})
        application["states"][sample.labels["state"]] = int(sample.value)
        application.setdefault("processes", {})
    for name, (family, scale) in OF_PROCESS.items():
        for sample in families[family].samples:
            processes = found[sample.labels["application"]]["processes"]
            process = processes.setdefault(int(sample.labels["pid"]), {})
            process["generation"] = int(sample.labels["generation"])
            process[name] = round(sample.value * scale)
    return found


# --------------------------------------------------------------------------------------- the page


class Page(HTMLParser):
    """The backends and the applications of the page, and all of its elements and attributes."""

    def __init__(self, text):
        super().__init__()
        self.found, self.applications = {}, {}
        self.elements, self.attributes = Counter(), Counter()
        self.failures, self.times = [], []
        self.inside, self.name, self.section, self.kind = None, None, None, None
        self.row = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements[tag] += 1
        self.attributes.update(attributes.keys())
        self.inside = tag
        if tag == "section":
            (self.kind,) = set(attributes["class"].split()) - {"card"}
        elif tag == "data" and self.kind == "backend":
            self.found[self.section][self.name] = int(attributes["value"])
        elif tag == "data":
            self.row[self.name] = int(attributes["value"])
        elif tag == "rect":
            times = self.found[self.section].setdefault(attributes["data-name"], ())
            self.found[self.section][attributes["data-name"]] = (
                *times, int(attributes["data-value"]))  # fmt: skip
        elif tag == "tr":
            self.row = {}
        elif tag == "td":
            self.name = attributes["data-name"]
            self.row[self.name] = ""
        elif tag == "li":
            self.failures.append("")

    def handle_endtag(self, tag):
        if tag == "tr" and self.row:
            self.applications[self.section][self.row.pop("pid")] = self.row
        self.inside = None

    def handle_data(self, text):
        if self.inside == "h3":
            self.section = text
            (self.found if self.kind == "backend" else self.applications)[text] = {}
        elif self.inside == "dt":
            self.name = text
        elif self.inside == "td":
            self.row[self.name] += text
        elif self.inside == "time":
            self.times.append(text)
        elif self.inside == "span":
            self.failures[-1] += text


def page_of(httpd):
    return Page(ask(httpd))


def figures_of_page(httpd):
    return page_of(httpd).found
