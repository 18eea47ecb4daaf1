/** Whether this is a page of ours: early.js marks it. Elements also live on pages of other apps. */
export const isOwnPage = "session" in document.documentElement.dataset;
