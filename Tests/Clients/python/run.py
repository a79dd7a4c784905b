"""Runs the tests of the Python package and ends with one line `N passed, N failed, N skipped`.

usage: python Tests/Clients/python/run.py [PATTERN]     PATTERN: only tests whose name contains it
"""

import sys
import unittest
from pathlib import Path


def main() -> int:
    folder = Path(__file__).resolve().parent
    loader = unittest.TestLoader()
    if len(sys.argv) > 1 and sys.argv[1]:
        loader.testNamePatterns = [f"*{sys.argv[1]}*"]
    suite = loader.discover(str(folder), top_level_dir=str(folder))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    # A test fails once, however many of its cases do.
    wrong = [test for test, _ in result.failures + result.errors] + result.unexpectedSuccesses
    failed = len({getattr(test, "test_case", test) for test in wrong})
    skipped = len(result.skipped)
    sys.stderr.flush()
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
