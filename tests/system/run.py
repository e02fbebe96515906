#!/usr/bin/env python3
"""Runs the system tests, several files at a time.

usage: run.py [-j JOBS] [FILE or FILE.Class or FILE.Class.test ...]
The last line says how many failed: "system: 0 failed of 123".
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent
FILE_DEADLINE = 600
COUNTS = re.compile(r"^ran (\d+) failed (\d+)$", re.M)
# The tools have a runner of their own, as they face Mosquitto's broker.
TOOLS = "test_tools"
TOOLS_COUNTS = re.compile(r"^(\d+) of (\d+) cases pass$", re.M)


def run_file(name):
    """Run one module, or a part of it, in a process of its own; returns
    (tests, failed, output)."""
    started = time.monotonic()
    command = [sys.executable, __file__, "--here", name]
    if name == TOOLS:
        command = [sys.executable, str(HERE / f"{TOOLS}.py"), harness.BINARY]
    try:
        done = subprocess.run(
            command, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, errors="replace",
            timeout=FILE_DEADLINE, check=False)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace")
        output += f"\n{name}: not done after {FILE_DEADLINE} s\n"
        status = 1
    tests, failed = counts(output)
    if status and not failed:
        tests, failed = tests + 1, 1
    seconds = time.monotonic() - started
    return tests, failed, (f"--- {name}: {failed} failed of {tests}, "
                           f"{seconds:.1f} s\n{output}")


def counts(output):
    """(tests, failed); output without counts is that of a crash: one failure.
    """
    line = COUNTS.search(output)
    if line:
        return int(line.group(1)), int(line.group(2))
    line = TOOLS_COUNTS.search(output)
    if line:
        return int(line.group(2)), int(line.group(2)) - int(line.group(1))
    return 1, 1


def run_here(name):
    """Run one module in this process; its last line is what it counted."""
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    bad = {getattr(test, "test_case", test)
           for test, _ in result.failures + result.errors}
    failed = len(bad) + len(result.unexpectedSuccesses)
    sys.stdout.flush()
    print(f"ran {max(result.testsRun, failed)} failed {failed}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--here", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.here:
        run_here(arguments.here)
        return 0
    names = arguments.names or sorted(
        path.stem for path in HERE.glob("test_*.py")
        if not (harness.PEER and path.stem == TOOLS))
    tests = failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        for ran, bad, output in pool.map(run_file, names):
            tests += ran
            failed += bad
            print(output, flush=True)
    print(f"system: {failed} failed of {tests}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
