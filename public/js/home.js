import "./site.js";
import "./auth-form.js";
import "./history-list.js";
import "./pack-list.js";
import "./price-list.js";
import "./purse-card.js";
import { openStore } from "./checkout.js";
import { intent } from "./intent.js";
import { session } from "./session.js";
import { takeSessionLink } from "./session-link.js";
import { inviteToBuy } from "./sign-in-prompt.js";
import { t } from "./texts.js";

const form = /** @type {import("./auth-form.js").AuthForm} */ (document.querySelector("auth-form"));

/** Goes on with what somebody came for: the store, or a purchase they had to sign in for. */
function proceed() {
  const wantsStore = new URLSearchParams(location.search).has("store");
  if (!session.user) {
    if (intent.peek()) inviteToBuy();
    else if (wantsStore) document.querySelector("#packs")?.scrollIntoView();
    return;
  }
  if (wantsStore) history.replaceState(history.state, "", location.pathname + location.hash);
  const packageId = intent.take();
  if (packageId || wantsStore) openStore({ packageId: packageId ?? undefined });
}

/** What the keyboard was on has gone with the other view: it goes on at this one's heading. */
function focusView() {
  /** @type {HTMLElement | null} */
  const heading = document.querySelector(session.user ? "purse-card h1" : "#welcome");
  heading?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

session.addEventListener("change", (event) => {
  const { reason } = /** @type {CustomEvent} */ (event).detail;
  focusView();
  if (reason === "expired") form.complain(t("home.session_over"));
  if (reason === "signed-out") intent.forget();
  proceed();
});

/** What the part of the address behind the # asks for: it is acted on once, then gone. */
async function followFragment() {
  const { problem } = await takeSessionLink();
  if (problem) form.complain(problem);
  if (location.hash !== "#sign-in") return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (!session.user) form.invite();
}

addEventListener("hashchange", followFragment);
await followFragment();
proceed();
