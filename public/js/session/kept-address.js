const KEY = "purse.address";

/** The address typed last, so that nobody types it twice. Lasts as long as the tab. @returns {string} */
export function keptAddress() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} email */
export function keepAddress(email) {
  try {
    sessionStorage.setItem(KEY, email.trim());
  } catch {
    // They type it again.
  }
}
