import { loadCatalogue } from "../store/catalogue.js";
import { h } from "../lib/dom.js";
import { intent } from "../store/intent.js";
import { session } from "./session.js";
import { t } from "../lib/texts.js";

/** The page's form, if it can be seen and is at work. @returns {import("./auth-form.js").AuthForm | null} */
export function shownForm() {
  const form = /** @type {import("./auth-form.js").AuthForm | null} */ (document.querySelector("auth-form"));
  return form?.matches(":defined") && form.checkVisibility() ? form : null;
}

/**
 * Sends somebody to the sign-in form, on this page if there is one, and remembers what they were about to buy.
 * @param {string | null} packageId
 */
function askToSignIn(packageId) {
  session.look();
  if (packageId) intent.remember(packageId);
  const form = shownForm();
  if (!form) location.assign("/#sign-in");
  else if (packageId) inviteToBuy();
  else form.invite();
}

/** An element asks for it where somebody who is not signed in wants to buy, or to see their credits. */
document.addEventListener("credits:sign-in", (event) => {
  event.preventDefault();
  askToSignIn(/** @type {CustomEvent<{ package: string | null }>} */ (event).detail.package);
});

/** Says in the form that signing in goes on with the purchase remembered, and lets them think better of it. */
export async function inviteToBuy() {
  const { packages } = await loadCatalogue().catch(() => ({ packages: [] }));
  const name = packages.find((pack) => pack.id === intent.peek())?.name ?? t("auth.your_purchase");
  const forget = h("button", { class: "link", type: "button" }, t("auth.not_now"));
  forget.addEventListener("click", () => {
    intent.forget();
    shownForm()?.invite();
  });
  shownForm()?.invite(t("auth.to_buy", { name }), forget);
}
