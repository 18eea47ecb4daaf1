"""public/purse.js against the running stack, in Node.js and in Deno."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse
from tests.http.javascript import JavaScript, deno, node
from tests.offers import offered
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from tests.support import RunningStack, User

RUNTIMES = {"node": node, "deno": deno}


@pytest.fixture(params=RUNTIMES)
def js(request: pytest.FixtureRequest, tmp_path: Path) -> JavaScript:
    """Each of the runtimes."""
    return RUNTIMES[request.param](tmp_path)


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


@pytest.fixture
def given(stack: RunningStack, user: User) -> dict[str, str]:
    """What an app has."""
    return {
        "site": stack.site_url,
        "token": user.access_token,
        "user": user.id,
        "supabaseUrl": stack.supabase_url,
        "secretKey": stack.secret_key,
        "origin": stack.allowed_origins.split(",")[0],
    }


@pytest.fixture
def purse(database: psycopg.Connection[dict[str, Any]], user: User) -> Purse:
    """The user's purse, with 20 credits."""
    purse = Purse(database, user.id)
    purse.buy(20)
    return purse


MINE = "const mine = new Purse(env.site, { accessToken: async () => env.token });"
SERVER = "const server = new ServerPurse(env);"


def test_a_user_reads_and_spends_their_credits(
    js: JavaScript, given: dict[str, str], purse: Purse
) -> None:
    offer = offered(purse.database, purse.user_id)
    found = js.run(
        MINE
        + """
        const spent = await mine.spend("docx_processing", { quantity: 2, idempotencyKey: "once" });
        const again = await mine.spend("docx_processing", { quantity: 2, idempotencyKey: "once" });
        const { transactions, next_cursor } = await mine.history({ limit: 1 });
        const older = await mine.history({ cursor: next_cursor });
        const amounts = async (choice) => {
          const page = await mine.history(choice);
          return page.transactions.map((entry) => entry.amount);
        };
        const chosen = [
          await amounts({ kind: "purchase" }),
          await amounts({ kind: ["spend", "bonus"], feature: "docx_processing", q: " Docx " }),
          await amounts({ kind: "purchase", q: "docx" }),
          await amounts({ kind: [], feature: undefined, q: " " }),
        ];
        const { packages } = await mine.catalogue();
        const offers = await mine.offers();
        const balance = await mine.balance();
        return { spent, again, balance, entry: transactions[0], older, chosen, packages, offers };
        """,
        given,
    )
    assert found["spent"] == {
        "transaction_id": found["entry"]["id"],
        "spent": 10,
        "balance": 10,
        "replayed": False,
    }
    assert found["again"] == {**found["spent"], "replayed": True}
    assert (found["balance"]["balance"], found["balance"]["held"]) == (10, 0)
    assert "transactions" not in found["balance"]
    assert [offer["id"] for offer in found["offers"]] == [offer]
    assert found["entry"]["amount"] == -10
    assert [entry["kind"] for entry in found["older"]["transactions"]] == ["purchase"]
    assert found["older"]["next_cursor"] is None
    assert found["chosen"] == [[20], [-10], [], [-10, 20]]
    assert found["packages"][0]["id"] == "starter"
    assert purse.balance == 10


def test_refusals_are_errors_of_their_own_kind(
    js: JavaScript, given: dict[str, str], purse: Purse
) -> None:
    found = js.run(
        MINE
        + """
        const out = new Purse(env.site + "/", { accessToken: () => null });
        return {
          poor: await outcome(
            mine.spend("premium_export", { quantity: 2, idempotencyKey: "dear" }),
          ),
          unknown: await outcome(mine.spend("nothing")),
          reused: [
            await outcome(mine.spend("txt_upload", { idempotencyKey: "k" })),
            await outcome(mine.spend("txt_upload", { idempotencyKey: "k", quantity: 2 })),
          ][1],
          signedOut: await outcome(out.balance()),
          elsewhere: await outcome(
            mine.checkout("starter", { returnUrl: env.origin + ".evil.test/" }),
          ),
        };
        """,
        given,
    )
    poor = found["poor"]
    assert (poor["kind"], poor["status"]) == ("InsufficientCreditsError", 402)
    assert (poor["available"], poor["required"]) == (20, 30)
    assert poor["idempotencyKey"] == "dear"
    assert "30 credits" in poor["message"]
    assert found["unknown"]["code"] == "unknown_feature"
    assert (found["reused"]["kind"], found["reused"]["code"]) == (
        "ConflictError",
        "idempotency_key_reused",
    )
    assert found["signedOut"]["kind"] == "UnauthorizedError"
    assert found["elsewhere"]["code"] == "return_address_not_allowed"
    assert all(error["isPurseError"] for error in found.values())
    assert purse.balance == 17


def test_a_checkout_returns_to_the_app_and_is_confirmed(
    stack: RunningStack, js: JavaScript, given: dict[str, str], user: User
) -> None:
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session()))
    found = js.run(
        MINE
        + """
        const addresses = { returnUrl: `${env.origin}/back`, cancelUrl: env.origin };
        const opened = await mine.checkout("starter", addresses);
        return {
          opened,
          open: await mine.confirmed(opened.id, { timeoutSeconds: 0 }),
          paid: await mine.confirmed(env.paid),
          unknown: await mine.confirmed("cs_test_nobodys"),
        };
        """,
        {**given, "paid": order.session_id},
    )
    assert found["opened"]["url"].startswith(stack.stripe_api_base)
    assert found["open"]["status"] == "open"
    assert (found["paid"]["status"], found["paid"]["credited"]) == ("paid", 500)
    assert found["unknown"] is None


def test_paid_charges_for_work_that_succeeds(
    js: JavaScript, given: dict[str, str], purse: Purse
) -> None:
    found = js.run(
        SERVER
        + """
        const held = [];
        const look = async (job) => (held.push((await server.balance(env.user)).held), job);
        const done = await server.paid("docx_processing", env.user, async (job) => {
          await look(job);
          return "chapters";
        });
        const costs = (charge) => (job) => void (job.charge = charge);
        await server.paid("docx_processing", env.user, costs(2));
        await server.paid("docx_processing", env.user, costs(0));
        await server.paid("docx_processing", env.user, costs(7), { atMost: 8 });
        return { done, held, balance: await server.balance(env.user) };
        """,
        given,
    )
    assert found["done"] == "chapters"
    assert found["held"] == [5]
    assert (found["balance"]["balance"], found["balance"]["held"]) == (6, 0)
    assert purse.balance == 6


def test_paid_charges_nothing_for_work_that_fails_or_cannot_be_paid(
    js: JavaScript, given: dict[str, str], purse: Purse
) -> None:
    found = js.run(
        SERVER
        + """
        const pay = (feature, work, options) =>
          outcome(server.paid(feature, env.user, work, options));
        const broken = await pay("docx_processing", () => {
          throw new RangeError("page 3 is damaged");
        });
        let ran = false;
        const poor = await pay("premium_export", () => (ran = true), { quantity: 2 });
        const beyond = await pay("docx_processing", (job) => void (job.charge = 9));
        await pay("txt_upload", () => "first", { idempotencyKey: "job-1" });
        const twice = await pay("txt_upload", () => "second", { idempotencyKey: "job-1" });
        return { broken, poor, ran, beyond, twice, balance: await server.balance(env.user) };
        """,
        given,
    )
    assert (found["broken"]["kind"], found["broken"]["message"]) == (
        "RangeError",
        "page 3 is damaged",
    )
    assert found["poor"]["kind"] == "InsufficientCreditsError"
    assert (found["poor"]["available"], found["poor"]["required"]) == (20, 30)
    assert found["ran"] is False
    assert (found["beyond"]["status"], found["beyond"]["code"]) == (422, "out_of_bounds")
    assert found["beyond"]["details"] == {"detail": "5"}
    assert (found["twice"]["kind"], found["twice"]["code"]) == ("ConflictError", "hold_captured")
    assert (found["balance"]["balance"], found["balance"]["held"]) == (17, 0)
    assert purse.balance == 17


def test_a_server_spends_holds_captures_and_releases(
    js: JavaScript, given: dict[str, str], purse: Purse
) -> None:
    found = js.run(
        SERVER
        + """
        const spent = await server.spend("txt_upload", env.user, { idempotencyKey: "s" });
        const again = await server.spend("txt_upload", env.user, { idempotencyKey: "s" });
        const held = await server.hold("docx_processing", env.user, { seconds: 60 });
        const captured = await server.capture(held.hold_id, { charge: 4 });
        const other = await server.hold("docx_processing", env.user);
        await server.release(other.hold_id);
        await server.release(other.hold_id);
        const late = await outcome(server.capture(other.hold_id));
        const { transactions } = await server.history(env.user, { limit: 5 });
        const chosen = [
          await server.history(env.user, { kind: "purchase" }),
          await server.history(env.user, { kind: ["spend"], feature: "docx_processing", q: "X p" }),
          await server.history(env.user, { q: "nothing like it" }),
        ].map((page) => page.transactions.map((entry) => entry.amount));
        const wrong = new ServerPurse({ ...env, secretKey: "sb_secret_wrong" });
        const refused = await outcome(wrong.balance(env.user));
        const amounts = transactions.map((entry) => entry.amount);
        return { spent, again, held, captured, late, refused, amounts, chosen };
        """,
        given,
    )
    assert (found["spent"]["spent"], found["spent"]["replayed"]) == (3, False)
    assert found["again"] == {**found["spent"], "replayed": True}
    assert (found["held"]["credits"], found["held"]["status"]) == (5, "held")
    assert (found["captured"]["captured"], found["captured"]["balance"]) == (4, 13)
    assert (found["late"]["kind"], found["late"]["code"]) == ("ConflictError", "hold_released")
    assert found["refused"]["kind"] == "UnauthorizedError"
    assert found["amounts"] == [-4, -3, 20]
    assert found["chosen"] == [[20], [-4], []]
    assert purse.balance == purse.available == 13
