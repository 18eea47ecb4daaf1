import { day } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatNumber } from "../lib/texts.js";
import { findPeople } from "./api.js";
import { badge, loadInto, nothing, personLink, table } from "./parts.js";
import { count } from "./words.js";

/** @typedef {{ user_id: string, email: string | null, name: string | null, signed_up_at: string | null,
 *   balance: number, is_deleted: boolean, found_by: string }} Found */

/** The search for people. @param {string} query of the address, so that Back leads to what was found */
export function peoplePage(query) {
  const results = h("div", { class: "desk-results", "aria-live": "polite" });
  const input = h("input", {
    id: "desk-search",
    type: "search",
    name: "q",
    value: query,
    maxlength: 255,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const form = h(
    "form",
    { class: "desk-search", role: "search" },
    h("label", { for: "desk-search" }, "Address, id, or a part of a name"),
    h("div", { class: "desk-search__row" }, input, h("button", { class: "button", type: "submit" }, "Find")),
    h(
      "p",
      { class: "desk-hint" },
      "These are found at once: an e-mail address; the id of a user, an order or a hold; the number of a ledger row; any id of Stripe (pi_, cs_, ch_, py_, re_, du_, in_, cus_, evt_).",
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = input.value.trim();
    if (!wanted) return input.focus();
    const hash = `#people=${encodeURIComponent(wanted)}`;
    if (location.hash === hash) search(results, wanted);
    else location.hash = hash;
  });
  if (query) search(results, query);
  return { title: "People", element: h("div", { class: "desk-page" }, form, results), focus: query ? null : input };
}

/** @param {HTMLElement} place @param {string} query @param {string | null} [after] */
function search(place, query, after = null) {
  loadInto(place, () => findPeople(query, after), (found) => render(place, query, found), "Searching…");
}

/** @param {HTMLElement} place @param {string} query @param {{ people: Found[], searched: number, next: string | null }} found */
function render(place, query, { people, searched, next }) {
  const [only] = people;
  // An exact id or address leads to the person at once; Back comes back here.
  if (only && people.length === 1 && only.found_by !== "name") {
    location.replace(`#person=${only.user_id}`);
    return [];
  }
  const further = h("button", { class: "button button--quiet", type: "button" }, "Continue searching");
  further.addEventListener("click", () => search(place, query, next));
  return [
    people.length ? list(people) : nothing(`Nobody was found for “${query}”.`),
    searched > 0 &&
      h(
        "p",
        { class: "desk-hint" },
        next
          ? `The search stopped after ${count(searched, "account")}. There are more.`
          : `${count(searched, "account")} searched. There are no more.`,
      ),
    next ? further : null,
  ];
}

/** @param {Found[]} people */
function list(people) {
  return table({
    caption: "People found",
    columns: ["Person", "Name", "Signed up", { label: "Balance", numeric: true }],
    rows: people.map((person) => [
      h(
        "span",
        {},
        personLink(person.user_id, person.email ?? person.user_id),
        person.is_deleted && badge("deleted", "bad"),
      ),
      person.name,
      person.signed_up_at ? day(person.signed_up_at) : null,
      formatNumber(person.balance),
    ]),
  });
}
