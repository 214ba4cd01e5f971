"""Recall by planted transform, and every distinct pair kept apart, on the real images of VQA-RAD.

MEDTRACE_DATA=DIR python -m tests.bench.bench_dedup_real [every=1] [radius=18]
"""

import os
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from pipeline.images.confirm import Same, compare, sketch
from pipeline.images.near import RADIUS
from pipeline.images.phash import perceptual_hashes

Change = Callable[[Image.Image], bytes]


def coded(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format, **({"quality": 90} if format == "JPEG" else {}) | options)  # pyright: ignore[reportArgumentType]
    return out.getvalue()


def resized(image: Image.Image, scale: float) -> bytes:
    return coded(image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC))


def cropped(image: Image.Image, share: float, corner: bool = False) -> bytes:
    across, down = round(image.width * share), round(image.height * share)
    return coded(image.crop((across, down, image.width - across * (not corner), image.height - down * (not corner))))


def padded(image: Image.Image, shade: int) -> bytes:
    return coded(ImageOps.expand(image, (round(image.width * 0.03), round(image.height * 0.03)), (shade,) * 3))


def captioned(image: Image.Image) -> bytes:
    drawn = image.copy()
    font = ImageFont.load_default(size=max(10, image.height // 24))
    ImageDraw.Draw(drawn).text((image.width * 0.03, image.height * 0.03), "Figure 3A  LEFT", fill=(255, 255, 255), font=font)
    return coded(drawn)


def deep(image: Image.Image) -> bytes:
    return coded(Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 100), "PNG")


SAME: dict[str, Change] = {
    **{f"JPEG quality {quality}": lambda image, q=quality: coded(image, quality=q) for quality in (30, 50, 70, 95)},
    **{f"resize x{scale}": lambda image, s=scale: resized(image, s) for scale in (0.5, 0.75, 1.25, 1.5)},
    **{f"crop {share:.0%}": lambda image, s=share: cropped(image, s) for share in (0.01, 0.02, 0.03, 0.04)},
    "crop 4% at a corner": lambda image: cropped(image, 0.04, corner=True),
    "pad 3% black": lambda image: padded(image, 0),
    "pad 3% white": lambda image: padded(image, 255),
    **{f"brightness x{by}": lambda image, b=by: coded(ImageEnhance.Brightness(image).enhance(b)) for by in (0.8, 1.2)},
    **{f"contrast x{by}": lambda image, b=by: coded(ImageEnhance.Contrast(image).enhance(b)) for by in (0.8, 1.2)},
    "PNG": lambda image: coded(image, "PNG"),
    "PNG grey": lambda image: coded(image.convert("L"), "PNG"),
    "PNG palette": lambda image: coded(image.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "PNG alpha": lambda image: coded(image.convert("RGBA"), "PNG"),
    "PNG 16 bits": deep,
    "JPEG CMYK": lambda image: coded(image.convert("CMYK")),
    "JPEG progressive": lambda image: coded(image, progressive=True),
    "WebP": lambda image: coded(image, "WEBP", quality=80),
    "BMP": lambda image: coded(image, "BMP"),
    "GIF": lambda image: coded(image.convert("L"), "GIF"),
    "small text": captioned,
}
OTHER: dict[str, Change] = {
    "mirrored": lambda image: coded(ImageOps.mirror(image)),
    "upside down": lambda image: coded(ImageOps.flip(image)),
    "turned by 90": lambda image: coded(image.transpose(Image.Transpose.ROTATE_90)),
    "turned by 180": lambda image: coded(image.transpose(Image.Transpose.ROTATE_180)),
}


def bits(one: bytes, two: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(two)).bit_count()


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    radius = int(sys.argv[2]) if len(sys.argv) > 2 else RADIUS
    root = Path(os.environ["MEDTRACE_DATA"]) / "vqa_rad"
    files = [path.read_bytes() for path in sorted(root.rglob("*.jpg"))[::every]]
    hashes, sketches = [perceptual_hashes(data).phash64 for data in files], [sketch(data) for data in files]
    print(f"{len(files)} images, radius {radius}\n{'transform':22}{'bits p50':>9}{'p98':>5}{'max':>5}{'near':>7}{'same':>7}")
    for name, change in {**SAME, **OTHER}.items():
        apart, same = [], 0
        for data, known, drawn in zip(files, hashes, sketches, strict=True):
            changed = change(Image.open(BytesIO(data)).convert("RGB"))
            apart.append(bits(perceptual_hashes(changed).phash64, known))
            same += apart[-1] <= radius and compare(drawn, sketch(changed)).same is Same.YES
        near = sum(distance <= radius for distance in apart)
        middle, high = np.percentile(apart, [50, 98])
        print(f"{name:22}{middle:9.0f}{high:5.0f}{max(apart):5}{near / len(files):7.3f}{same / len(files):7.3f}", flush=True)
    began, pairs, near, merged, best = time.process_time(), 0, 0, 0, 0.0
    for left in range(len(files)):
        for right in range(left):
            found = compare(sketches[left], sketches[right])
            pairs, near = pairs + 1, near + (bits(hashes[left], hashes[right]) <= radius)
            merged, best = merged + (found.same is Same.YES), max(best, found.share)
    spent = (time.process_time() - began) / pairs
    print(f"distinct pairs: {pairs}, {near} near by hash, {merged} merged; highest tile share {best:.2f}; {1000 * spent:.1f} ms a pair")


if __name__ == "__main__":
    main()
