"""What a build has freed is the system's again."""

import subprocess
import sys

from tests.processes.installation import ROOT

#: Frees one very large block, which makes glibc keep smaller ones; then frees 100 of 1 MiB that lie between small ones.
WORK = """
import re, sys
from portal.memory import give_back_large_blocks

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10

sys.argv[1] == "as it is" or give_back_large_blocks()
bytes(bytearray(16 << 20))
before, kept = resident(), []
for _ in range(100):
    kept += [bytearray(b"x") * (1 << 20), bytearray(b"y") * 3000]
del kept[::2]
print(resident() - before)
"""


def kept(how: str) -> int:
    """MiB that a process has kept of 100."""
    done = subprocess.run([sys.executable, "-c", WORK, how], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_large_blocks_go_back_to_the_system():
    assert kept("as it is") > 50
    assert kept("given back") < 10
