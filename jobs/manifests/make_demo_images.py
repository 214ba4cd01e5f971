"""Draws the demo's eight schematic medical pictures: `python jobs/manifests/make_demo_images.py FOLDER`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 480, 320
SCALE = 2
COLOURS = 24
INK, GREY, PALE, RED, BLUE, BONE = "#1a1a1a", "#8a8a8a", "#e4e4e4", "#c0281f", "#1f4fa0", "#f3ead2"

Point = tuple[float, float]


class Sheet:
    """A white sheet of 480 by 320 points, drawn at twice that size and then reduced."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[Point], colour: str = INK, width: float = 1.5, dash: bool = False) -> None:
        """A line through the points; dashed, the points must stand close together."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        pieces = [scaled[at : at + 5] for at in range(0, len(scaled), 8)] if dash else [scaled]
        for piece in pieces:
            self.draw.line(piece, fill=colour, width=round(width * SCALE), joint="curve")

    def shape(self, points: Sequence[Point], fill: str, outline: str = INK) -> None:
        """A filled polygon."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.polygon(scaled, fill=fill)
        self.draw.line([*scaled, scaled[0]], fill=outline, width=2 * SCALE, joint="curve")

    def dot(self, at: Point, radius: float, fill: str | None = INK, outline: str = INK) -> None:
        """A circle, filled or open."""
        x, y = at[0] * SCALE, at[1] * SCALE
        r = radius * SCALE
        self.draw.ellipse((x - r, y - r, x + r, y + r), fill=fill, outline=outline, width=round(1.5 * SCALE))

    def text(self, at: Point, words: str, size: int = 13, colour: str = INK, anchor: str = "lm") -> None:
        """Words, placed by their anchor."""
        font = ImageFont.load_default(size * SCALE)
        self.draw.text((at[0] * SCALE, at[1] * SCALE), words, fill=colour, font=font, anchor=anchor)

    def finished(self) -> Image.Image:
        """The picture, with few colours so that its file is small."""
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX).quantize(COLOURS, dither=Image.Dither.NONE)


@dataclass(frozen=True)
class Axes:
    """Two axes on a sheet: data ranges and where they lie. A reversed range runs downwards."""

    sheet: Sheet
    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 62
    top: float = 34
    right: float = 456
    bottom: float = 268

    def place(self, x: float, y: float) -> Point:
        """Where a data point lies on the sheet."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def frame(self, title: str, x_name: str, y_name: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Grid, numbers, names and title."""
        for tick in x_ticks:
            self.sheet.line([self.place(tick, self.y[0]), self.place(tick, self.y[1])], PALE, 1)
            self.sheet.text((self.place(tick, 0)[0], self.bottom + 11), f"{tick:g}", 11, anchor="mm")
        for tick in y_ticks:
            self.sheet.line([self.place(self.x[0], tick), self.place(self.x[1], tick)], PALE, 1)
            self.sheet.text((self.left - 7, self.place(0, tick)[1]), f"{tick:g}", 11, anchor="rm")
        self.sheet.line([(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)])
        self.sheet.text(((self.left + self.right) / 2, self.bottom + 33), x_name, 13, anchor="mm")
        self.sheet.text((12, 16), f"{title}    y: {y_name}", 13)

    def curve(self, xs: np.ndarray, ys: np.ndarray, colour: str = INK, width: float = 2.5, dash: bool = False) -> None:
        """A line through data points."""
        self.sheet.line([self.place(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], colour, width, dash)


def ecg_inferior_st_elevation() -> Image.Image:
    """Three leads whose ST segments lie far above the baseline."""
    sheet = Sheet()
    for step in range(0, WIDTH + 1, 5):
        colour = "#f0b8b4" if step % 25 == 0 else "#fbeeec"
        sheet.line([(step, 0), (step, HEIGHT)], colour, 1)
        sheet.line([(0, step), (WIDTH, step)], colour, 1)
    beat = np.linspace(0, 1, 200, endpoint=False)
    for row, (lead, height) in enumerate((("II", 0.9), ("III", 1.1), ("aVF", 1.0))):
        wave = 0.12 * _bump(beat, 0.15, 0.03) - 0.15 * _bump(beat, 0.27, 0.008) + 1.0 * _bump(beat, 0.30, 0.012)
        raised = 0.55 / (1 + np.exp(-(beat - 0.325) / 0.006)) / (1 + np.exp((beat - 0.58) / 0.03))
        wave = wave + height * (raised + 0.25 * _bump(beat, 0.5, 0.05))
        baseline = 100 + 100 * row
        xs = np.linspace(50, 470, 800)
        sheet.line([(float(x), float(baseline - 50 * y)) for x, y in zip(xs, np.tile(wave, 4), strict=True)], INK, 1.6)
        sheet.line([(x, baseline) for x in range(50, 470, 2)], BLUE, 0.5, dash=True)
        sheet.text((8, baseline), lead, 16)
    sheet.text((8, 14), "25 mm/s   10 mm/mV   dashed: baseline", 12)
    return sheet.finished()


def spirometry_flow_volume() -> Image.Image:
    """A scooped expiratory limb with a low peak, beside the predicted loop."""
    sheet = Sheet()
    axes = Axes(sheet, (0, 5), (-6, 10))
    axes.frame("Flow-volume loop", "Volume (l)", "flow (l/s), expiration upwards", range(6), (-6, -4, -2, 0, 2, 4, 6, 8, 10))
    volume = np.linspace(0, 1, 400)
    rise = np.minimum(volume / 0.12, 1)
    axes.curve(4.6 * volume, 9 * rise * np.minimum(1, (1 - volume) / 0.88), GREY, 2, dash=True)
    axes.curve(4.6 * volume, -5.2 * np.sin(np.pi * volume) ** 0.7, GREY, 2, dash=True)
    axes.curve(3.9 * volume, 4.6 * rise * np.minimum(1, np.exp(-4.2 * (volume - 0.12))) * (1 - volume**6))
    axes.curve(3.9 * volume, -4.4 * np.sin(np.pi * volume) ** 0.7)
    axes.curve(np.array([0, 5]), np.array([0, 0]), INK, 1)
    sheet.text(axes.place(2.15, 8.6), "dashed: predicted", 13, GREY)
    sheet.text(axes.place(2.15, 7.3), "solid: patient, FEV1/FVC 0.48", 13)
    return sheet.finished()


def audiogram_right_ear() -> Image.Image:
    """Bone conduction near 5 dB, air conduction near 45 dB."""
    sheet = Sheet()
    axes = Axes(sheet, (0, 5), (100, -10), right=440)
    axes.frame("Audiogram, right ear", "Frequency (Hz)", "hearing level (dB)", (), range(0, 101, 20))
    air, bone = (45, 50, 45, 45, 40, 45), (5, 5, 10, 10, 5, 5)
    axes.curve(np.arange(6), np.array(air), RED, 2)
    for at, (hertz, level, through) in enumerate(zip((250, 500, 1000, 2000, 4000, 8000), air, bone, strict=True)):
        x, y = axes.place(at, level)
        sheet.line([axes.place(at, 100), axes.place(at, -10)], PALE, 1)
        sheet.text((x, axes.bottom + 11), str(hertz), 11, anchor="mm")
        sheet.dot((x, y), 6, "white", RED)
        if hertz < 8000:
            x, y = axes.place(at, through)
            sheet.line([(x + 5, y - 8), (x - 4, y - 8), (x - 4, y + 8), (x + 5, y + 8)], RED, 2)
    sheet.text(axes.place(0.3, 84), "circle: air conduction    bracket: bone conduction (masked)", 12)
    return sheet.finished()


def pedigree() -> Image.Image:
    """An affected grandfather, his unaffected daughter, and her affected sons."""
    sheet = Sheet()
    sheet.text((12, 16), "filled: affected    square: male    circle: female", 13)
    first, second, third = 75.0, 165.0, 260.0
    for left, right, y in ((200, 290, first), (95, 165, second), (325, 395, second)):
        sheet.line([(left, y), (right, y)])
    sheet.line([(245, first), (245, 120)])
    sheet.line([(165, 120), (325, 120)])
    for x in (165, 325):
        sheet.line([(x, 120), (x, second)])
    for centre, children in ((130, (50, 105, 160, 215)), (360, (310, 360, 410))):
        sheet.line([(centre, second), (centre, 212)])
        sheet.line([(children[0], 212), (children[-1], 212)])
        for x in children:
            sheet.line([(x, 212), (x, third)])
    people = (
        *((200, first, "M"), (290, first, "f"), (95, second, "m"), (165, second, "f"), (325, second, "m"), (395, second, "f")),
        *(
            (50, third, "M"),
            (105, third, "f"),
            (160, third, "m"),
            (215, third, "M"),
            (310, third, "f"),
            (360, third, "m"),
            (410, third, "m"),
        ),
    )
    for x, y, kind in people:
        if kind == "f":
            sheet.dot((x, y), 14, "white")
        else:
            sheet.shape([(x - 13, y - 13), (x + 13, y - 13), (x + 13, y + 13), (x - 13, y + 13)], INK if kind == "M" else "white")
    for name, y in (("I", first), ("II", second), ("III", third)):
        sheet.text((470, y), name, 15, anchor="rm")
    return sheet.finished()


def growth_weight() -> Image.Image:
    """A weight that leaves its centile after six months and crosses two lines."""
    sheet = Sheet()
    axes = Axes(sheet, (0, 18), (2, 14), right=430)
    axes.frame("Girl, weight for age", "Age (months)", "weight (kg)", range(0, 19, 3), range(2, 15, 2))
    months = np.linspace(0, 18, 250)
    median = 3.3 + 7.2 * (1 - np.exp(-months / 7.5)) / (1 - np.exp(-18 / 7.5))
    for name, share in (("97", 1.22), ("50", 1.0), ("3", 0.8)):
        axes.curve(months, median * share, GREY, 1.5, dash=name != "50")
        sheet.text((axes.right + 6, axes.place(0, float(median[-1]) * share)[1]), f"{name}th" if name != "3" else "3rd", 12, GREY)
    ages = np.array([0, 1.5, 3, 4.5, 6, 8, 10, 12, 14])
    weights = np.array([3.4, 4.8, 5.9, 6.8, 7.5, 7.5, 7.4, 7.4, 7.3])
    axes.curve(ages, weights, BLUE, 1.5)
    for age, weight in zip(ages, weights, strict=True):
        sheet.dot(axes.place(float(age), float(weight)), 4, BLUE, BLUE)
    sheet.line([axes.place(6, 2), axes.place(6, 12)], RED, 1.5)
    sheet.text(axes.place(6.3, 12.4), "wheat begun", 12, RED)
    return sheet.finished()


def dose_response() -> Image.Image:
    """Two sigmoid curves with one maximum, the second further right."""
    sheet = Sheet()
    axes = Axes(sheet, (-10, -3), (0, 110))
    axes.frame("Dose-response curves", "log10 of agonist concentration (mol/l)", "effect (% of maximum)", range(-10, -2), range(0, 101, 25))
    dose = np.linspace(-10, -3, 200)
    for name, half, colour in (("A", -7.5, INK), ("B", -5.7, BLUE)):
        axes.curve(dose, 100 / (1 + 10 ** (half - dose)), colour)
        x, y = axes.place(half, 50)
        sheet.text((x - 20, y - 8), name, 17, colour, "mm")
    sheet.text(axes.place(-9.8, 104), "A: agonist    B: agonist + drug X", 13)
    return sheet.finished()


def oxygen_dissociation() -> Image.Image:
    """Two sigmoid saturation curves, B to the right of A."""
    sheet = Sheet()
    axes = Axes(sheet, (0, 14), (0, 105))
    axes.frame("Oxygen dissociation curve", "Oxygen pressure (kPa)", "saturation of haemoglobin (%)", range(0, 15, 2), range(0, 101, 25))
    pressure = np.linspace(0.01, 14, 200)
    for name, half, colour, dash in (("A", 3.5, INK, False), ("B", 4.9, RED, True)):
        axes.curve(pressure, 100 * pressure**2.7 / (half**2.7 + pressure**2.7), colour, 2.5, dash)
        x, y = axes.place(half, 50)
        sheet.text((x - 14 if name == "A" else x + 16, y), name, 17, colour, "mm")
    return sheet.finished()


def fracture_growth_plate() -> Image.Image:
    """A break that runs along the growth plate and leaves through the metaphysis."""
    sheet = Sheet()
    sheet.shape([(170, 30), (170, 120), (140, 190), (330, 190), (300, 120), (300, 30)], BONE)
    sheet.shape([(140, 204), (330, 204), (336, 240), (310, 262), (160, 262), (134, 240)], BONE)
    sheet.shape([(140, 190), (330, 190), (330, 204), (140, 204)], "#b9cfe8")
    sheet.line([(136, 197), (180, 198), (225, 196), (262, 197), (276, 172), (290, 152), (316, 136)], RED, 4)
    for words, y, x in (("diaphysis", 55, 300), ("metaphysis", 165, 319), ("growth plate", 197, 330), ("epiphysis", 235, 335)):
        sheet.line([(x + 4, y), (356, y)], GREY, 1)
        sheet.text((360, y), words, 13)
    sheet.text((235, 290), "joint", 13, GREY, "mm")
    sheet.text((12, 60), "red: fracture", 13, RED)
    return sheet.finished()


def _bump(xs: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-(((xs - centre) / width) ** 2))


PICTURES: tuple[Callable[[], Image.Image], ...] = (
    ecg_inferior_st_elevation,
    spirometry_flow_volume,
    audiogram_right_ear,
    pedigree,
    growth_weight,
    dose_response,
    oxygen_dissociation,
    fracture_growth_plate,
)


def make(folder: Path) -> tuple[Path, ...]:
    """Writes all pictures as PNG; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"{picture.__name__}.png" for picture in PICTURES)
    for picture, path in zip(PICTURES, paths, strict=True):
        picture().save(path, "PNG", optimize=True)
    return paths


if __name__ == "__main__":
    make(Path(sys.argv[1]))
