// Plays the flows of an account with the browsers' client, and prints what it saw as JSON.
// The addresses and keys come from the environment.

import { AuthClient } from "@supabase/auth-js";

const { AUTH_URL, KEY, SECRET_KEY, MAILBOX_URL, EMAIL, NEW_EMAIL } = process.env;
const PASSWORD = "correct horse";

function browser(options = {}) {
  return new AuthClient({
    url: AUTH_URL,
    headers: { apikey: KEY },
    autoRefreshToken: false,
    persistSession: true,
    storageKey: crypto.randomUUID(),
    storage: memory(),
    ...options,
  });
}

function memory() {
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
}

async function lastMail(to) {
  const response = await fetch(`${MAILBOX_URL}/api/mails?to=${encodeURIComponent(to)}`);
  return (await response.json()).mails[0];
}

function good({ data, error }) {
  if (error) throw error;
  return data;
}

async function refused(call) {
  const { error } = await call;
  return error && { name: error.name, status: error.status, code: error.code, reasons: error.reasons };
}

const seen = {};

const first = browser();
const signedUp = good(await first.signUp({ email: EMAIL, password: PASSWORD }));
seen.signedUp = Boolean(signedUp.session);

const asking = browser({ flowType: "pkce" });
good(await asking.resetPasswordForEmail(EMAIL, { redirectTo: "https://shop.example.com/reset" }));
const link = (await lastMail(EMAIL)).links[0];
const landing = new URL((await fetch(link, { redirect: "manual" })).headers.get("location"));
seen.landing = landing.origin + landing.pathname;
const exchanged = good(await asking.exchangeCodeForSession(landing.searchParams.get("code")));
seen.recoveredSameUser = exchanged.user.id === signedUp.user.id;
seen.samePassword = await refused(asking.updateUser({ password: PASSWORD }));
seen.weakPassword = await refused(asking.updateUser({ password: "12345" }));
good(await asking.updateUser({ password: "battery staple" }));
seen.otherSession = await refused(first.getUser());

const elsewhere = browser();
good(await elsewhere.signInWithOtp({ email: EMAIL, options: { shouldCreateUser: false } }));
const code = (await lastMail(EMAIL)).codes[0];
good(await elsewhere.verifyOtp({ type: "email", email: EMAIL, token: code }));
seen.usedTwice = await refused(browser().verifyOtp({ type: "email", email: EMAIL, token: code }));
seen.unknown = await refused(
  browser().signInWithOtp({ email: NEW_EMAIL, options: { shouldCreateUser: false } }),
);

const guest = browser();
const anonymous = good(await guest.signInAnonymously());
good(await guest.updateUser({ email: NEW_EMAIL }));
const { data: upgraded } = await guest.getUser();
seen.upgraded = [
  anonymous.user.is_anonymous,
  upgraded.user.is_anonymous,
  upgraded.user.id === anonymous.user.id,
];

const server = browser({ headers: { apikey: SECRET_KEY, Authorization: `Bearer ${SECRET_KEY}` } });
const page = good(await server.admin.listUsers({ page: 1, perPage: 1 }));
seen.listed = [page.users.length, page.nextPage, page.total > 1];
const made = good(await server.admin.generateLink({ type: "magiclink", email: EMAIL }));
const byHash = good(
  await browser().verifyOtp({ type: "magiclink", token_hash: made.properties.hashed_token }),
);
seen.byHash = byHash.user.id === signedUp.user.id;
good(await server.admin.deleteUser(signedUp.user.id));
seen.deleted = await refused(server.admin.getUserById(signedUp.user.id));

console.log(JSON.stringify(seen));
