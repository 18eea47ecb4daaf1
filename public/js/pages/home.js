import "./site.js";
import { notice } from "../lib/notice.js";
import { t } from "../lib/texts.js";
import { takeArrival } from "../session/arrival.js";
import { newPasswordDue } from "../session/new-password-due.js";
import { session } from "../session/session.js";
import { goOn } from "../session/sign-in-mails.js";
import { inviteToBuy } from "../session/sign-in-prompt.js";
import { loadCatalogue } from "../store/catalogue.js";
import { openStore } from "../store/checkout.js";
import { intent } from "../store/intent.js";

/** Where nobody is signed in. */
const form = () =>
  /** @type {import("../session/auth-form.js").AuthForm} */ (document.querySelector("auth-form"));

/** Loads what is shown to whoever is there; early.js has it on its way by now. Answers whether it is there. */
async function showView() {
  const loading = session.user ? import("./home-purse.js") : import("./home-welcome.js");
  const view = await loading.catch(() => null);
  const action = { label: t("try_again"), run: () => location.reload() };
  if (!view) document.querySelector("main")?.prepend(notice(t("reading.other"), { action }));
  return view !== null;
}

/** Takes whoever was signed out to the form, also when the prices above it come late. It says what it goes on with. */
async function invite() {
  form().invite();
  if (intent.peek()) await inviteToBuy();
  await loadCatalogue().catch(() => null);
  if (form().contains(document.activeElement)) form().scrollIntoView({ block: "center" });
}

/** Goes on with what somebody came for: the store, or a purchase they had to sign in for. */
function proceed() {
  const address = new URL(location.href);
  const wantsStore = address.searchParams.has("store");
  if (!session.user) {
    if (intent.peek()) inviteToBuy();
    else if (wantsStore) document.querySelector("#packs")?.scrollIntoView();
    return;
  }
  address.searchParams.delete("store");
  if (wantsStore) history.replaceState(history.state, "", address);
  const packageId = intent.take();
  if (packageId || wantsStore) openStore({ packageId: packageId ?? undefined });
}

/** What the keyboard was on has gone with the other view: it goes on at this one's heading. */
function focusView() {
  /** @type {HTMLElement | null} */
  const heading = document.querySelector(session.user ? "credit-balance" : "#welcome");
  heading?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** While a link is taken in, it is not decided yet what follows. */
let isArriving = false;

session.addEventListener("change", async () => {
  const { reason } = session;
  if (isArriving) return;
  // Signed in in another tab: that one goes on with the purchase, and this one does not buy a second time. At once,
  // because the store may be about to remember another one.
  if (["signed-out", "deleted", "elsewhere"].includes(reason)) intent.forget();
  if (!(await showView())) return;
  // The form says why the session is over, so it comes into view.
  if (["expired", "deleted"].includes(reason)) invite();
  else focusView();
  proceed();
});

/** Follows #sign-in once, then takes it out of the address. */
function followFragment() {
  if (location.hash !== "#sign-in") return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (!session.user) invite();
}

/** Mails lead to pages of their own; here come providers, and links that Supabase sends to the site's address. */
async function arrive() {
  const { errand, problem } = await takeArrival();
  if (problem && !session.user) {
    form().complain(t(`arrival.${problem}`));
    invite();
  }
  if (!errand) return false;
  if (errand.purpose === "recovery") newPasswordDue.note(session.user?.id ?? "");
  const pages = { recovery: "/sign-in/reset", address: "/account" };
  const page = Object.hasOwn(pages, errand.purpose) && pages[/** @type {keyof pages} */ (errand.purpose)];
  if (page) location.replace(page);
  else goOn(errand);
  return true;
}

/** Takes in what the address brings. Answers whether this page stays. */
async function land() {
  if (!(await showView())) return false;
  isArriving = true;
  const isLeaving = await arrive();
  isArriving = false;
  if (isLeaving || !(await showView())) return false;
  followFragment();
  return true;
}

addEventListener("hashchange", land);
if (await land()) proceed();
