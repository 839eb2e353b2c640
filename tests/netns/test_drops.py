"""A packet that is lost between the hosts is counted by a gateway, also one that it never saw."""

import signal

from lab.process import wait_until
from pair import Stream


def device_drops(gateway, device: str) -> int:
    lines = gateway.namespace.run("cat", "/proc/net/dev").stdout.splitlines()
    return next(int(line.split(":")[1].split()[11]) for line in lines if f"{device}:" in line)


def socket_drops(gateway) -> int:
    lines = gateway.namespace.run("cat", "/proc/net/udp").stdout.splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines if line.split()[1].endswith(":1194"))


def test_what_the_kernel_drops_at_the_device_is_counted(pair):
    pair.start()
    device = pair.a.tunnel()["device"]
    assert pair.a.drops()["device-queue-full"] == 0
    pair.a.program.signal(signal.SIGSTOP)
    stream = Stream(pair, reverse=False, mbit=50, seconds=4)
    wait_until(lambda: device_drops(pair.a, device) > 0, 10, "the device's queue is full")
    pair.a.program.signal(signal.SIGCONT)
    report = stream.report()
    drops = pair.a.drops()["device-queue-full"]
    assert report["lost"] > 0 and drops == report["lost"], f"{drops} of {report}"


def test_what_the_kernel_drops_at_the_socket_is_counted(pair):
    pair.start()
    assert pair.b.status()["data_plane"]["drops"]["socket-queue-full"] == 0
    pair.b.program.signal(signal.SIGSTOP)
    stream = Stream(pair, reverse=False, mbit=200, seconds=6)
    wait_until(lambda: socket_drops(pair.b) > 0, 10, "the socket's queue is full")
    pair.b.program.signal(signal.SIGCONT)
    assert stream.report()["lost"] > 0
    drops = pair.b.status()["data_plane"]["drops"]["socket-queue-full"]
    assert drops == socket_drops(pair.b) > 0
