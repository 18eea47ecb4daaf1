/** The menu of the account, in the header. */
export const MENU = {
  signIn: "Sign in",
  open: "Account",
  signedInAs: "Signed in as",
  settings: "Account settings",
  signOut: "Sign out",
};
