# Codes and decodes the prints of a folder with the package `wsq`; argument 1 is the folder, 2 the number of prints.
import json
import statistics
import sys
import time

import wsq  # noqa: F401  (loads the codec)
import _wsq

TURNS = 7


def timed(work):
    seconds = []
    for _ in range(TURNS):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


said = []
for number in range(int(sys.argv[2])):
    stem = f"{sys.argv[1]}/{number}"
    with open(f"{stem}.pgm", "rb") as file:
        magic, sides, greatest, samples = file.read().split(b"\n", 3)
    width, height = map(int, sides.split())
    encode, coded = timed(lambda: _wsq.compress(samples, height, width, 0.75))
    decode, back = timed(lambda: _wsq.decompress(coded))
    with open(f"{stem}.ours.wsq", "rb") as file:
        ours = _wsq.decompress(file.read())
    for name, content in ("theirs.wsq", coded), ("theirs.raw", back[0]), ("ours.raw", ours[0]):
        with open(f"{stem}.{name}", "wb") as file:
            file.write(bytes(content))
    said.append({"encode_seconds": encode, "decode_seconds": decode})
print(json.dumps(said))
