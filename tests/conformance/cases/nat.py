"""Ports 500 and 4500: markers that are missing or wrong, keepalives, and a peer without NAT-T."""


from case import case, demand, demand_same, demand_silence
from ike import wire
from ike.socket_pair import IKE_PORT, NAT_PORT
from ike.wire import Exchange, Note, Type

INFORMATIONAL = Exchange.INFORMATIONAL


def unheard(scene, session, datagrams: list[tuple[bytes, int]]) -> None:
    before = scene.state_of(session)
    for datagram, port in datagrams:
        scene.hostile.sockets.send_bare(datagram, port)
    demand_silence(scene.hostile.settle())
    demand_same(before, scene.state_of(session), "the SA")
    session.probe()


@case("RFC 3948 2.2", "Without the marker a message on port 4500 is ESP, and nobody's")
def marker_missing(scene):
    session = scene.hostile.connect()
    request = session.seal_request(INFORMATIONAL, [wire.delete(wire.Protocol.IKE)])
    unheard(scene, session, [(request, NAT_PORT)] * 3)


@case("RFC 3948 2.2", "With the marker a message on port 500 is malformed")
def marker_on_port_500(scene):
    session = scene.hostile.connect()
    request = session.seal_request(INFORMATIONAL, [wire.delete(wire.Protocol.IKE)])
    unheard(scene, session, [(bytes(4) + request, IKE_PORT)] * 3)


@case("RFC 3948 2.3", "Keepalives and other crumbs on port 4500 are dropped")
def crumbs(scene):
    session = scene.hostile.connect()
    crumb = [
        b"\xff",
        b"",
        b"\0",
        b"\xff\xff",
        bytes(3),
        bytes(4),
        bytes(5),
        bytes(31),
        b"\xff" * 40,
    ]
    unheard(scene, session, [(each, NAT_PORT) for each in crumb * 5])


@case("RFC 3948 2.1", "ESP on port 500, and ESP with reserved SPIs, are dropped")
def esp_in_the_wrong_place(scene):
    session = scene.hostile.connect()
    spi = session.children[0].theirs
    esp = spi + b"\0\0\0\1" + bytes(64)
    reserved = [(number.to_bytes(4, "big") + bytes(68), NAT_PORT) for number in (1, 2, 255)]
    unheard(scene, session, [(esp, IKE_PORT), (esp, NAT_PORT), (spi, NAT_PORT), *reserved])


@case("RFC 7296 2.23", "A peer that says nothing about NAT stays on port 500")
def peer_without_nat_traversal(scene):
    def without_nat(payloads):
        return [each for each in payloads if each.type != Type.NOTIFY]

    session = scene.hostile.init(without_nat)
    session.port = IKE_PORT
    scene.hostile.auth(session)
    demand(session.children, "no child")
    session.probe()


@case("RFC 7296 2.23", "Half of the NAT detection is none")
def half_of_the_nat_detection(scene):
    for kind in (Note.NAT_DETECTION_SOURCE_IP, Note.NAT_DETECTION_DESTINATION_IP):
        session = scene.hostile.init(
            lambda p: [
                each
                for each in p
                if each.type != Type.NOTIFY or wire.read_notify(each).type == kind
            ]
        )
        session.port = IKE_PORT
        scene.hostile.auth(session)
        demand(session.children, "no child")
        session.close()
