import xml.etree.ElementTree as ET

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from causalpp import Dag
from causalpp.errors import InvalidGraph, InvalidParameter, UnknownVariable
from causalpp.graphs import drawing
from causalpp.graphs.drawing import _scene, draw_graph, graph_svg, style
from causalpp.graphs.drawing._layout import BOX_HEIGHT, Link, arrange, layers
from causalpp.graphs.random import complete, erdos_renyi, scale_free

ASIA = [
    ("asia", "tub"), ("smoke", "lung"), ("smoke", "bronc"), ("tub", "either"),
    ("lung", "either"), ("either", "xray"), ("either", "dysp"), ("bronc", "dysp"),
]  # fmt: skip
NAMES = tuple(dict.fromkeys(name for edge in ASIA for name in edge))
SVG = "{http://www.w3.org/2000/svg}"


def curve(points, steps=40):
    """Points along a chain of cubic Bézier pieces."""
    out = []
    t = np.linspace(0, 1, steps)[:, None]
    p = np.array(points)
    for i in range(0, len(p) - 1, 3):
        a, b, c, d = p[i : i + 4]
        out.append((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
    return np.concatenate(out)


def random_links(seed, labels=False):
    """A graph with all kinds of edges, cycles and parallel edges included."""
    generator = np.random.default_rng(seed)
    d = int(generator.integers(1, 22))
    widths = generator.uniform(38, 180, d).tolist()
    links, share = [], generator.uniform(0.3, 2) / d
    for a in range(d):
        for b in range(d):
            for kind in ("directed", "undirected", "bidirected"):
                likely = share * {"directed": 1, "undirected": 0.4, "bidirected": 0.3}[kind]
                if a != b and (kind == "directed" or a < b) and generator.random() < likely:
                    links.append(Link(a, b, kind, generator.random(), 30.0 if labels else 0.0))
    return widths, links


def check(widths, links):
    """Boxes apart from each other, everything on the sheet, edges between their boxes and across no other."""
    layout = arrange(widths, links)
    boxes = layout.boxes
    assert [box.width for box in boxes] == widths
    for i, box in enumerate(boxes):
        assert box.width / 2 - 1e-6 <= box.x <= layout.width - box.width / 2 + 1e-6
        assert BOX_HEIGHT / 2 - 1e-6 <= box.y <= layout.height - BOX_HEIGHT / 2 + 1e-6
        for other in boxes[:i]:
            apart = abs(box.x - other.x) - (box.width + other.width) / 2
            assert apart > 15 or abs(box.y - other.y) > BOX_HEIGHT + 15
    assert [route.link for route in layout.routes] == list(links)
    for route in layout.routes:
        line = curve(route.points)
        assert line.min() >= -1e-6
        assert line[:, 0].max() <= layout.width + 1e-6
        assert line[:, 1].max() <= layout.height + 1e-6
        for k, at in ((route.link.a, line[0]), (route.link.b, line[-1])):
            assert abs(at[0] - boxes[k].x) <= boxes[k].width / 2
            assert abs(abs(at[1] - boxes[k].y) - BOX_HEIGHT / 2) < 1e-6
        for k, box in enumerate(boxes):
            margin = -0.5 if k in (route.link.a, route.link.b) else 2.0
            inside = (np.abs(line[:, 0] - box.x) < box.width / 2 + margin) & (
                np.abs(line[:, 1] - box.y) < BOX_HEIGHT / 2 + margin
            )
            assert not inside.any(), (route, k)
    return layout


# --- layout -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_no_edge_crosses_a_box(seed):
    check(*random_links(seed))


@pytest.mark.parametrize("seed", range(60))
def test_labels_do_not_overlap(seed):
    widths, links = random_links(seed, labels=True)
    layout = check(widths, links)
    places = [route.label_at for route in layout.routes]
    for i, (x, y) in enumerate(places):
        assert all(abs(x - u) >= 30 - 1e-6 or abs(y - v) >= 14 for u, v in places[:i])
        assert all(abs(x - b.x) >= 15 + b.width / 2 or abs(y - b.y) >= BOX_HEIGHT / 2 + 7 for b in layout.boxes)
        line = curve(layout.routes[i].points, 200)
        assert np.hypot(line[:, 0] - x, line[:, 1] - y).min() < 10


@pytest.mark.parametrize(
    "batch",
    [
        erdos_renyi(40, expected_degree=2.5, n=5, seed=0),
        erdos_renyi(37, expected_degree=1, n=5, seed=1),
        scale_free(30, edges_per_node=2, n=5, seed=2),
        scale_free(40, n=5, seed=3),
        complete(15, seed=4),
    ],
)
def test_causes_stand_above_effects_on_a_sheet_of_decent_shape(batch):
    for dag in batch:
        place = {name: i for i, name in enumerate(dag.nodes)}
        layout = check([45.0] * len(dag), [Link(place[a], place[b], "directed") for a, b in dag.edges])
        y = {name: box.y for name, box in zip(dag.nodes, layout.boxes)}
        assert all(y[a] < y[b] for a, b in dag.edges)
        assert 0.25 < layout.width / layout.height < 4


def test_sources_stand_just_above_their_effects():
    chain = [Link(i, i + 1, "directed") for i in range(4)]
    assert layers([40.0] * 6, [*chain, Link(5, 4, "directed")]) == [0, 1, 2, 3, 4, 3]


def test_simple_graphs_are_symmetric():
    fork = arrange([50.0] * 3, [Link(0, 1, "directed"), Link(0, 2, "directed")])
    top, left, right = fork.boxes
    assert top.x == pytest.approx((left.x + right.x) / 2)
    assert left.y == right.y
    chain = arrange([50.0, 80.0, 60.0], [Link(0, 1, "directed"), Link(1, 2, "directed")])
    assert len({round(box.x, 6) for box in chain.boxes}) == 1


def test_many_isolated_variables_fill_a_sheet():
    layout = check([50.0] * 40, [])
    assert 0.5 < layout.width / layout.height < 3
    assert arrange([], []).boxes == ()


def test_a_light_edge_gives_way_in_a_cycle():
    boxes = arrange([40.0] * 2, [Link(0, 1, "directed", 0.2), Link(1, 0, "directed", 0.8)]).boxes
    assert boxes[1].y < boxes[0].y


def test_layout_is_deterministic():
    widths, links = random_links(7)
    assert arrange(widths, links) == arrange(widths, links)


# --- SVG --------------------------------------------------------------------------------------------------


def parse(text):
    root = ET.fromstring(text)
    assert root.tag == SVG + "svg"
    return root


def titles(text):
    return [element.text for element in parse(text).iter(SVG + "title")]


def test_svg_shows_every_variable_and_edge():
    text = graph_svg(NAMES, ASIA)
    assert sorted(titles(text)) == sorted([*NAMES, *(f"{a} → {b}" for a, b in ASIA)])
    root = parse(text)
    assert [element.text for element in root.iter(SVG + "text")] == list(NAMES)
    assert len(list(root.iter(SVG + "rect"))) == len(NAMES)
    assert "asia → tub" in root.get("aria-label")
    assert " id=" not in text  # several pictures share one page


def test_svg_of_all_kinds_of_edges():
    text = graph_svg("abcd", [("a", "b")], undirected=[("b", "c"), ("c", "b")], bidirected=[("a", "d")], latent="d")
    assert set(titles(text)) == {"a", "b", "c", "d", "a → b", "b — c", "a ↔ d"}
    groups = {g.find(SVG + "title").text: g for g in parse(text).iter(SVG + "g") if g.find(SVG + "title") is not None}
    dashed = {name for name, g in groups.items() if any(e.get("stroke-dasharray") for e in g)}
    assert dashed == {"d", "a ↔ d"}
    heads = {name: len(g.findall(SVG + "path")) - 1 for name, g in groups.items() if len(name) > 1}
    assert heads == {"a → b": 1, "b — c": 0, "a ↔ d": 2}


def test_svg_escapes_and_shortens_names():
    long = "a very long name of a variable, with its unit & <source>"
    names = [long, "quote \" and ' tick", "&amp;", "<b>", "two\nlines\tand tab", "nul\x00\ud800", "日本語", "$x_1$"]
    text = graph_svg(names, [(long, "<b>")], highlight={long})
    shown = [element.text for element in parse(text).iter(SVG + "text")]
    assert long in titles(text)
    start, end = shown[0].split("…")
    assert long.startswith(start)
    assert long.endswith(end)
    assert len(shown[0]) <= _scene._LONGEST_NAME
    assert shown[1:] == [names[1], "&amp;", "<b>", "two lines and tab", "nul\ufffd\ufffd", "日本語", "$x_1$"]


@pytest.mark.parametrize("edges", [(), [("a", "b")]])
def test_names_fit_their_boxes(edges):
    names = ["a", "b", "WWWWWWWWWWWWWWWWWWWW", "mmmmmmmmmmmmm", "iiiiiiiii", "smoking_status_2019"]
    ax = draw_graph(names, edges, ax=Figure(figsize=(9, 9)).subplots())
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    boxes = [p for p in ax.patches if type(p).__name__ == "FancyBboxPatch"]
    assert len(boxes) == len(ax.texts) == len(names)
    for box, text in zip(boxes, ax.texts):
        outer, inner = box.get_window_extent(renderer), text.get_window_extent(renderer)
        assert outer.x0 < inner.x0 < inner.x1 < outer.x1
        assert outer.y0 < inner.y0 < inner.y1 < outer.y1


def test_svg_of_empty_and_single_graphs():
    assert titles(graph_svg([], [])) == []
    assert titles(graph_svg(["x"], [])) == ["x"]


def test_svg_weights_labels_and_highlights():
    text = graph_svg(
        "abc",
        [("a", "b"), ("b", "c"), ("b", "a")],
        bidirected=[("a", "c")],
        edge_weights={("a", "b"): 0.9, ("b", "a"): 0.1, ("c", "a"): 0.5},
        edge_labels={("a", "b"): "0.90 <", ("a", "c"): "ρ"},
        highlight=["a", ("b", "c")],
    )
    assert {"a → b (0.9)", "b → a (0.1)", "a ↔ c (0.5)", "b → c"} <= set(titles(text))
    assert {"0.90 <", "ρ"} <= {element.text for element in parse(text).iter(SVG + "text")}
    strength = {}
    for g in parse(text).iter(SVG + "g"):
        if g.get("opacity"):
            path = g.find(SVG + "path")
            strength[g.find(SVG + "title").text[:5]] = float(g.get("opacity")), float(path.get("stroke-width"))
    assert strength["b → a"] < strength["a ↔ c"] < strength["a → b"]
    assert text.count(drawing.ACCENT) == 3  # a box, a line and its head


def test_notebooks_get_svg():
    dag = Dag.from_edges([("U", "x"), ("U", "y"), ("x", "y")], latent="U")
    assert dag._repr_html_() == dag.svg()
    assert set(titles(dag.svg())) == {"U", "x", "y", "U → x", "U → y", "x → y"}
    assert set(titles(dag.latent_projection()._repr_html_())) == {"x", "y", "x → y", "x ↔ y"}


@pytest.mark.parametrize("draw", [graph_svg, draw_graph])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"edges": [("a", "z")]}, UnknownVariable, "'z' in the edge 'a' → 'z'"),
        ({"undirected": [("a", "z")]}, UnknownVariable, "'a' — 'z'"),
        ({"edges": [("a", "a")]}, InvalidGraph, "joins two variables"),
        ({"edges": [("a", "b", "c")]}, InvalidGraph, "pair"),
        ({"nodes": ["a", "a"]}, InvalidGraph, "twice"),
        ({"latent": ["z"]}, UnknownVariable, "'z'"),
        ({"highlight": ["z"]}, UnknownVariable, "'z'"),
        ({"highlight": [("b", "a")]}, InvalidParameter, "not an edge"),
        ({"edge_labels": {("b", "c"): "x"}}, InvalidParameter, "not an edge"),
        ({"edge_weights": {("a", "b"): 1.2}}, InvalidParameter, "between 0 and 1"),
        ({"edge_weights": {("a", "b"): float("nan")}}, InvalidParameter, "between 0 and 1"),
    ],
)
def test_wrong_arguments_are_refused(draw, arguments, error, message):
    with pytest.raises(error, match=message):
        draw(**({"nodes": ["a", "b", "c"], "edges": [("a", "b")]} | arguments))
    assert not plt.get_fignums()


# --- matplotlib -------------------------------------------------------------------------------------------


def test_drawing_on_given_axes():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    dag = Dag.from_edges(ASIA, latent="smoke")
    assert dag.plot(ax=left, highlight={"tub", ("asia", "tub")}, title="Lung $cancer$ clinic_1") is left
    assert [text.get_text() for text in left.texts] == list(dag.nodes)
    assert left.get_title() == "Lung $cancer$ clinic_1"
    assert not right.patches
    dag.latent_projection().plot(ax=right)
    FigureCanvasAgg(figure).draw()
    assert not plt.get_fignums()


def test_drawing_on_a_subfigure():
    half, _ = Figure().subfigures(1, 2)
    ax = draw_graph("ab", [("a", "b")], ax=half.subplots())
    assert [text.get_text() for text in ax.texts] == ["a", "b"]


def test_a_new_figure_has_the_shape_of_the_graph():
    ax = draw_graph(NAMES, ASIA, title="asia", edge_labels={ASIA[0]: "0.5"})
    try:
        assert plt.get_fignums() == [ax.figure.number]
        ax.figure.canvas.draw()
        width, height = ax.figure.get_size_inches()
        assert 1 < width < 4
        assert 1 < height < 6
    finally:
        plt.close(ax.figure)


def test_text_follows_the_resolution(tmp_path):
    ax = draw_graph("ab", [("a", "b")], ax=Figure(figsize=(4, 3)).subplots())
    sizes = []
    for dpi in (50, 200):
        ax.figure.savefig(tmp_path / "picture.png", dpi=dpi)
        sizes.append(ax.texts[0].get_fontsize())
    assert sizes[0] == pytest.approx(sizes[1])
    for kind in ("svg", "pdf"):
        ax.figure.savefig(tmp_path / f"picture.{kind}")


def test_arguments_may_be_iterators():
    ax = draw_graph(iter("abc"), iter([("a", "b")]), undirected=iter([("b", "c")]), ax=Figure().subplots())
    assert len(ax.texts) == 3


def test_style_lasts_for_its_block():
    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["axes.spines.top"] is False
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(drawing.SERIES)
    assert dict(mpl.rcParams) == before


def luminance(colour):
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_edges_are_seen_on_light_and_dark_pages(page):
    for colour in (drawing.MUTED, drawing.ACCENT):
        low, high = sorted((luminance(colour), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.1, graphical objects
