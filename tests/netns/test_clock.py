"""Time that goes by unseen: a daemon that was stopped, a host that slept."""

import json
import re
import signal
import socket
import time

from lab.estate import STRONG
from lab.process import wait_until

RECOVERY_SECONDS = 10
SLEPT = 1_000_000  # Seconds of sleep that a host has behind it.
LIFETIMES = {"ike_life_time_seconds": 20, "sa_life_time_seconds": 16}
LONGER_THAN_ALL = 25


def stop_for(gateway, seconds: float) -> None:
    stopped = time.monotonic()
    gateway.program.signal(signal.SIGSTOP)
    # What is asked of the clock here is that time passes, and nothing else.
    time.sleep(max(0.0, stopped + seconds - time.monotonic()))


def resume_and_recover(pair, gateway) -> None:
    gateway.program.signal(signal.SIGCONT)
    pair.wait_ping(RECOVERY_SECONDS)
    pair.wait_connected()
    pair.require_ping()


def dump_state(gateway) -> str:
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(gateway.run_dir / "control.sock"))
        request = {"method": "io.twinspan.gateway.DumpState", "parameters": {}}
        control.sendall(json.dumps(request).encode() + b"\0")
        answer = b""
        while not answer.endswith(b"\0"):
            answer += control.recv(65536)
    return json.loads(answer[:-1])["parameters"]["state"]


def sas(gateway) -> int:
    return len(re.findall(r"^ike .* Established ", dump_state(gateway), re.MULTILINE))


def test_a_daemon_that_was_stopped_past_dead_peer_detection_recovers(pair):
    pair.start(dpd_timeout_seconds=9)
    pair.require_ping()
    for gateway, other in (pair.gateways, pair.gateways[::-1]):
        gateway.program.signal(signal.SIGSTOP)
        other.wait_not_connected(40)
        resume_and_recover(pair, gateway)


def test_a_daemon_that_was_stopped_past_its_lifetimes_recovers(pair):
    """Everything is over at once when it wakes: one new connection, no rekey of what is over."""
    pair.start(ipsec_policy={**STRONG, **LIFETIMES}, dpd_timeout_seconds=3600)
    pair.require_ping()
    for gateway in pair.gateways:
        before = gateway.tunnel()["spi_in"]
        stop_for(gateway, LONGER_THAN_ALL)
        resume_and_recover(pair, gateway)
        assert gateway.tunnel()["spi_in"] != before
        wait_until(lambda: sas(gateway) == 1, 30, "one IKE SA is left", gateway.explain)
    # And goes on renewing itself.
    after = pair.a.tunnel()["spi_in"]
    wait_until(lambda: pair.a.tunnel()["spi_in"] != after, 30, "the child is renewed")
    pair.require_ping()


def test_both_daemons_that_were_stopped_recover(pair):
    pair.start(ipsec_policy={**STRONG, **LIFETIMES})
    pair.require_ping()
    pair.a.program.signal(signal.SIGSTOP)
    stop_for(pair.b, LONGER_THAN_ALL)
    pair.a.program.signal(signal.SIGCONT)
    resume_and_recover(pair, pair.b)


def test_the_time_that_the_host_slept_counts(pair):
    """On a host that has slept the clock that counts sleep is ahead of the one that does not. By
    the first one every instant is taken and every deadline kept."""
    pair.a.wrapper = ["unshare", "--time", "--boottime", str(SLEPT)]
    pair.start(dpd_timeout_seconds=9)
    pair.require_ping()
    established = re.findall(r" established=(\d+)", dump_state(pair.a))
    assert all(int(each) > SLEPT * 10**9 for each in established), established
    # Timers fire: the dead peer is noticed, attempts are repeated, the grace time ends.
    pair.b.kill()
    pair.a.wait_not_connected(40)
    pair.b.start()
    pair.wait_ping(RECOVERY_SECONDS + 30)
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    pair.require_ping()
