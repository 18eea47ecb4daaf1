import { loadCatalogue } from "../store/catalogue.js";
import { h } from "../lib/dom.js";
import { intent } from "../store/intent.js";
import { t } from "../lib/texts.js";

/** @returns {import("./auth-form.js").AuthForm | null} */
const form = () => document.querySelector("auth-form");

/**
 * Sends somebody to the sign-in form, on this page if there is one, and remembers what they were about to buy.
 * @param {string | null} packageId
 */
function askToSignIn(packageId) {
  if (packageId) intent.remember(packageId);
  if (!form()?.checkVisibility()) location.assign("/#sign-in");
  else if (packageId) inviteToBuy();
  else form()?.invite();
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
    form()?.invite();
  });
  form()?.invite(t("auth.to_buy", { name }), forget);
}
