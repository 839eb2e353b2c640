"""From the values of all visits to JSON lines with medians, and a table of ratios for people."""

import statistics

from peers import FOREIGN

# The interface: these names, in this order. Digits after the point.
METRICS = {
    "tcp1_gbps": 3,
    "tcp4_gbps": 3,
    "tcp8_gbps": 3,
    "tcp1_rev_gbps": 3,
    "udp64_kpps": 1,
    "udp512_kpps": 1,
    "udp1372_kpps": 1,
    "ping_idle_us_p50": 0,
    "ping_idle_us_p99": 0,
    "ping_load_us_p99": 0,
    "daemon_cpu_s_per_gb": 3,
    "machine_cpu_s_per_gb": 3,
    "peak_rss_mib": 1,
}


def summarise(peer: str, wire: str, repetitions: list[dict], errors: list[str]) -> dict:
    """One line of the report. Repetitions that failed are counted and leave the others standing."""
    if not repetitions:
        return {"peer": peer, "wire": wire, "error": errors[-1] if errors else "not measured"}
    line: dict = {"peer": peer, "wire": wire}
    spread = {}
    for name, digits in METRICS.items():
        values = [values[name] for values in repetitions if values.get(name) is not None]
        line[name] = rounded(statistics.median(values), digits) if values else None
        if values and len(repetitions) > 1:
            spread[name + "_min"] = rounded(min(values), digits)
            spread[name + "_max"] = rounded(max(values), digits)
    return line | {"reps": len(repetitions), "failed_reps": len(errors)} | spread


def rounded(value: float, digits: int) -> float | int:
    return round(value, digits) if digits else round(value)


class Comparison:
    """Rows that say how twinspan stands to the others of one run."""

    def __init__(self, lines: list[dict]):
        self.lines = {line["peer"]: line for line in lines if "error" not in line}
        self.rows: list[tuple[str, str]] = []

    def table(self) -> str:
        self.ratio("TCP, one stream, to wireguard-go", "tcp1_gbps", "wireguard-go")
        self.ratio("TCP, one stream, to strongSwan", "tcp1_gbps", "strongswan")
        self.ratio("TCP, one stream, to sketch-null", "tcp1_gbps", "sketch-null")
        self.difference("cipher, machine CPU s/GB", "machine_cpu_s_per_gb", "twinspan-null")
        self.best_ratio("UDP 64 B", "udp64_kpps", max)
        self.best_ratio("UDP 512 B", "udp512_kpps", max)
        self.best_ratio("UDP 1372 B", "udp1372_kpps", max)
        self.best_ratio("idle ping p50", "ping_idle_us_p50", min)
        self.own("ping p99 under load, ms", "ping_load_us_p99", 0.001)
        self.own("peak resident memory, MiB", "peak_rss_mib", 1)
        width = max((len(label) for label, _ in self.rows), default=0)
        return "\n".join(f"  {label:<{width}}  {value}" for label, value in self.rows)

    def value(self, peer: str, metric: str) -> float | None:
        return self.lines.get(peer, {}).get(metric)

    def ratio(self, label: str, metric: str, other: str) -> None:
        ours, theirs = self.value("twinspan", metric), self.value(other, metric)
        if ours is not None and theirs:
            self.rows.append((label, f"{ours / theirs:.2f}x"))

    def best_ratio(self, label: str, metric: str, best) -> None:
        known = {peer: self.value(peer, metric) for peer in FOREIGN if self.value(peer, metric)}
        if known:
            winner = best(known, key=known.get)
            self.ratio(f"{label}, to the best peer, {winner}", metric, winner)

    def difference(self, label: str, metric: str, other: str) -> None:
        ours, theirs = self.value("twinspan", metric), self.value(other, metric)
        if ours is not None and theirs is not None:
            self.rows.append((f"{label}, less {other}", f"{ours - theirs:.3f}"))

    def own(self, label: str, metric: str, factor: float) -> None:
        ours = self.value("twinspan", metric)
        if ours is not None:
            self.rows.append((label, f"{ours * factor:.1f}"))
