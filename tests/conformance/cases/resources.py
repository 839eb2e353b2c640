"""Several Child SAs for the same traffic (RFC 9611), and AGGFRAG payloads (RFC 9347)."""

from case import case, demand, demand_error, demand_holds
from ike import wire
from ike.session import Session
from ike.wire import Exchange, Note, Payload, Protocol, Type, adding

# The daemon has two workers: it wants two and accepts twice its workers.
ACCEPTED = 4
DONT_FRAGMENT = b"\x01"
UP_SECONDS = 10


def resource_info(data: bytes = b"", protocol: int = 0, spi: bytes = b"") -> Payload:
    return wire.notify(Note.SA_RESOURCE_INFO, data, protocol, spi)


def use_aggfrag(flags: bytes) -> Payload:
    return wire.notify(Note.USE_AGGFRAG, flags)


def said(content: list[Payload], kind: Note) -> list[bytes]:
    return [notice.value for notice in wire.notices(content) if notice.type == kind]


def demand_children(scene, count: int, peer=None) -> None:
    found = scene.child_count(peer or scene.shared)
    demand(found == count, f"{found} children and not {count}")


@case("RFC 9611 5.1", "SA_RESOURCE_INFO counts with whatever data, which nobody reads")
def unknown_data(scene):
    for info in (
        resource_info(),
        resource_info(b"\0"),
        resource_info(b"999999999999999999999"),
        resource_info(b"\xff" * 2000),
        resource_info(b"%n%s", Protocol.ESP, b"\1\2\3\4"),
    ):
        session = scene.shared.init()
        content = scene.shared.auth(session, adding(info))
        demand(len(said(content, Note.SA_RESOURCE_INFO)) == 1, "it is not answered in IKE_AUTH")
        content = scene.shared.create_child(session, edit=adding(info))
        demand_holds(content, Type.SA)
        demand(said(content, Note.SA_RESOURCE_INFO) == [b"1"], "the second one has another number")
        demand_children(scene, 2)
        session.probe()
        session.close()


@case("RFC 9611 5.2", "More children than are accepted are refused with TS_MAX_QUEUE alone")
def too_many(scene):
    session = scene.shared.connect(edit_auth=adding(resource_info(b"0")))
    for _ in range(ACCEPTED - 1):
        demand_holds(scene.shared.create_child(session, edit=adding(resource_info())), Type.SA)
    for _ in range(3):
        content = scene.shared.create_child(session, edit=adding(resource_info()))
        demand_error(content, Note.TS_MAX_QUEUE)
    demand_children(scene, ACCEPTED)
    # A rekey is none more, with the notify or without.
    for more in ((), (resource_info(),)):
        old = session.children.pop(1)
        demand_holds(scene.shared.create_child(session, old, adding(*more)), Type.SA)
        session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [old.ours])])
        demand_children(scene, ACCEPTED)
    # A place that is free again is given away again.
    gone = session.children.pop(1)
    session.request(Exchange.INFORMATIONAL, [wire.delete(Protocol.ESP, [gone.ours])])
    demand_holds(scene.shared.create_child(session, edit=adding(resource_info())), Type.SA)
    demand_error(
        scene.shared.create_child(session, edit=adding(resource_info())), Note.TS_MAX_QUEUE
    )
    session.probe()


@case("RFC 9611 4", "Whoever does not say it with the first child has ordinary ones")
def not_with_the_first(scene):
    session = scene.shared.connect()
    content = scene.shared.create_child(session, edit=adding(resource_info(b"1")))
    demand_holds(content, Type.SA)
    demand(not said(content, Note.SA_RESOURCE_INFO), "an additional child without a first one")
    session.probe()


@case("RFC 9611 4", "To a connection without it SA_RESOURCE_INFO means nothing")
def not_configured(scene):
    session = scene.narrow.init()
    content = scene.narrow.auth(session, adding(resource_info(b"0")))
    demand(not said(content, Note.SA_RESOURCE_INFO), "it is answered")
    demand(scene.child_count(scene.narrow) == 1, "the child is not there")
    session.probe()


def connect_shared_called(scene, *extra: Payload) -> tuple[Session, wire.Message]:
    """The daemon calls a peer that knows RFC 9611; its request for the second child."""
    call = scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    request = scene.called.answer_auth(session, adding(resource_info(), *extra))
    demand(len(said(request.content, Note.SA_RESOURCE_INFO)) == 1, "it is not offered")
    reply = call.poll(UP_SECONDS)
    demand(reply is not None and "error" not in reply, f"`up` replied {reply}")
    request = session.await_request(Exchange.CREATE_CHILD_SA)
    demand(said(request.content, Note.SA_RESOURCE_INFO) == [b"1"], "no second child is asked for")
    return session, request


@case("RFC 9611 5.2", "TS_MAX_QUEUE ends the asking, and the tunnel stands with what there is")
def max_queue(scene):
    for data in (b"", b"\xff" * 64):
        session, request = connect_shared_called(scene)
        session.answer(request, [wire.notify(Note.TS_MAX_QUEUE, data)])
        session.probe()
        demand(scene.child_count(scene.called) == 1, "not exactly one child")
        asked = [m for m in scene.called.settle() if m.header.exchange == Exchange.CREATE_CHILD_SA]
        demand(not asked, "it asks again")
        session.close()
        scene.hang_up()


@case("RFC 9611 4", "Another refusal of an additional child leaves the first one")
def refused_otherwise(scene):
    for kind in (Note.NO_ADDITIONAL_SAS, Note.NO_PROPOSAL_CHOSEN, Note.TS_UNACCEPTABLE):
        session, request = connect_shared_called(scene)
        session.answer(request, [wire.notify(kind)])
        demand(scene.child_count(scene.called) == 1, f"{kind.name} costs the first child")
        session.close()
        scene.hang_up()


@case("RFC 9611 4", "An additional child that the answer does not call one is deleted")
def answered_as_an_ordinary_one(scene):
    session, request = connect_shared_called(scene)
    extra = scene.called.answer_child(session, request)
    session.take_request(session.receive("DELETE of the additional child"))
    demand(extra not in session.children, "another child was deleted")
    session.probe()
    demand(scene.child_count(scene.called) == 1, "not exactly one child")


@case("RFC 9347 5.1", "USE_AGGFRAG is answered where its flags can be met, and by no other value")
def aggfrag_flags(scene):
    for flags in (b"\0", DONT_FRAGMENT):
        session = scene.shared.init()
        content = scene.shared.auth(session, adding(use_aggfrag(flags)))
        demand(said(content, Note.USE_AGGFRAG) == [DONT_FRAGMENT], "it is not answered")
        session.close()
    for flags in (b"", b"\2", b"\3", b"\x80", b"\xff", b"\1\0", b"\0" * 300):
        session = scene.shared.init()
        content = scene.shared.auth(session, adding(use_aggfrag(flags)))
        demand(not said(content, Note.USE_AGGFRAG), f"{flags[:4].hex()} is agreed to")
        demand_children(scene, 1)
        session.probe()
        session.close()


@case("RFC 9347 5.1", "To a connection without it USE_AGGFRAG means nothing")
def aggfrag_not_configured(scene):
    session = scene.hostile.init()
    content = scene.hostile.auth(session, adding(use_aggfrag(DONT_FRAGMENT)))
    demand(not said(content, Note.USE_AGGFRAG), "it is answered")
    session.probe()


@case("RFC 9347 5.1", "A child whose answer has USE_AGGFRAG that was not offered is deleted")
def unsolicited_aggfrag(scene):
    scene.call_up()
    session = scene.called.answer_init(scene.called.await_init_request())
    request = scene.called.answer_auth(session, adding(use_aggfrag(DONT_FRAGMENT)))
    demand(not said(request.content, Note.USE_AGGFRAG), "it was offered")
    session.take_request(session.receive("DELETE of the child"))
    demand(not session.children, "another child was deleted")
    demand(scene.child_count(scene.called) == 0, "a child was installed")
    session.probe()
    session.close()
    scene.hang_up()
