const KEY = "purse.new-password";

/** Remembers in this tab that a person signed in to set a new password. A reload does not lose it. */
export const newPasswordDue = {
  /** @param {string} userId */
  note(userId) {
    try {
      sessionStorage.setItem(KEY, userId);
    } catch {
      // After a reload the account page sets it.
    }
  },

  /** @param {string} userId */
  isFor(userId) {
    try {
      return sessionStorage.getItem(KEY) === userId;
    } catch {
      return false;
    }
  },

  forget() {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // There was nothing to forget.
    }
  },
};
