#!/usr/bin/env python3
"""Ends the broker over and over under load, and looks for what it forgot.

Clients that MQTT allows, with durable sessions, live through all rounds. In
each the broker is started, loaded, and killed at a random moment. In the end
everything acknowledged must have arrived: QoS 2 once, in order.
"""
import argparse
import pathlib
import random
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

# These need the path above.
from harness import free_port  # noqa: E402
from process import Broker  # noqa: E402
from world import BrokerFailed, World  # noqa: E402

BINARIES = {"troupe": ROOT / "build/release/troupe",
            "mosquitto": "/usr/sbin/mosquitto"}
KINDS = ("lost", "duplicated", "misordered")


def torture(arguments, say=print):
    """Run it; returns the verdict, or None where the broker failed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-torture-",
                                           dir=arguments.folder))
    options = {"acknowledge_after": arguments.acknowledge_after}
    broker = Broker(arguments.broker, str(arguments.binary), folder,
                    free_port(), options)
    world = World(arguments.seed, broker, arguments.publishers,
                  arguments.subscribers, arguments.kills, arguments.spare)
    say(f"seed {arguments.seed}, {arguments.broker}, data in {folder}")
    try:
        _run_rounds(world, arguments, say)
        verdict = world.finish()
    except BrokerFailed as failure:
        say(f"round {len(world.history.rounds)}: {failure}")
        say(f"FAILED with --seed {arguments.seed}; data kept in {folder}")
        return None
    finally:
        if broker.process:
            broker.kill()
    _report(world, verdict, arguments, folder, say)
    return verdict


def _run_rounds(world, arguments, say):
    ends = time.monotonic() + 60 * arguments.minutes
    shown = time.monotonic()
    while time.monotonic() < ends and (
            len(world.history.rounds) < arguments.rounds):
        world.round()
        if time.monotonic() - shown > 30:
            shown = time.monotonic()
            say(f"round {len(world.history.rounds)}, "
                f"{world.packets} packets received")


def _report(world, verdict, arguments, folder, say):
    counts = dict(verdict.counts)
    for finding in verdict.findings():
        say(f"  {finding}")
    say(f"{len(world.history.rounds) - 1} rounds, "
        f"{verdict.acknowledged} acknowledged, "
        f"{verdict.delivered} delivered, {world.history.refused} refused, "
        f"{verdict.unmarked} repeated without DUP after SIGKILL, "
        + ", ".join(f"{counts.pop(kind, 0)} {kind}" for kind in KINDS)
        + "".join(f", {count} {kind}" for kind, count in counts.items()))
    if verdict.is_good():
        shutil.rmtree(folder)
    else:
        say(f"FAILED with --seed {arguments.seed}; data kept in {folder}")


def parse(words):
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=1.0)
    parser.add_argument("--rounds", type=int, default=1 << 30,
                        help="at most so many")
    parser.add_argument("--seed", type=int,
                        default=random.randrange(1_000_000))
    parser.add_argument("--broker", choices=BINARIES, default="troupe")
    parser.add_argument("--binary", help="instead of the usual one")
    parser.add_argument("--acknowledge-after", default="written",
                        choices=("routed", "written", "synced"))
    parser.add_argument("--kills", type=float, default=0.85, metavar="SHARE",
                        help="of rounds that end with SIGKILL, not SIGTERM")
    parser.add_argument("--spare", action="store_true",
                        help="cut only the clients and let the broker live")
    parser.add_argument("--publishers", type=int, default=6)
    parser.add_argument("--subscribers", type=int, default=10)
    parser.add_argument("--folder", help="where the data directory is made")
    arguments = parser.parse_args(words)
    arguments.binary = arguments.binary or BINARIES[arguments.broker]
    return arguments


def main():
    sys.stdout.reconfigure(line_buffering=True)
    verdict = torture(parse(sys.argv[1:]))
    return 0 if verdict and verdict.is_good() else 1


if __name__ == "__main__":
    sys.exit(main())
