// Runs before the first paint, so that nobody sees the page of the other state flash by.
// session.js keeps the mark true from then on.
try {
  document.documentElement.dataset.session = localStorage.getItem("purse.session") ? "in" : "out";
} catch {
  document.documentElement.dataset.session = "out";
}
