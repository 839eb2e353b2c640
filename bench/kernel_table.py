"""kernel_table.py FILE: what bench_kernels wrote, as medians, and ratios to libipsec-mb."""

import collections
import json
import statistics
import sys

Key = tuple[str, str, int, int]  # Operation, kernel, bytes, batch.
OWN = ("vaes512", "vaes256", "aesni")  # The fastest first.


def load(path: str) -> dict[Key, list[float]]:
    """Nanoseconds of each repetition."""
    found = collections.defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file)["benchmarks"]:
            if entry["run_type"] != "iteration":
                continue
            operation, _, kernel, size, batch = entry["run_name"].split("/")
            found[operation, kernel, int(size), int(batch)].append(entry["real_time"])
    return found


def print_table(times: dict[Key, list[float]]) -> None:
    kernels = list(dict.fromkeys(kernel for _, kernel, _, _ in times))
    rows = sorted({(operation, size, batch) for operation, _, size, batch in times})
    print(f"{'ns per packet':<18}" + "".join(f"{kernel:>24}" for kernel in kernels))
    for operation, size, batch in rows:
        cells = []
        for kernel in kernels:
            values = times.get((operation, kernel, size, batch))
            cells.append(
                f"{statistics.median(values):.1f} ({min(values):.1f}..{max(values):.1f})"
                if values
                else "-"
            )
        print(f"{f'{operation} {size}/{batch}':<18}" + "".join(f"{cell:>24}" for cell in cells))


def print_ratios(times: dict[Key, list[float]]) -> None:
    """What the fastest kernel of ours here gains on libipsec-mb."""
    median = {key: statistics.median(values) for key, values in times.items()}
    measured = {kernel for _, kernel, _, _ in times}
    ours = next(kernel for kernel in (*OWN, "openssl") if kernel in measured)

    def best(operation: str, kernels: list[str], size: int, batches: list[int]) -> float:
        return min(median[operation, kernel, size, b] for kernel in kernels for b in batches)

    rows = [
        ("seal 64 B in batch, to its burst API", "seal", 64, ["ipsecmb-burst"]),
        ("seal 1420 B, to its best", "seal", 1420, ["ipsecmb", "ipsecmb-burst"]),
        ("open 64 B in batch, to its direct API", "open", 64, ["ipsecmb"]),
        ("open 1420 B, to its direct API", "open", 1420, ["ipsecmb"]),
    ]
    for label, operation, size, theirs in rows:
        own = best(operation, [ours], size, [16, 64])
        other = best(operation, theirs, size, [1, 16, 64])
        print(f"{ours}, {label}: {other / own:.2f}x ({own:.1f} ns, {other:.1f} ns)")


def main() -> None:
    times = load(sys.argv[1])
    print_table(times)
    print_ratios(times)


if __name__ == "__main__":
    main()
