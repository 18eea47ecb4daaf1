"""A purse as a person would count it: coins in lots, moved one by one. Pure.

It shares nothing with the SQL but the rules: no sums over windows, no look for the next thing to
lapse. What has lapsed is gone at once, where the database writes it when somebody comes. The unit
of time is the caller's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PRICES = {"audio_upload": 2, "txt_upload": 3, "docx_processing": 5, "premium_export": 15}


class Refused(Exception):  # noqa: N818 - as the database says it
    """What is asked for is not done, for this SQLSTATE."""


@dataclass(eq=False)
class Lot:
    """Credits that came in together and lapse together."""

    lapses: float = inf
    credits: int = 0
    held: int = 0
    lapsed: int = 0
    forfeited: int = 0

    @property
    def free(self) -> int:
        return self.credits - self.held


@dataclass(eq=False)
class Hold:
    """Credits set aside, and of which lots."""

    parts: Counter[Lot]
    lapses: float
    status: str = "held"
    captured: dict[str, Any] = field(default_factory=dict)
    spend: Spend | None = None


@dataclass(eq=False)
class Spend:
    """Credits that were spent, and of which lots."""

    parts: Counter[Lot]
    undone: bool = False
    lapsed: int = 0


@dataclass(eq=False)
class Bought:
    """A purchase: its worth, what it is settled at, what its clawbacks took from other lots.

    Attributes:
        forgiven: What a refund should have taken and could not. What comes back pays for it.
        payers: The lots that there were when credits were last forgiven. Only they pay for it.
    """

    credits: int
    lapses: float = inf
    withdrawn: int = 0
    posted: int = 0
    forgiven: int = 0
    payers: list[Lot] = field(default_factory=list)
    was_posted: bool = False
    lot: Lot | None = None
    borrowed: Counter[Lot] = field(default_factory=Counter)


class Model:
    """What should be in a purse, and what each request should answer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lots: list[Lot] = []
        self.holds: list[Hold] = []
        self.purchases: list[Bought] = []
        self.deleted = False

    @property
    def balance(self) -> int:
        return sum(lot.credits for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(lot.held for lot in self.lots)

    @property
    def available(self) -> int:
        return self.balance - self.held

    def contents(self) -> list[tuple[int, int, int]]:
        """Return what is left, held and lapsed of each lot, oldest first."""
        return [(lot.credits, lot.held, lot.lapsed) for lot in self.lots]

    @staticmethod
    def next_to_burn(lots: Iterable[Lot]) -> Lot | None:
        """Of lots with something free the one that lapses soonest; of those the oldest."""
        return min((lot for lot in lots if lot.free > 0), key=lambda lot: lot.lapses, default=None)

    def time_passes(self, days: float) -> bool:
        """Let what is due lapse; return whether a refund took what a hold had set aside."""
        self.now += days
        self._lapse()
        return self.collect()

    def _lapse(self) -> None:
        for hold in self.holds:
            if hold.status == "held" and hold.lapses <= self.now:
                self._end(hold, "lapsed")
        for lot in self.lots:
            if lot.lapses <= self.now and lot.free > 0:
                lot.lapsed += lot.free
                lot.credits -= lot.free

    def collect(self) -> bool:
        """Take what refunds could not take, from what has become free; return whether they did."""
        taken = 0
        for bought in sorted(
            (bought for bought in self.purchases if bought.forgiven),
            key=lambda bought: self.lots.index(bought.lot) if bought.lot else 0,
        ):
            lot = bought.lot
            assert lot is not None
            revived = min(lot.lapsed + lot.forfeited, bought.forgiven)
            free = sum(max(payer.free, 0) for payer in bought.payers)
            spare = min(bought.forgiven - revived, max(self.available, 0), free)
            bought.forgiven -= revived + spare
            self.take_back(bought, lot, revived + spare, bought.payers)
            taken += revived + spare
        return taken > 0

    def delete(self) -> dict[str, Any]:
        """Delete the account: end holds, give up what is left, forgive what is owed."""
        open_holds = [hold for hold in self.holds if hold.status == "held"]
        for hold in open_holds:
            self._end(hold, "released")
        self._lapse()
        self.collect()
        given_up = 0
        for lot in self.lots:
            if lot.credits > 0:
                given_up += lot.credits
                lot.forfeited += lot.credits
                lot.credits = 0
        written_off = 0
        for bought in self.purchases:
            if bought.lot and bought.lot.credits < 0:
                written_off -= bought.lot.credits
                bought.forgiven -= bought.lot.credits
                bought.payers = [*self.lots]
                bought.lot.credits = 0
        self.deleted = True
        self.collect()
        return {
            "credits_given_up": given_up,
            "debt_written_off": written_off,
            "holds_released": len(open_holds),
            "replayed": False,
        }

    def _require_account(self) -> None:
        if self.deleted:
            raise Refused("PT403")

    # Going out ----------------------------------------------------------------------------------

    def spend(self, credits_: int) -> tuple[Spend, dict[str, Any]]:
        self._require_account()
        return self._spend(credits_)

    def _spend(self, credits_: int) -> tuple[Spend, dict[str, Any]]:
        self._require(credits_)
        parts: Counter[Lot] = Counter()
        for _ in range(credits_):
            self._burn(parts)
        return Spend(parts), {"spent": credits_, "balance": self.balance, "replayed": False}

    def correct(self, credits_: int) -> dict[str, Any]:
        """Take so many credits by a correction, also what was paid after a deletion."""
        _, answer = self._spend(credits_)
        return {"credits": -credits_, "balance": answer["balance"], "replayed": False}

    def hold(self, credits_: int, days: float) -> tuple[Hold, dict[str, Any]]:
        self._require_account()
        self._require(credits_)
        hold = Hold(Counter(), self.now + days)
        self.holds.append(hold)
        for _ in range(credits_):
            lot = self.next_to_burn(self.lots)
            assert lot is not None
            lot.held += 1
            hold.parts[lot] += 1
        return hold, self.of_hold(hold, replayed=False)

    def of_hold(self, hold: Hold, *, replayed: bool) -> dict[str, Any]:
        """Return what hold_credits answers."""
        account = {"balance": self.balance, "available": self.available}
        about = {"credits": hold.parts.total(), "status": hold.status}
        return {**account, **about, "replayed": replayed}

    def capture(
        self, hold: Hold, credits_: int | None, at_most: int | None = None
    ) -> tuple[Spend | None, dict[str, Any]]:
        """Spend of a hold; of its own lots first, then of others, and owe what is nowhere.

        Beyond the hold only what is free is spent.
        """
        self._require_account()
        count = hold.parts.total() if credits_ is None else credits_
        if not 1 <= count <= max(hold.parts.total(), at_most or 0):
            raise Refused("PT422")
        if hold.captured and hold.captured["captured"] == count:
            if hold.spend and hold.spend.undone:
                raise Refused("PT409")
            return None, {**hold.captured, "replayed": True}
        if hold.status != "held":
            raise Refused("PT409")
        if count > hold.parts.total():
            self._require(count - hold.parts.total())
        self._end(hold, "captured")
        parts: Counter[Lot] = Counter()
        own = hold.parts.copy()
        for _ in range(count):
            lot = self.next_to_burn(+own)
            if lot is None:
                lot = self.next_to_burn(self.lots)
            else:
                own[lot] -= 1
            if lot is None:
                lot = next(iter(+own))
                own[lot] -= 1
            lot.credits -= 1
            parts[lot] += 1
        hold.captured = {
            "captured": count,
            "released": max(hold.parts.total() - count, 0),
            "balance": self.balance,
            "replayed": False,
        }
        self._lapse()
        self.collect()
        hold.spend = Spend(parts)
        return hold.spend, hold.captured

    def release(self, hold: Hold) -> dict[str, Any]:
        if hold.status == "captured":
            raise Refused("PT409")
        if hold.status == "held":
            self._end(hold, "released")
        self._lapse()
        self.collect()
        answer = self.of_hold(hold, replayed=False)
        return {
            "released": answer["credits"],
            **{name: answer[name] for name in ("status", "balance", "available")},
        }

    def _require(self, credits_: int) -> None:
        if self.available < credits_:
            raise Refused("PT402")

    def _burn(self, parts: Counter[Lot]) -> None:
        lot = self.next_to_burn(self.lots)
        assert lot is not None
        lot.credits -= 1
        parts[lot] += 1

    @staticmethod
    def _end(hold: Hold, status: str) -> None:
        hold.status = status
        for lot, count in hold.parts.items():
            lot.held -= count

    # Coming in ----------------------------------------------------------------------------------

    def grant(self, credits_: int, days: int | None) -> dict[str, Any]:
        self._require_account()
        lot = Lot(inf if days is None else self.now + days)
        self.lots.append(lot)
        self.fill(lot, credits_)
        answer = {"credits": credits_, "balance": self.balance, "replayed": False}
        self.collect()
        return answer

    def reverse(self, spend: Spend) -> dict[str, Any]:
        """Undo a spend, once; what goes back into a lot past its time lapses."""
        self._require_account()
        replayed, spend.undone = spend.undone, True
        if not replayed:
            lapsed_before = sum(lot.lapsed for lot in self.lots)
            for lot, count in spend.parts.items():
                lot.credits += count
            self._lapse()
            spend.lapsed = sum(lot.lapsed for lot in self.lots) - lapsed_before
            self.collect()
        return {
            "returned": spend.parts.total(),
            "lapsed": spend.lapsed,
            "balance": self.balance,
            "replayed": replayed,
        }

    def fill(self, own: Lot, count: int, bought: Bought | None = None) -> Counter[Lot]:
        """Pay debts, the oldest first; then what a purchase's clawbacks took; keep the rest.

        Return what went where.
        """
        lent = +bought.borrowed if bought else Counter()
        debts = [lot for lot in self.lots for _ in range(-lot.credits)]
        queue = debts + [lot for lot in self.lots for _ in range(lent[lot])]
        filled = Counter((queue + [own] * count)[:count])
        for lot, credits_ in filled.items():
            lot.credits += credits_
        if bought and bought.was_posted:
            bought.borrowed.subtract({lot: filled[lot] for lot in filled if lot is not own})
        if bought:
            bought.was_posted = True
        self._lapse()
        return filled

    # Settling -----------------------------------------------------------------------------------

    def settle(self, bought: Bought, policy: str) -> None:
        """Move the purse to what a purchase is worth now."""
        worth = max(bought.credits - bought.withdrawn, 0)
        owed = worth - bought.posted
        if bought not in self.purchases:
            self.purchases.append(bought)
        if bought.lot is None and (owed or bought.lapses < inf):
            bought.lot = Lot(bought.lapses)
            self.lots.append(bought.lot)
        lot = bought.lot
        if owed == 0 or lot is None:
            return
        bought.posted = worth
        if owed > 0:
            pardoned = min(owed, bought.forgiven)
            bought.forgiven -= pardoned
            if owed > pardoned:
                self.fill(lot, owed - pardoned, bought)
        else:
            count = -owed
            if policy == "clamp" or self.deleted:
                revived = min(lot.lapsed + lot.forfeited, count)
                count = min(count, revived + max(self.available, 0))
            if count < -owed:
                bought.forgiven += -owed - count
                bought.payers = [*self.lots]
            self.take_back(bought, lot, count)
        self.collect()

    def take_back(
        self, bought: Bought, own: Lot, count: int, payers: list[Lot] | None = None
    ) -> Counter[Lot]:
        """Take from a purchase's own lot first, lapsed or given up too, then from others, then owe.

        Return what was taken where.
        """
        lapsed = min(own.lapsed, count)
        forfeited = min(own.forfeited, count - lapsed)
        own.lapsed -= lapsed
        own.forfeited -= forfeited
        own.credits += lapsed + forfeited
        taken = self.drain(own, count, payers)
        bought.borrowed.update({lot: taken[lot] for lot in taken if lot is not own})
        return taken

    def drain(self, own: Lot, count: int, payers: list[Lot] | None = None) -> Counter[Lot]:
        """Take from one lot first, then from others, then leave a debt in the first."""
        taken: Counter[Lot] = Counter()
        for _ in range(count):
            lot = own
            if own.free <= 0:
                lot = self.next_to_burn(self.lots if payers is None else payers) or own
            lot.credits -= 1
            taken[lot] += 1
        return taken
