import { uploads } from "./upload-queue.js";

/** Has the browser ask before this page is left while uploads are under way. */
function ask(/** @type {BeforeUnloadEvent} */ event) {
  event.preventDefault();
  // Safari asks only for this.
  event.returnValue = true;
}

// Only while there is something to lose: the browser does not keep a page with this listener for "back".
uploads.addEventListener("change", () => {
  if (uploads.isBusy) addEventListener("beforeunload", ask);
  else removeEventListener("beforeunload", ask);
});
