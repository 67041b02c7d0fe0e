# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG: bars with their bounds, and lines over time."""

from html import escape

OPEN = ('<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        '<rect width="100%" height="100%" fill="white"/>\n')
GOOD, BAD, INK, PALE = "#2a7f62", "#c0392b", "#333", "#ddd"
NAME, BAR, ROW, MARGIN = 420, 420, 20, 40


def text(x, y, content, anchor="start", colour=INK):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(content)}</text>\n")


def bars(path, title, figures):
    """A bar for each figure that has a bound, as a share of it; the line is the bound."""
    figures = [figure for figure in figures if figure.bound]
    shares = [figure.value / figure.bound for figure in figures]
    scale = BAR / max(1.25, *shares, 0)
    height = MARGIN + ROW * len(figures) + ROW
    svg = OPEN.format(width=NAME + BAR + 160, height=height) + text(10, 22, title)
    for row, (figure, share) in enumerate(zip(figures, shares)):
        y = MARGIN + row * ROW
        svg += text(NAME - 8, y + 14, figure.name, "end")
        length = max(share, 0) * scale
        svg += (f'<rect x="{NAME}" y="{y + 3}" width="{length:.1f}" height="{ROW - 6}" '
                f'fill="{GOOD if figure.holds else BAD}"/>\n')
        svg += text(NAME + length + 6, y + 14,
                    f"{figure.value} of {figure.bound} {figure.unit}".rstrip())
    svg += (f'<path d="M{NAME + scale:.1f} {MARGIN - 6}V{height - ROW + 4}" stroke="{INK}" '
            'stroke-dasharray="4 3"/>\n</svg>\n')
    path.parent.mkdir(exist_ok=True)
    path.write_text(svg)


def lines(path, title, series, seconds):
    """A small chart below the other for each name of series: its values over the seconds."""
    width, each = 900, 90
    svg = OPEN.format(width=width, height=MARGIN + each * len(series) + 20)
    svg += text(10, 22, title)
    for row, (name, values) in enumerate(series.items()):
        top, bottom = MARGIN + row * each + 18, MARGIN + (row + 1) * each - 8
        most = max([*values, 1])
        points = " ".join(
            f"{10 + (width - 20) * at / max(seconds[-1], 1):.1f},"
            f"{bottom - (bottom - top) * value / most:.1f}" for at, value in zip(seconds, values))
        svg += f'<path d="M10 {bottom}H{width - 10}" stroke="{PALE}"/>\n'
        svg += text(10, top - 5, f"{name}: {min(values):,} to {max(values):,}")
        svg += f'<polyline points="{points}" fill="none" stroke="{GOOD}" stroke-width="1.5"/>\n'
    path.parent.mkdir(exist_ok=True)
    path.write_text(svg + text(width - 10, MARGIN + each * len(series) + 14,
                               f"{seconds[-1]:.0f} s", "end") + "</svg>\n")
