import { count } from "./measures.js";
import { formatCredits, formatMoney } from "./money.js";

/** @typedef {import("./account-api.js").Account} Account */

export const ADDRESS = {
  title: "E-mail address",
  present: "You sign in with",
  label: "New e-mail address",
  submit: "Change address",
  submitting: "Sending…",
  same: "This is your present address.",
  pendingTitle: "Confirm the change",
  confirm: "Confirm",
  confirming: "Checking…",
  another: "Use another address",
  resent: "The mails are on their way again. Older codes no longer work.",
  noCode: "Enter the code from at least one of the mails.",
  half: "One address has confirmed the change. Confirm it in the mail to the other address, too.",
  linkOver: "That link has been used or has expired. Here is your address as it is now.",
  unknown: "Your address could not be loaded.",
  retry: "Try again",
};

/** @param {string} email */
export const codeOf = (email) => `Code from the mail to ${email}`;

/** @param {string} present @param {string} wanted */
export const pendingChange = (present, wanted) =>
  `We sent a mail to ${wanted}. Most accounts also get one at ${present}: then both have to confirm. Follow the links, or enter the codes here. Until then you sign in with ${present}.`;

/** @param {string} email */
export const addressChanged = (email) => `Your address is changed. You now sign in with ${email}.`;

export const PASSWORD = {
  title: "Password",
  lead: "A new password signs your other devices out.",
  label: "New password",
  current: "Present password",
  nonce: "Code from the mail",
  submit: "Change password",
  submitting: "Changing…",
  done: "Your password is changed. Every other device was signed out.",
  doneHereOnly:
    "Your password is changed. The other devices could not be signed out: use “Sign out everywhere”.",
};

export const SESSIONS = {
  title: "Devices",
  lead: "Signs you out on every device and in every browser, here as well.",
  button: "Sign out everywhere",
  question: {
    title: "Sign out everywhere?",
    text: "You are signed out on every device, here as well. Your credits and files stay.",
    confirm: "Sign out everywhere",
    cancel: "Stay signed in",
  },
  done: "You are signed out on every device.",
  problem: "You could not be signed out everywhere. Try again in a moment.",
};

export const DATA = {
  title: "Your data",
  lead: "Address, balance, every movement of credits, payments and the list of your files, as one JSON file.",
  button: "Download my data",
  busy: "Collecting…",
  done: "Your data is downloaded.",
  file: "my-data.json",
};

export const DELETION = {
  title: "Delete account",
  lead: "You see what happens to your credits, payments and files before anything is deleted.",
  begin: "Delete my account…",
  loading: "Looking up your account…",
  heading: "What happens if you delete your account",
  changed: "Your balance has changed meanwhile. Read again what happens, then confirm.",
  forGood: "Your sign-in is deleted. Neither you nor we can bring the account back.",
  noCredits: "There are no credits to give up.",
  holds: (/** @type {number} */ n) =>
    `${count(n, "piece")} of work under way ${n === 1 ? "is" : "are"} stopped.`,
  checkouts: (/** @type {number} */ n) =>
    `${count(n, "open payment page")} ${n === 1 ? "is" : "are"} closed.`,
  files: (/** @type {number} */ n) =>
    `${count(n, "file")} and everything made from ${n === 1 ? "it" : "them"} ${n === 1 ? "is" : "are"} deleted.`,
  label: (/** @type {string} */ email) => `Type ${email} to confirm`,
  mismatch: "This is not the address of your account.",
  submit: "Delete my account",
  submitting: "Deleting…",
  cancel: "Keep my account",
};

/** The effects of deleting the account, a sentence each. @param {Account} account */
export function consequences(account) {
  const { holds, open_checkouts: checkouts, pending_payments: payments, files } = account;
  return [
    creditsGivenUp(account),
    ...(holds ? [DELETION.holds(holds)] : []),
    ...(checkouts ? [DELETION.checkouts(checkouts)] : []),
    ...payments.map(pendingPayment),
    ...(files ? [DELETION.files(files)] : []),
    DELETION.forGood,
  ];
}

/** @param {Account} account */
function creditsGivenUp({ balance, held }) {
  if (balance < 0) return `Your balance is ${formatCredits(balance)} credits. It is closed as it is.`;
  if (balance === 0) return DELETION.noCredits;
  const aside = held > 0 ? ` Of these, ${formatCredits(held)} are set aside for work under way.` : "";
  return `Your ${count(balance, "credit")} ${balance === 1 ? "is" : "are"} given up, without a refund.${aside}`;
}

/** @param {Account["pending_payments"][number]} payment */
function pendingPayment({ package_name: name, amount, currency, decimals }) {
  const price = formatMoney(amount, currency, decimals);
  return `Your payment of ${price} for ${name} is still under way. If it arrives later, it buys no credits: ask the shop to refund it.`;
}

/** Why the account's data did not come, or the account was not deleted. @param {import("./http.js").RequestError} error */
export function accountProblem(error) {
  if (error.code === "offline") return "You are offline. Connect to the internet, then try again.";
  if (error.status === 401) return "Your session has ended. Sign in again to go on.";
  if (error.status === 429 && error.retryAfterSeconds)
    return `You asked for this too often. Try again in ${count(Math.ceil(error.retryAfterSeconds / 60), "minute")}.`;
  if (error.status === 0) return "The server did not answer. Try again in a moment.";
  return "Something went wrong on our side. Try again in a moment.";
}

export const DELETED = {
  title: "Your account is deleted",
  home: "Go to the start page",
  unfinished: "Something could not be reached and is still being deleted. That ends by itself within a day.",
};

/** The last page, a sentence each. @param {import("./deletion-note.js").DeletionNote | null} deletion */
export function deletedSentences(deletion) {
  const { credits_given_up: credits = 0, files = 0, finished = true } = deletion ?? {};
  return [
    "You are signed out here and everywhere.",
    ...(credits > 0 ? [`${count(credits, "credit")} ${credits === 1 ? "was" : "were"} given up.`] : []),
    ...(files > 0 ? [`${count(files, "file")} ${files === 1 ? "was" : "were"} deleted.`] : []),
    ...(finished ? [] : [DELETED.unfinished]),
  ];
}
