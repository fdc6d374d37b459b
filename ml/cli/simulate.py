"""`python -m ml simulate SKY`: write a simulated sky to a folder."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from ml.cli.exit_status import exit_status
from ml.cli.seed import add_seed
from ml.simulate.atlas.night import SATELLITES, atlas
from ml.simulate.euclid.euclid_field import DITHERS, FAINTEST_SNR, SIZE, euclid
from ml.simulate.ground.ground_cutouts import SHEETS, ground
from ml.simulate.ground.ground_cutouts import SIZE as FIELD
from ml.simulate.hubble.hubble_cutouts import SIZE as CUTOUT
from ml.simulate.hubble.hubble_cutouts import hubble
from ml.simulate.injection.cube_injection import inject_into
from ml.simulate.summary import sky_summary
from ml.simulate.tess.tess_cubes import CADENCE, FRAMES, MOVERS, tess
from ml.simulate.tess.tess_cubes import SIZE as CUBE
from ml.simulate.tess.tess_movers import FAINTEST, UNUSUAL


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = subparsers.add_parser("simulate", help="write a simulated sky: manifest.csv, truth.csv and FITS files")
    skies = parser.add_subparsers(dest="sky", required=True)
    night = add_sky(skies, "atlas", "difference stamps of eight classes, or tracklets of them")
    night.add_argument("--tracklets", action="store_true", help="link the stamps into tracklets")
    night.add_argument("--detections", help="frames of a tracklet: 3 to 8, or 'mixed' (default 4)")
    night.add_argument("--snr", help="S/N range of all classes but NOISE, such as 5:20 (default: each class its own)")
    night.add_argument("--satellites", type=float, help=f"fraction of tracklets (default {SATELLITES})")
    field = add_sky(skies, "euclid", "three-dither stamps of moving objects, stars, galaxies and cosmic rays")
    night.add_argument("--share", type=float, help="fraction of real subjects (default: three eighths)")
    field.add_argument("--share", type=float, help="fraction of SSO (default: a half)")
    field.add_argument("--size", type=int, default=SIZE, help=f"side of the stamps in pixels (default {SIZE})")
    field.add_argument("--dithers", type=int, default=DITHERS, choices=(1, 3, 4), help="channels (default 3)")
    field.add_argument("--rates", default="10:80", help="slowest:fastest in arcsec per hour (default 10:80)")
    field.add_argument("--least-snr", type=float, default=FAINTEST_SNR, help="minimum S/N in one exposure (default 5)")
    field.add_argument("--whole", action="store_true", help="cut at the object's size plus 65 ± 5 pixels, then resize")
    short = add_sky(skies, "ground", "ground-based fields and sheets of stamps with short trails")
    short.add_argument("--size", type=int, default=FIELD, help=f"side of the cutouts in pixels (default {FIELD})")
    short.add_argument("--share", type=float, default=0.8, help="fraction of fields with trails (default 0.8)")
    short.add_argument("--seeing", default="1.5:6", help="smallest:largest FWHM of stars in pixels (default 1.5:6)")
    short.add_argument(
        "--sheets", type=float, default=SHEETS, help=f"fraction of cutouts that are sheets of stamps (default {SHEETS})"
    )
    large = add_sky(skies, "hubble", "large cutouts with straight and curved asteroid trails and look-alikes")
    large.add_argument("--size", type=int, default=CUTOUT, help=f"side of the cutouts in pixels (default {CUTOUT})")
    large.add_argument("--share", type=float, default=0.5, help="fraction of cutouts with a trail (default 0.5)")
    cubes = add_sky(skies, "tess", "cubes over time with moving asteroids and their masks")
    cubes.add_argument("--size", type=int, default=CUBE, help=f"side of the cubes in pixels (default {CUBE})")
    cubes.add_argument("--frames", type=int, default=FRAMES, help=f"frames of each cube (default {FRAMES})")
    cubes.add_argument("--cadence", type=float, default=CADENCE, help=f"seconds between frames (default {CADENCE:g})")
    cubes.add_argument("--movers", type=float, default=MOVERS, help=f"mean number per cube (default {MOVERS:g})")
    cubes.add_argument("--into", type=Path, metavar="FILE", help="inject the movers into this real cube instead")
    cubes.add_argument("--faintest", type=float, default=FAINTEST, help=f"V magnitude (default {FAINTEST:g})")
    cubes.add_argument(
        "--unusual", type=float, default=UNUSUAL, help="fraction of very fast and very slow movers (default 0.1)"
    )


def add_sky(skies: Any, name: str, summary: str) -> argparse.ArgumentParser:
    sky: argparse.ArgumentParser = skies.add_parser(name, help=summary)
    sky.add_argument("--n", type=int, required=True, help="number of subjects")
    sky.add_argument("--out", type=Path, required=True, help="folder to write to")
    add_seed(sky, "the same seed gives the same files (default 0)")
    sky.add_argument("--gold", type=float, default=0.1, help="fraction of rows marked as gold (default 0.1)")
    sky.add_argument("--summary", action="store_true", help="also print S/N, magnitude and rate of each class")
    sky.set_defaults(run=lambda args: exit_status(f"simulate {name}", lambda: run(args)))
    return sky


def run(args: argparse.Namespace) -> None:
    """Write the sky and print a summary as JSON."""
    started = time.perf_counter()
    manifest = SKIES[args.sky](args)
    seconds = round(time.perf_counter() - started, 3)
    result = {"sky": args.sky, "n": args.n, "manifest": str(manifest), "seconds": seconds}
    sys.stdout.write(json.dumps(result | ({"classes": sky_summary(manifest)} if args.summary else {})) + "\n")


def simulate_atlas(args: argparse.Namespace) -> Path:
    kind = "tracklet" if args.tracklets else "stamp"
    for option in ("detections", "satellites"):
        if not args.tracklets and getattr(args, option) is not None:
            raise ValueError(f"--{option} is of tracklets: add --tracklets, or leave it out.")
    detections = frame_count(args.detections or "4")
    snr = number_pair("--snr", args.snr) if args.snr else None
    satellites = SATELLITES if args.satellites is None else args.satellites
    return atlas(
        args.n, args.seed, args.out, kind=kind, detections=detections, snr=snr, satellites=satellites,
        share=args.share, gold_fraction=args.gold,
    )  # fmt: skip


def frame_count(text: str) -> int | None:
    if text == "mixed":
        return None
    if not text.isdecimal():
        raise ValueError(f"--detections must be a number from 3 to 8 or 'mixed', not {text!r}")
    return int(text)


def simulate_euclid(args: argparse.Namespace) -> Path:
    return euclid(
        args.n, args.seed, args.out, size=args.size, dithers=args.dithers, rates=number_pair("--rates", args.rates),
        least_snr=args.least_snr, whole=args.whole, share=args.share, gold_fraction=args.gold,
    )  # fmt: skip


def number_pair(option: str, text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError:
        raise ValueError(f"{option} must be two numbers such as 10:80, not {text!r}") from None
    return low, high


def simulate_ground(args: argparse.Namespace) -> Path:
    return ground(
        args.n, args.seed, args.out, size=args.size, share=args.share, seeing=number_pair("--seeing", args.seeing),
        sheets=args.sheets, gold_fraction=args.gold,
    )  # fmt: skip


def simulate_hubble(args: argparse.Namespace) -> Path:
    return hubble(args.n, args.seed, args.out, size=args.size, share=args.share, gold_fraction=args.gold)


def simulate_tess(args: argparse.Namespace) -> Path:
    if args.into:
        return inject_into(
            args.into, args.n, args.seed, args.out, movers=args.movers, faintest=args.faintest, gold_fraction=args.gold
        )
    return tess(
        args.n, args.seed, args.out, size=args.size, frames=args.frames, cadence=args.cadence, movers=args.movers,
        faintest=args.faintest, unusual=args.unusual, gold_fraction=args.gold,
    )  # fmt: skip


SKIES = {
    "atlas": simulate_atlas,
    "euclid": simulate_euclid,
    "ground": simulate_ground,
    "hubble": simulate_hubble,
    "tess": simulate_tess,
}
