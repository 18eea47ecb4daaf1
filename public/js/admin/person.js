import { day, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { askAndAct } from "./action-dialog.js";
import { ACTIONS } from "./actions.js";
import { readExport, readPerson, readVerdict } from "./api.js";
import { noteForm } from "./note-form.js";
import { offersTable } from "./offers.js";
import { orderCard } from "./order-card.js";
import { orderRefunds } from "./order-refunds.js";
import { badge, code, facts, loadInto, nothing, personLink, section } from "./parts.js";
import { actions, files, historyTable, holds, lots, notes } from "./person-tables.js";
import { credits, DONE, explain } from "./words.js";

/**
 * Everything about a person.
 * @param {string} id
 * @param {{ role: string, say(text: string): void }} desk
 */
export function personPage(id, desk) {
  const place = h("div", { class: "desk-page" });
  const page = new PersonPage(id, desk, place);
  page.load();
  return { title: "Person", element: place };
}

class PersonPage {
  /** @param {string} id @param {{ role: string, say(text: string): void }} desk @param {HTMLElement} place */
  constructor(id, desk, place) {
    this.id = id;
    this.desk = desk;
    this.place = place;
  }

  load() {
    return loadInto(this.place, () => readPerson(this.id), (person) => this.#render(person));
  }

  /** @param {any} person */
  #render(person) {
    const { account, purse } = person;
    this.label = account.email ?? account.user_id;
    this.balance = purse.balance;
    const mayAct = this.desk.role === "admin" && !account.is_deleted;
    const button = this.#button.bind(this);
    return [
      this.#head(account, mayAct),
      section("Verdict", this.#verdict()),
      section("Purse", purseFacts(purse)),
      section("Orders", ...this.#orders(person, button)),
      section("Offers", offersTable(person.offers, mayAct ? button : null), mayAct && h("p", { class: "desk-buttons" }, button("offer"))),
      section("Lots", lots(person.lots)),
      section("History, as the person sees it", this.#history(purse, mayAct)),
      section("Open holds", holds(person.holds, mayAct ? button : null)),
      person.files.length > 0 && section("Files", files(person.files)),
      section("Notes", notes(person.notes), !account.is_deleted && noteForm(this.id, () => this.#after("note"))),
      section("What staff did", actions(person.actions)),
    ];
  }

  /** @param {any} account @param {boolean} mayAct */
  #head(account, mayAct) {
    const names = mayAct ? ["grant", "correct", "move", "export", "forget"] : account.is_deleted ? [] : ["export"];
    return h(
      "div",
      { class: "desk-person" },
      h("h2", {}, account.email ?? "No address"),
      h(
        "p",
        { class: "desk-badges" },
        account.role && badge(account.role, "good"),
        account.is_guest && badge("guest"),
        account.deleted_at && badge("deleted", "bad"),
        account.banned_until && badge("banned", "bad"),
        account.email && !account.is_confirmed && badge("address not confirmed"),
      ),
      facts([
        ["Name", account.name],
        ["User id", code(account.user_id)],
        ["Signed up", account.signed_up_at && time(account.signed_up_at)],
        ["Last sign-in", account.last_sign_in_at && time(account.last_sign_in_at)],
        ["Phone", account.phone],
        ["Deleted", account.deleted_at && time(account.deleted_at)],
        ["Purse moved to", account.moved_to && personLink(account.moved_to.user_id, account.moved_to.email)],
        ["Stripe customer", account.customers.length > 0 && h("span", {}, ...account.customers.map((/** @type {any} */ c) => code(c.customer_id)))],
      ]),
      h("p", { class: "desk-buttons" }, ...names.map((name) => this.#button(name))),
    );
  }

  /** A button that does something about this person. @param {string} name @param {Record<string, unknown>} [about] @param {string} [what] */
  #button(name, about = {}, what) {
    const { button, title, danger } = ACTIONS[name];
    const quiet = h("button", { class: `button button--quiet${danger ? " desk-careful" : ""}`, type: "button" }, what ? button : title);
    if (what) quiet.setAttribute("aria-label", `${button}: ${what}`);
    quiet.addEventListener("click", async () => {
      const target = { userId: this.id, label: this.label ?? this.id, balance: this.balance ?? 0, about, what };
      const result = await askAndAct(name, target).catch((error) => {
        if (!(error instanceof RequestError)) throw error;
        this.desk.say(explain(error));
      });
      if (!result) return quiet.focus();
      if (name === "export" && result.action_id) return this.#save(result.action_id);
      this.#after(name, result);
    });
    return quiet;
  }

  /** @param {string} actionId */
  async #save(actionId) {
    await this.load();
    const place = h("div", {});
    this.place.prepend(place);
    // A second try is of the same export, so it needs no reason of its own.
    const finish = (/** @type {any} */ data) => {
      this.#download(data);
      this.desk.say(`${DONE.export}.`);
      return [];
    };
    await loadInto(place, () => readExport(actionId), finish, "Collecting the data…");
  }

  /** @param {any} data */
  #download(data) {
    const file = new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
    const url = URL.createObjectURL(file);
    h("a", { href: url, download: `${this.id}.json` }).click();
    URL.revokeObjectURL(url);
  }

  /** @param {string} name @param {import("./api.js").Result} [result] */
  async #after(name, result) {
    await this.load();
    this.desk.say(`${DONE[name]}.${result ? outcome(result) : ""}`);
  }

  #verdict() {
    const place = h("div", { class: "desk-verdict" });
    loadInto(place, () => readVerdict(this.id), ({ findings }) => findings.map(finding), "Comparing with Stripe…");
    return place;
  }

  /** @param {any} person @param {(name: string, about?: Record<string, unknown>, what?: string) => HTMLElement} button */
  #orders({ account, orders }, button) {
    if (!orders.length) return [nothing("No orders.")];
    return orders.map((/** @type {any} */ order) => {
      // What can be done about one order: each is an entry of ACTIONS, with the order's id in its request.
      const what = `${order.package_name} of ${order.created_at.slice(0, 10)}`;
      const isPaid = order.status === "paid";
      const buttons = isPaid && !account.is_deleted ? [button("resend", { order_id: order.order_id }, what)] : [];
      const refund = this.desk.role === "admin" ? button("refund", { purchase_id: order.order_id }, what) : null;
      return orderCard(order, buttons, isPaid ? orderRefunds(order.order_id, refund) : null);
    });
  }

  /** @param {any} purse @param {boolean} mayAct */
  #history(purse, mayAct) {
    if (!purse.transactions.length) return nothing("Nothing has happened yet.");
    const undone = new Set(purse.transactions.map((/** @type {any} */ row) => row.reverses));
    const undo = (/** @type {any} */ row) =>
      mayAct && row.kind === "spend" && !undone.has(row.id)
        ? this.#button("undo", { transaction_id: row.id }, `${row.description ?? row.feature}, ${credits(-row.amount)}, row ${row.id}`)
        : null;
    const place = h("div", {}, historyTable(purse.transactions, undo));
    if (purse.next_cursor) place.append(this.#older(place, purse.next_cursor, undo, undone));
    return place;
  }

  /** @param {HTMLElement} place @param {string} cursor @param {(row: any) => HTMLElement | null} undo @param {Set<string>} undone */
  #older(place, cursor, undo, undone) {
    const more = h("div", {});
    const button = h("button", { class: "button button--quiet", type: "button" }, "Show older entries");
    button.addEventListener("click", () =>
      loadInto(more, () => readPerson(this.id, cursor), ({ purse }) => {
        // A reversal is newer than its spend, so it is on the same page or on one that was shown before.
        for (const row of purse.transactions) undone.add(row.reverses);
        return [
          historyTable(purse.transactions, undo),
          purse.next_cursor && this.#older(place, purse.next_cursor, undo, undone),
        ];
      }),
    );
    more.append(button);
    return more;
  }
}

/** @param {import("./api.js").Result} result */
function outcome({ accounts: [theirs], replayed, finished, details }) {
  if (details.refund_id) return `${replayed ? " It was requested before." : ""} ${refunded(details)}`;
  const { before, after } = theirs ?? {};
  const moved = before && after && (before.balance !== after.balance || before.held !== after.held);
  return [
    replayed ? " It was done before." : "",
    moved ? ` The balance is now ${credits(after.balance)}, ${formatNumber(after.available)} of them free.` : "",
    finished ? "" : " The daily clean-up deletes the rest.",
  ].join("");
}

/** What became of a refund. @param {Record<string, any>} refund */
function refunded({ status, amount, currency, decimals, credits: taken, refusal }) {
  const money = formatMoney(amount, currency, decimals);
  /** @type {Record<string, string>} */
  const sentences = {
    done: `Stripe made it: ${money} goes back for ${credits(taken)}.`,
    begun: `Stripe has not answered yet. When it does, ${money} goes back for ${credits(taken)}.`,
    refused: `Stripe did not make it (${refusal}). No credits were taken.`,
    failed: `Stripe made it, and it failed (${refusal}). The credits are back.`,
  };
  return sentences[status] ?? "";
}

/** @param {any} purse */
function purseFacts(purse) {
  return facts([
    ["Balance", credits(purse.balance)],
    ["Held", credits(purse.held)],
    ["Free", credits(purse.available)],
    ["Low balance", purse.low === undefined ? null : purse.low ? `Yes, below ${credits(purse.low_threshold)}` : "No"],
    ["Next to expire", purse.next_expiry && h("span", {}, `${credits(purse.next_expiry.credits)} on `, day(purse.next_expiry.expires_at))],
    ["Use", purse.usage && `${formatNumber(Math.round(purse.usage.spent_per_day))} credits a day over the last 30 days`],
  ]);
}

/** @param {any} found */
function finding({ level, sentence, remedy, cases }) {
  /** @type {Record<string, "good" | "bad" | "plain">} */
  const tones = { ok: "good", note: "plain", WRONG: "bad" };
  return h(
    "div",
    { class: "desk-finding" },
    h("p", {}, badge(level === "WRONG" ? "wrong" : level, tones[level]), " ", sentence),
    cases.length > 0 && h("ul", {}, ...cases.map((/** @type {string} */ each) => h("li", {}, each))),
    remedy && h("p", { class: "desk-hint" }, "What to do: ", code(remedy)),
  );
}
