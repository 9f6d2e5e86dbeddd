"""code.py RUN PAGE: the schedules and the graph of a report hold together, and with the run's record.

Every cell of a schedule says something; cycles count on; a bundle has no more atoms than may issue; what is said to be
ready in a cycle is written by the bundle named, a latency earlier. The graph's boxes are rows of regions.csv.
"""
import csv, html, re, sys

run, page = sys.argv[1], open(sys.argv[2], encoding="utf-8").read()
config = open(run + "/config.effective.yaml").read()
key = lambda path: re.search(r"^ *%s: *([^#\n]*)" % path, config, re.M).group(1).strip()
width, exposed = int(key("issue_width")), key("interlocks") == "exposed"
load = int(re.search(r"latency:\n(?:.*\n)*? *load: *(\d+)", config).group(1))
plain = lambda cell: html.unescape(re.sub(r"<[^>]*>", "", cell)).strip()
wrong, seen = [], {}


def check(fine, *what):
    if not fine: wrong.append(what)


def writes(cells, reg):
    """The first word behind the mnemonic, or a flag register behind the ';', is what an atom writes."""
    return [c for c in cells if re.match(r"\S+ %s\b" % reg, c) or re.search(r"; (status )?%s\b" % reg, c)
            or re.match(r"setf %s\b" % reg, c)]


def check_grid(grid, number):
    units = len(re.findall(r"<th scope=\"col\">", grid))
    issued, cycle = {}, None
    for row in re.findall(r"<tr.*?</tr>", grid.split("<tbody>")[1], re.S):
        if 'class="part"' in row:
            cycle = None
            continue
        cells = [plain(c) for c in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
        first, last = (int(n) for n in (re.findall(r"\d+", cells[0]) * 2)[:2])
        check(cycle is None or first == cycle, number, "cycle", cells)
        cycle = last + 1
        if 'class="stall"' in row:
            seen["stall"] = 1
            found = re.match(r"stall: waits for (\S+|a unit that is not pipelined), from bundle (\d+)$", cells[2])
            check(not exposed and found, number, "a stall", cells)
            if found: check(writes(issued[int(found[2])][1], found[1]) or "div" in str(issued[int(found[2])]), number,
                            "what does it wait for?", cells)
            continue
        check(len(cells) == units + 2 and all(cells), number, "a slot without a word", cells)
        atoms = [c for c, raw in zip(cells[2:], re.findall(r"<td[^>]*>", row)[1:]) if "empty" not in raw]
        check(len(atoms) <= width, number, "too many atoms", cells)
        issued[int(cells[1])] = (first, atoms)
        for reason in (c for c, raw in zip(cells[2:], re.findall(r"<td[^>]*>", row)[1:]) if "empty" in raw):
            seen[re.split(r"[:;]", reason)[0]] = 1
            check(("NOP" in reason) == (exposed and not atoms), number, "exposed-latency NOP", cells)
            found = re.search(r"latency: .* needs (\S+) of bundle (\d+), ready in cycle (\d+)", reason)
            if not found: continue
            begun, there = issued[int(found[2])]
            writers = writes(there, found[1])
            check(writers and int(found[3]) > first, number, "latency", reason)
            if any(re.match(r"ld", w) for w in writers): check(int(found[3]) == begun + load, number, reason, begun)


grids = re.findall(r'<table class="grid">.*?</table>', page, re.S)
for number, grid in enumerate(grids): check_grid(grid, number)
check(len(grids) > 20, "few schedules", len(grids))
for word in ["latency", "unit", "nothing ready", "nothing left", "end of region", "prologue", "leaving",
             "exposed-latency NOP" if exposed else "stall"]:
    check(word in seen, "never said", word)
for word in seen: check("<th scope=\"row\">%s</th>" % word in page, "not explained", word)
check("as many instructions, bundles and atoms as the one" in page, "none made again as it ran")

rows = {r["region"]: r for r in csv.DictReader(open(run + "/regions.csv")) if r["kind"] == "translation"}
if "<svg" in page:
    svg = re.search(r"<svg.*?</svg>", page, re.S).group(0)
    boxes = re.findall(r'<g id="flow_(\d+)" class="node">', svg)
    edges = re.findall(r'<g id="flow_edge_\d+" class="edge">\n<title>region (\d+)&#45;&gt;region (\d+)</title>', svg)
    check("xmlns" not in svg and 'aria-label="Control-flow graph of %d translations, with %d edges"' %
          (len(boxes), len(edges)) in svg, "the graph's label", len(boxes), len(edges))
    most = sorted(rows, key=lambda r: (-int(rows[r]["cycles"]), int(r)))[:300]
    check(sorted(boxes) == sorted(most), "the graph's boxes")
    check(("Shown are the 300 most" in page) == (len(rows) > 300), "how many are shown")
    for a, b in edges:
        born, end = (lambda r: int(rows[r]["made_cycle"])), (lambda r: int(rows[r]["ended_cycle"] or 1 << 64))
        check(born(a) < end(b) and born(b) < end(a), "an edge between two that never met", a, b)
    check(len(edges) > 10, "few edges", len(edges))
for found in wrong[:10]: print(*found)
sys.exit(bool(wrong))
