import { PASSWORD_GRANT, session } from "./session.js";

const FEATURE = "docx_processing";
const { purse: site } = await (await fetch("/config.json")).json();
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((part) => [part.id, part]));
const say = (text) => (page.status.textContent = text);

/** Purse's own module, from its site. A copy of the file serves as well. */
const { InsufficientCreditsError, Purse, UnauthorizedError } = await import(`${site}/purse.js`).catch((error) => {
  say(`${site} cannot be reached. Is Purse running there?`);
  throw error;
});
const purse = new Purse(site, { accessToken: () => session.token });

/** Runs what a button does, once at a time; says what went wrong. */
async function during(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (error instanceof UnauthorizedError) return signOut("Please sign in again.");
    say(error instanceof InsufficientCreditsError ? error.message : `That did not work: ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

async function show() {
  page["sign-in"].hidden = session.isOpen;
  page.purse.hidden = !session.isOpen;
  if (!session.isOpen) return;
  const [{ available }, { packages, features }] = await Promise.all([purse.balance(), purse.catalogue()]);
  page.balance.value = `${available.toLocaleString()} credits`;
  const price = features.find(({ id }) => id === FEATURE).credits;
  page.spend.textContent = `Make a summary for ${price} credits`;
  page.spend.disabled = false;
  page.packages.replaceChildren(...packages.map(offer));
}

function offer({ id, name, credits, unit_amount, currency, decimals }) {
  const price = new Intl.NumberFormat(undefined, { style: "currency", currency }).format(unit_amount / 10 ** decimals);
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.textContent = `Buy ${name}`;
  button.addEventListener("click", () => during(button, () => buy(id)));
  row.append(`${credits.toLocaleString()} credits for ${price}`, button);
  return row;
}

async function buy(id) {
  const here = location.origin + location.pathname;
  const { url } = await purse.checkout(id, { returnUrl: here, cancelUrl: `${here}?cancelled` });
  location.assign(url);
}

/** Kept until an answer comes: if none does, the next click asks for the same spend, not for another. */
let key = crypto.randomUUID();

async function spend() {
  const { spent } = await purse.spend(FEATURE, { idempotencyKey: key });
  key = crypto.randomUUID();
  await show();
  say(`Your summary is ready. It cost ${spent} credits.`);
}

/** After the payment Purse adds session_id to this page's address. */
async function welcomeBack() {
  const query = new URLSearchParams(location.search);
  const sessionId = query.get("session_id");
  if (query.has("cancelled")) say("You left the payment page. Nothing was charged.");
  if (sessionId === null || !session.isOpen) return;
  say("Confirming your payment…");
  const purchase = await purse.confirmed(sessionId);
  await show();
  history.replaceState(null, "", location.pathname);
  say(WORDS[purchase?.status] ?? "Your payment is not confirmed yet. Load this page again in a minute.");
}

const WORDS = {
  paid: "Thank you. Your credits are here.",
  processing: "Your bank is working on it. The credits come when it has paid.",
  failed: "The payment failed. Nothing was charged.",
  expired: "The payment page has expired. Nothing was charged.",
  mismatch: "We look into this payment and will write to you.",
};

function signOut(why = "") {
  session.close();
  say(why);
  return show();
}

page.spend.addEventListener("click", () => during(page.spend, spend));
page["sign-out"].addEventListener("click", () => signOut());
page["sign-in"].addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  void during(event.submitter, async () => {
    const { supabase_url, publishable_key } = await (await fetch(`${site}/api/config`)).json();
    await session.open(supabase_url + PASSWORD_GRANT, publishable_key, email, password);
    say("");
    await show();
  });
});
await during(page.spend, async () => {
  await show();
  await welcomeBack();
});
