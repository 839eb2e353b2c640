"""strongSwan at both ends of the same lab: what it loses against itself is what it may lose against
us."""

from lab.charon import NEAR, Charon


class TwoCharons:
    """Takes the sites over from a `mixed` pair, whose daemons end."""

    def __init__(self, mixed):
        mixed.us.stop()
        mixed.charon.program.stop()
        self.sites, self.lab, self.binaries = mixed.sites, mixed.lab, mixed.binaries
        self.near = Charon(self.lab, self.sites.gw_a, "charon-near")
        self.far = Charon(self.lab, self.sites.gw_b, "charon-far")

    def connect(self, **settings: str) -> "TwoCharons":
        self.near.start(**NEAR, **settings)
        self.far.start(**settings)
        self.near.initiate()
        assert self.sites.ping_both_ways()
        return self
