import "./site.js";
import "../session/auth-form.js";
import "../account/change-address.js";
import "../account/change-password.js";
import "../account/delete-account.js";
import "../account/end-sessions.js";
import "../account/own-data.js";
import { takeArrival } from "../session/arrival.js";
import { goOn } from "../session/sign-in-mails.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** Where nobody is signed in. */
const form = () =>
  /** @type {import("../session/auth-form.js").AuthForm} */ (document.querySelector("auth-form"));
const address = /** @type {import("../account/change-address.js").ChangeAddress} */ (
  document.querySelector("change-address")
);
const said = /** @type {HTMLElement} */ (document.querySelector(".account-said"));

addEventListener("account:said", (event) => (said.textContent = /** @type {CustomEvent} */ (event).detail));
session.addEventListener("change", () => {
  if (session.user) said.textContent = "";
  /** @type {HTMLElement | null} */ (document.querySelector("h1"))?.focus({ preventScroll: true });
});

/** The links of a change of address lead here. */
async function arrive() {
  const { errand, problem, isHalf } = await takeArrival();
  if (errand && errand.purpose !== "address") return goOn(errand);
  if (isHalf && session.user) return address.say(t("address.half"));
  if (isHalf) said.textContent = t("address.half");
  if (!problem) return;
  if (!session.user) form().complain(t(`arrival.${problem}`));
  // Confirmed without the secret of this browser, or twice: what counts is what the address is by now.
  else address.complain(t(problem === "unreachable" ? "arrival.unreachable" : "address.link_over"));
}

await arrive();
