import "./site.js";
import "./auth-form.js";
import "./change-address.js";
import "./change-password.js";
import "./delete-account.js";
import "./end-sessions.js";
import "./own-data.js";
import { takeArrival } from "./arrival.js";
import { goOn } from "./sign-in-mails.js";
import { session } from "./session.js";
import { t } from "./texts.js";

const form = /** @type {import("./auth-form.js").AuthForm} */ (document.querySelector("auth-form"));
const address = /** @type {import("./change-address.js").ChangeAddress} */ (
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
  if (!session.user) form.complain(t(`arrival.${problem}`));
  // Confirmed without the secret of this browser, or twice: what counts is what the address is by now.
  else address.complain(t(problem === "unreachable" ? "arrival.unreachable" : "address.link_over"));
}

await arrive();
