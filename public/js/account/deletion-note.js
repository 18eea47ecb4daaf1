/** Figures for the last page. @typedef {{ credits_given_up: number, files: number, finished: boolean }} DeletionNote */

const KEY = "purse.deleted";
/** All of our keys begin with it. */
const PREFIX = "purse.";
/** The shop and the language are not the person's: the last page is in the same. */
const OF_THE_SITE = ["purse.shop", "purse.language", "purse.texts"];

/** Forgets the person in this browser, but for what the last page says. @param {DeletionNote} deletion */
export function noteDeletion({ credits_given_up, files, finished }) {
  try {
    for (const storage of [localStorage, sessionStorage])
      for (const key of Object.keys(storage))
        if (key.startsWith(PREFIX) && !OF_THE_SITE.includes(key)) storage.removeItem(key);
    sessionStorage.setItem(KEY, JSON.stringify({ credits_given_up, files, finished }));
  } catch {
    // The last page then tells less.
  }
}

/** @returns {DeletionNote | null} */
export function readDeletion() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
