# SPDX-License-Identifier: Apache-2.0
"""Prints the matrix of test_matrix.py after the tests."""

COMBINATIONS = [("unix", "close"), ("unix", "keep"), ("tcp", "close"), ("tcp", "keep")]


def pytest_configure(config):
    config.matrix = {}


def pytest_terminal_summary(terminalreporter, config):
    if not config.matrix:
        return
    names = list(dict.fromkeys(name for name, _, _ in config.matrix))
    cases = list(next(iter(config.matrix.values())))
    write = terminalreporter.write_line
    write("Application x case, each by unix, unix kept, tcp, tcp kept. + as it must be, F not")
    write(" " * 20 + " ".join(name[:16].ljust(16) for name in names))
    for case in cases:
        cells = [_cell(config.matrix, name, case) for name in names]
        write(case.ljust(20) + " ".join(cell.ljust(16) for cell in cells))


def _cell(matrix, name, case):
    return "".join(_mark(matrix, name, way, case) for way in COMBINATIONS)


def _mark(matrix, name, way, case):
    results = matrix.get((name, *way))
    if results is None:
        return " "
    return "+" if results[case].startswith("ok") else "F"
