# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of a script and reports in TAP."""

import contextlib
import signal
import sys
import time
import traceback

from lan import missing

TOO_LONG = 900      # seconds for one script: nothing may hang for ever


def comment(text):
    for line in str(text).splitlines():
        print("#", line.encode("ascii", "backslashreplace").decode(), flush=True)


def report(good, number, title, took, measured=None):
    measured = f": {measured}" if measured else ""
    print(f"{'ok' if good else 'not ok'} {number} - {title}{measured} [{took:.2f} s]", flush=True)


def on_alarm(*_):
    raise TimeoutError(f"the script has run for {TOO_LONG} s")


def clean_end(lan):
    "every daemon ends cleanly, and no sanitizer has complained"
    wrong = lan.verdict()
    assert not wrong, wrong


def main(tests, lan):
    """Run tests, each a function of the LAN whose docstring is its title and whose value, if any, is what it has
    measured. The daemons' clean end is one more."""
    reason = missing(lan)
    if reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(77)
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(TOO_LONG)
    print(f"1..{len(tests) + 1}", flush=True)
    try:
        with lan:
            results = [run(number, test, lan) for number, test in enumerate([*tests, clean_end], 1)]
    except KeyboardInterrupt:
        print("Bail out! interrupted")
        sys.exit(130)
    except Exception as error:      # the LAN itself did not come up
        comment(traceback.format_exc())
        for line in lan.logs():
            comment(line)
        print(f"Bail out! {' '.join(str(error).split())}")
        sys.exit(99)
    sys.exit(0 if all(results) else 1)


def run(number, test, lan):
    title = " ".join(test.__doc__.split())
    start = time.monotonic()
    lan.mark()
    try:
        measured = test(lan)
        dead = lan.mend()
        assert not dead, f"ended unexpectedly: {dead}"
    except Exception:               # whatever it is, the other tests shall run
        report(False, number, title, time.monotonic() - start)
        comment(traceback.format_exc())
        for line in lan.logs():
            comment(line)
        with contextlib.suppress(Exception):    # the next test shall not suffer from this one
            lan.mend(everything=True)
        return False
    report(True, number, title, time.monotonic() - start, measured)
    return True
