const KEY = "purse.intent";

/** What somebody wanted to buy when we had to ask them to sign in first. Lasts as long as the tab. */
export const intent = {
  /** @param {string} packageId */
  remember(packageId) {
    try {
      sessionStorage.setItem(KEY, packageId);
    } catch {
      // Without storage they choose again after signing in.
    }
  },

  /** @returns {string | null} */
  peek() {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      return null;
    }
  },

  forget() {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // There was nothing to forget.
    }
  },

  /** Answers it once. @returns {string | null} */
  take() {
    const packageId = this.peek();
    this.forget();
    return packageId;
  },
};
