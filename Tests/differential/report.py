# SPDX-License-Identifier: Apache-2.0
"""Says what came of the pairs: each difference without a row, and each row without a case."""

from collections import Counter

SHOWN_AT_MOST = 60
VALUE_WIDTH = 300
LINES_AT_MOST = 60


def text_of(value):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_WIDTH else text[:VALUE_WIDTH] + "..."


def describe(result, verbose):
    lines = ["%s %s (%s)" % ("ok  " if result.passed else "FAIL", result.id, result.fragment)]
    for difference, names in result.differences:
        if names and not verbose:
            continue
        lines.append("     %s%s" % (difference.path, "  [%s]" % ", ".join(names) if names else ""))
        lines.append("         stock: %s" % text_of(difference.stock))
        lines.append("         ours:  %s" % text_of(difference.ours))
    if len(lines) > LINES_AT_MOST:
        lines[LINES_AT_MOST:] = ["     ... and %d more" % ((len(lines) - LINES_AT_MOST) // 3)]
    lines += ["     " + line for line in result.faults]
    return "\n".join(lines)


def tell(results, table, whole, verbose):
    """Prints everything, and returns the exit status."""
    failed = [result for result in results if not result.passed]
    for result in results if verbose else failed[:SHOWN_AT_MOST]:
        print(describe(result, verbose))
    if len(failed) > SHOWN_AT_MOST and not verbose:
        print("... and %d more" % (len(failed) - SHOWN_AT_MOST))
    if not verbose:
        tell_paths(failed)
    used = Counter(name for result in results for _, names in result.differences for name in names)
    groups = Counter(result.id.partition(":")[0] for result in results)
    lost = Counter(result.id.partition(":")[0] for result in failed)
    print("\n%-24s %6s %6s" % ("group", "pairs", "failed"))
    for name in sorted(groups):
        print("%-24s %6d %6d" % (name, groups[name], lost[name]))
    print("\n%-36s %s" % ("row", "differences"))
    for name in table:
        print("%-36s %d" % (name, used[name]))
    unused = [name for name in table if not used[name]] if whole else []
    for name in unused:
        print("FAIL no pair shows the difference of the row %s" % name)
    bad = len(failed) + len(unused)
    print("%d passed, %d failed" % (len(results) - len(failed), bad))
    return 1 if bad else 0


def tell_paths(failed):
    """Which fields the failures are about, the most frequent first."""
    paths = Counter()
    for result in failed:
        for path in {d.path for d, names in result.differences if not names}:
            paths[path] += 1
    for path, count in paths.most_common(30):
        print("%6d differ without a row: %s" % (count, path))
