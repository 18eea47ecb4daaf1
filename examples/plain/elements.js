import { PASSWORD_GRANT, session } from "./session.js";

const { purse: site } = await (await fetch("/config.json")).json();
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((part) => [part.id, part]));
const say = (text) => (page.status.textContent = text);

const { connect } = await import(`${site}/elements/connect.js`);

/** This page keeps a token. An app with supabase-js calls connect(supabase), and needs no refresh(). */
const purse = connect(() => session.token);

function arrange() {
  page["sign-in"].hidden = session.isOpen;
  page.work.hidden = !session.isOpen;
}

async function show() {
  arrange();
  await purse.refresh();
}

page["sign-in"].addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  const { supabase_url, publishable_key } = await (await fetch(`${site}/api/config`)).json();
  try {
    await session.open(supabase_url + PASSWORD_GRANT, publishable_key, email, password);
    say("");
  } catch (error) {
    say(error.message);
  }
  await show();
});

page["sign-out"].addEventListener("click", () => {
  session.close();
  return show();
});

/** Kept until an answer comes: if none does, the next click asks for the same spend, not for another. */
let key = crypto.randomUUID();

page.spend.addEventListener("click", async () => {
  try {
    const { spent } = await purse.spend("docx_processing", { idempotencyKey: key });
    key = crypto.randomUUID();
    say(`Your summary is ready. It cost ${spent} credits.`);
  } catch (error) {
    say(error.message);
  }
});

document.addEventListener("credits:sign-in", (event) => {
  event.preventDefault();
  page["sign-in"].elements.email.focus();
});
document.addEventListener("credits:purchased", ({ detail }) => say(`Thank you. ${detail.credits} credits are here.`));

arrange();
/** Last, so that this page hears the first press, and has a form for it. */
for (const name of ["credit-balance", "credit-store", "credit-history"]) await import(`${site}/elements/${name}.js`);
await show();
